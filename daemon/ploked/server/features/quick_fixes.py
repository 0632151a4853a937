"""Quick fixes: put the suggestion of a diagnostic in its place."""

from __future__ import annotations

from lsprotocol import types

from ..session import Session


async def code_actions(_session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Answer `textDocument/codeAction`: one quick fix for each diagnostic that has a suggestion."""
    uri = params.text_document.uri
    found = [(diagnostic, _suggestion(diagnostic)) for diagnostic in params.context.diagnostics]
    return [_replace(uri, diagnostic, text) for diagnostic, text in found if text is not None]


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
