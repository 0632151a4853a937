"""Quick fixes: the suggestion of a diagnostic, changes that bring endpoints back, a key moved to where it belongs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from lsprotocol import types
from ploked_protocol.methods import STORE_KEY
from pygls.workspace import TextDocument

from ...preferences import leaked
from ...preferences.load import load
from ..editor import text_edit
from ..session import Session
from .candidates import model_at
from .places import config_document, cursor_at, is_configured


async def code_actions(session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Answer `textDocument/codeAction`: a quick fix for each diagnostic that has a suggestion.

    On a model that the preferences leave no endpoint of, also each smallest change that brings some back.
    """
    uri = params.text_document.uri
    found = [(diagnostic, _suggestion(diagnostic)) for diagnostic in params.context.diagnostics]
    fixes = [_replace(uri, diagnostic, text) for diagnostic, text in found if text is not None]
    document = config_document(session, uri)
    if document is None:
        return fixes
    return [*_moves(session, document, params), *fixes, *await _changes(session, document, params)]


def _moves(session: Session, document: TextDocument, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
    """Yield an action for each key in the configured file that moves it to the file of keys.

    It names the place and not the key: what a client is told ends up in its log.
    """
    found = {(each.range.start.line): each for each in params.context.diagnostics if each.code == leaked.CODE}
    if not found or not is_configured(session, document.path):
        return
    loaded = load(document.source, "config.toml")
    for key in loaded.leaked:
        span = loaded.positions.nearest_in_text(key.path)
        if key.is_ours and (diagnostic := found.get(span.line - 1)):
            title = "Move the key to the file of keys, which only you can read"
            command = types.Command(title, str(STORE_KEY.command), arguments=[{"path": list(key.path)}])
            yield types.CodeAction(
                title,
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                command=command,
                is_preferred=True,
            )


async def _changes(session: Session, document: TextDocument, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return an action for each change that brings back endpoints of the model at the start of the range.

    Where something else is wrong there, that comes first: it may be what leaves no endpoint.
    """
    emptied = [each for each in params.context.diagnostics if each.code == "nothingLeft"]
    if params.context.diagnostics and not emptied:
        return []
    at = cursor_at(document, params.range.start)
    model_id = model_at(document.source, at.key_path or at.table)
    if model_id is None:
        return []
    await session.ready()
    lines, units = document.lines, document.position_codec.client_num_units
    found = await asyncio.to_thread(session.service.relaxed, model_id, document.source)
    return [
        types.CodeAction(
            message[:1].upper() + message[1:],
            kind=types.CodeActionKind.QuickFix,
            diagnostics=emptied or None,
            edit=types.WorkspaceEdit(changes={document.uri: [text_edit(lines, text, units)]}),
            is_preferred=index == 0,
        )
        for index, (message, text) in enumerate(found)
    ]


def _suggestion(diagnostic: types.Diagnostic) -> str | None:
    """Return the text that our own diagnostic carries; clients hand `data` back as it was sent."""
    data = diagnostic.data
    if diagnostic.source != "ploked" or data is None:
        return None
    value = data.get("suggestion") if isinstance(data, dict) else getattr(data, "suggestion", None)
    return value if isinstance(value, str) else None


def _replace(uri: str, diagnostic: types.Diagnostic, text: str) -> types.CodeAction:
    edit = types.WorkspaceEdit(changes={uri: [types.TextEdit(diagnostic.range, text)]})
    return types.CodeAction(
        f"Replace with {text}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic],
        edit=edit,
        is_preferred=True,
    )
