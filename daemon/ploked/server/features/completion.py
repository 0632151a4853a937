"""Completion in config.toml: model ids, providers, profiles, parameters and keys."""

from __future__ import annotations

from lsprotocol import types

from ...preferences.shapes import is_list, shape_at
from ..documents.toml import Cursor
from ..session import Session
from .candidates import Candidate, candidates, model_at
from .places import cursor_at, readable_config, want_endpoints, word_range


async def complete(session: Session, params: types.CompletionParams) -> types.CompletionList:
    """Answer `textDocument/completion`; empty outside of a config of ours."""
    document = readable_config(session, params.text_document.uri)
    if document is None:
        return types.CompletionList(is_incomplete=False, items=[])
    await session.ready()
    at = await cursor_at(document, params.position)
    place = word_range(document, at)
    model_id = await model_at(document.source, at.key_path) if at.place == "value" else None
    found = await candidates(session.service, document.source, at, model_id)
    want_endpoints(session, model_id)
    items = [_item(candidate, rank, at, place) for rank, candidate in enumerate(found)]
    return types.CompletionList(is_incomplete=True, items=items)


def _item(candidate: Candidate, rank: int, at: Cursor, place: types.Range) -> types.CompletionItem:
    """Return the item. `filterText` stays out: it equals the label, and Neovim 0.7 drops items that have both."""
    return types.CompletionItem(
        label=candidate.text,
        kind=candidate.kind,
        detail=candidate.detail or None,
        documentation=candidate.documentation or None,  # plain text: not every client renders Markdown here
        sort_text=f"{rank:04}",  # clients sort by it; without, they would sort by label and lose the ranking
        text_edit=types.TextEdit(place, _inserted(candidate, at)),
    )


def _inserted(candidate: Candidate, at: Cursor) -> str:
    """Return what to type: with the quotes and brackets that a value still needs, with ` = ` after a new key."""
    if at.place == "key":
        return candidate.text if at.assigned or candidate.text.startswith("[") else f"{candidate.text} = "
    if at.place == "header" or not candidate.quoted:
        return candidate.text
    if at.quote is None:
        value = f'"{candidate.text}"'
        return value if at.in_list or not is_list(shape_at(at.key_path)) else f"[{value}]"
    return candidate.text if at.closed else candidate.text + at.quote
