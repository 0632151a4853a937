"""Completion in config.toml: model ids, providers, profiles, parameters and keys."""

from __future__ import annotations

from lsprotocol import types

from ..documents.toml import Cursor
from ..session import Session
from .candidates import Candidate, candidates, model_at
from .cards import escaped
from .places import config_document, cursor_at, word_range


async def complete(session: Session, params: types.CompletionParams) -> types.CompletionList:
    """Answer `textDocument/completion`; empty outside of a config of ours."""
    document = config_document(session, params.text_document.uri)
    if document is None:
        return types.CompletionList(is_incomplete=False, items=[])
    await session.ready()
    at = cursor_at(document, params.position)
    place = word_range(document, at)
    found = candidates(session.service, document.source, at)
    _fetch_endpoints(session, document.source, at)
    items = [_item(candidate, rank, at, place) for rank, candidate in enumerate(found)]
    return types.CompletionList(is_incomplete=True, items=items)


def _item(candidate: Candidate, rank: int, at: Cursor, place: types.Range) -> types.CompletionItem:
    """Return the item. `filterText` stays out: it equals the label, and Neovim 0.7 drops items that have both."""
    return types.CompletionItem(
        label=candidate.text,
        kind=candidate.kind,
        detail=candidate.detail or None,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, escaped(candidate.documentation))
        if candidate.documentation
        else None,
        sort_text=f"{rank:04}",  # clients sort by it; without, they would sort by label and lose the ranking
        text_edit=types.TextEdit(place, _inserted(candidate, at)),
    )


def _inserted(candidate: Candidate, at: Cursor) -> str:
    """Return what to type: with the quotes that are missing around a value, with ` = ` after a new key."""
    if at.place == "key":
        return candidate.text if at.assigned or not at.table else f"{candidate.text} = "
    if at.place == "header" or not candidate.quoted:
        return candidate.text
    if at.quote is None:
        return f'"{candidate.text}"'
    return candidate.text if at.closed else candidate.text + at.quote


def _fetch_endpoints(session: Session, text: str, at: Cursor) -> None:
    """Fetch the endpoints of the entry's model behind the answer, so that the next one can offer its tags."""
    if at.place != "value" or at.key_path[:2] != ("registry", "models"):
        return
    model_id = model_at(text, at.key_path)
    service = session.service
    if model_id and service.facts.find_model(model_id) and service.facts.endpoints_now(model_id) is None:
        session.spawn(service.warm_endpoints(model_id))
