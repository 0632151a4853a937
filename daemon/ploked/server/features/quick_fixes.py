"""Quick fixes: the suggestion of a diagnostic, changes that bring endpoints back, a key moved to where it belongs."""

from __future__ import annotations

from lsprotocol import types
from ploked_protocol.methods import STORE_KEY

from ...preferences import leaked
from ...preferences.load import load
from ...preferences.positions import KeyPath
from ...threads import think
from ..editor import text_edit
from ..open_files import OpenFile
from ..session import Session
from .candidates import model_at
from .places import cursor_at, is_configured, readable_config


async def code_actions(session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Answer `textDocument/codeAction`: a quick fix for each diagnostic that has a suggestion.

    On a model that the preferences leave no endpoint of, also each smallest change that brings some back.
    """
    uri = params.text_document.uri
    found = [(diagnostic, _suggestion(diagnostic)) for diagnostic in params.context.diagnostics]
    fixes = [_replace(uri, diagnostic, text) for diagnostic, text in found if text is not None]
    document = readable_config(session, uri)
    if document is None:
        return fixes
    moves = await _moves(session, document, params)
    return [*moves, *fixes, *await _changes(session, document, params)]


async def _moves(session: Session, document: OpenFile, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return an action for each key in the configured file that moves it to the file of keys."""
    found = {(each.range.start.line): each for each in params.context.diagnostics if each.code == leaked.CODE}
    if not found or not is_configured(session, document.path):
        return []
    ours = await think(_keys_of_ours, document.source)
    return [_move(path, found[line]) for path, line in ours if line in found]


def _keys_of_ours(text: str) -> list[tuple[KeyPath, int]]:
    """Return the path and the line, 0-based, of each key that ploked would use."""
    loaded = load(text, "config.toml")
    keys = [key for key in loaded.leaked if key.is_ours]
    return [(key.path, loaded.positions.nearest_in_text(key.path).line - 1) for key in keys]


def _move(path: KeyPath, diagnostic: types.Diagnostic) -> types.CodeAction:
    """Return the action. It names the place and not the key: what a client is told ends up in its log."""
    title = "Move the key to the file of keys, which only you can read"
    command = types.Command(title, str(STORE_KEY.command), arguments=[{"path": list(path)}])
    return types.CodeAction(
        title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic],
        command=command,
        is_preferred=True,
    )


async def _changes(session: Session, document: OpenFile, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Return an action for each change that brings back endpoints of the model at the start of the range.

    Where something else is wrong there, that comes first: it may be what leaves no endpoint.
    """
    emptied = [each for each in params.context.diagnostics if each.code == "nothingLeft"]
    if params.context.diagnostics and not emptied:
        return []
    at = await cursor_at(document, params.range.start)
    model_id = await model_at(document.source, at.key_path or at.table)
    if model_id is None:
        return []
    await session.ready()
    lines, units = document.lines, document.position_codec.client_num_units
    found = await think(session.service.relaxed, model_id, document.source)
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
