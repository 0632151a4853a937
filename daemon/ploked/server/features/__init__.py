"""Language features in config.toml: one file each. This one says what there is, and nothing of it is imported.

`initialize` is answered from the table below; the modules behind it, and the service they ask, come after the answer.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lsprotocol import types

from ..session import Session

TRIGGERS = ['"', "'", "/", ":", ".", "[", "="]


def register(session: Session) -> None:
    """Offer every feature to the client of `session`."""
    completion = types.CompletionOptions(trigger_characters=TRIGGERS)
    quick_fixes = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    _offer(session, types.TEXT_DOCUMENT_COMPLETION, "completion", "complete", completion)
    _offer(session, types.TEXT_DOCUMENT_HOVER, "hover", "hover")
    _offer(session, types.TEXT_DOCUMENT_CODE_ACTION, "quick_fixes", "code_actions", quick_fixes)
    session.on_answered.append(lambda: _arrive(session))


def _arrive(session: Session) -> None:
    """Begin what needs no request, and have the rest at hand before the first one."""
    _module("diagnostics").register(session)
    for name in ("completion", "hover", "quick_fixes"):
        _module(name)


def _offer(session: Session, method: str, module: str, name: str, options: Any = None) -> None:
    """Have `name` of `module` answer `method`; it takes the session and the params."""

    async def handler(params: Any) -> Any:
        return await getattr(_module(module), name)(session, params)

    session.server.feature(method, options)(handler)


def _module(name: str) -> Any:
    return import_module(f".{name}", __name__)
