"""Edits of config.toml that one session asks for while another has the file open: made there, to be undone there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from ploked_protocol.errors import ConfigNotEditable, ErrorData
from ploked_protocol.queries import ConfigEdited

if TYPE_CHECKING:
    from .session import Session

PATIENCE_S = 2.0
"""How long another editor may take: who asked for the edit waits as long, and may not know that it is open there."""


class Elsewhere:
    """The other sessions that have the file open."""

    def __init__(self, session: Session, peers: Callable[[], Iterable[Session]]) -> None:
        self._session = session
        self._peers = peers

    async def edit(self, path: str, change: Callable[[str], str]) -> tuple[ConfigEdited | None, str]:
        """Return what the edit did in another editor; None, and who did not take it, where the disk is to be edited.

        Asked first is who has unsaved changes: an edit of anything else would be at odds with them. An editor that
        declines, or does not answer, and has none shows the file as it is on disk, which may be edited then. Raises
        ConfigNotEditable when it has unsaved changes, and what `change` raises.
        """
        passed_over: list[str] = []
        for session in await self._holders(path):
            edited, reason = await _edit_in(session, path, change)
            if edited is not None:
                return edited, ""
            if reason and await _is_unsaved(session, path):
                raise _unsaved(path, session, reason)
            if reason:
                passed_over.append(f"It is open in {_name(session)} too, which did not take the edit: {reason}.")
        return None, " ".join(passed_over)

    async def _holders(self, path: str) -> list[Session]:
        """Return who has the file open, those with unsaved changes first."""
        sessions = [each for each in self._peers() if each is not self._session and each.editor.find(path)]
        unsaved = [await _is_unsaved(each, path) for each in sessions]
        return [each for _, each in sorted(zip(unsaved, sessions, strict=True), key=lambda pair: not pair[0])]


async def _edit_in(session: Session, path: str, change: Callable[[str], str]) -> tuple[ConfigEdited | None, str]:
    """Return what the edit did in this editor, or why it did nothing; neither when it is not open there any more."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            edited = await session.editor.edit_open(path, change)
    except TimeoutError:
        return None, f"it did not answer within {PATIENCE_S:g} s"
    except DeclinedError as error:
        return None, error.reason
    if edited is None or not edited.changed:
        return edited, ""
    message = f"{path} is open in {_name(session)}: changed there; save the file there to apply it."
    session.editor.tell(f"{path} was changed here, as another editor has asked for. Save it to apply that.")
    return msgspec.structs.replace(edited, message=message, editor=_name(session)), ""


class DeclinedError(ConfigNotEditable):
    """A client that has the file open did not take the edit."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} is open in the editor, which did not take the edit: {reason}.",
            ErrorData(next_step="Save or close the file there, and try again."),
        )
        self.reason = reason


async def _is_unsaved(session: Session, path: str) -> bool:
    """Return whether the text that is open there is another than the one on disk."""
    from ..preferences.disk import read  # imported late: `initialize` does not wait for it

    document = session.editor.find(path)
    if document is None:
        return False
    saved = await asyncio.to_thread(read, Path(path))
    return bool(document.source.removeprefix("\ufeff") != (saved.text or "").removeprefix("\ufeff"))


def _unsaved(path: str, session: Session, reason: str) -> ConfigNotEditable:
    return ConfigNotEditable(
        f"{path} was left as it is: it is open in {_name(session)} with changes that are not saved, and that did not "
        f"take the edit: {reason}.",
        ErrorData(path=path, next_step="Save or close the file there, and try again."),
    )


def _name(session: Session) -> str:
    info = session.client_info
    return f"another editor ({info.name})" if info is not None and info.name else "another editor"
