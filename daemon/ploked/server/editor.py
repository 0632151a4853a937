"""Edits of config.toml in the client that has it open, so that the user sees and can undo them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from lsprotocol import types
from ploked_protocol.queries import ConfigEdited
from pygls.workspace import TextDocument

from ..paths import same_target
from ..threads import think
from .elsewhere import DeclinedError, Elsewhere
from .open_files import split_lines

if TYPE_CHECKING:
    from .session import Session

ATTEMPTS = 3
"""The user may be typing in the same file; each attempt starts from what the client said last."""
CATCH_UP_S = 1.0
POLL_S = 0.01


class OpenFileEditor:
    """The ConfigEditor of one session."""

    def __init__(self, session: Session, peers: Callable[[], Iterable[Session]]) -> None:
        """Take the session, and what gives those beside it."""
        self._session = session
        self.edit_elsewhere = Elsewhere(session, peers).edit
        self._one_at_a_time = asyncio.Lock()

    async def edit_open(self, path: str, change: Callable[[str], str]) -> ConfigEdited | None:
        """Return what an edit of the open file did; None when it is not open here, or the client takes no edits.

        `change` gets the text as it stands in the editor and runs in a thread. Raises what it raises, and
        DeclinedError.
        """
        reason = ""
        async with self._one_at_a_time:
            for _ in range(ATTEMPTS):
                document = self.find(path)
                if document is None:
                    return None
                outcome = await self._attempt(document, change)
                if isinstance(outcome, bool):
                    return _edited(path, changed=outcome)
                reason = outcome
        raise DeclinedError(path, reason)

    def find(self, path: str) -> TextDocument | None:
        """Return the open document of `path`, whichever link it was opened through; None where edits are not taken."""
        if not self._session.is_connected:
            return None
        workspace = self._session.client_capabilities.workspace
        if workspace is None or not workspace.apply_edit:
            return None
        documents: Sequence[TextDocument] = list(self._session.server.workspace.text_documents.values())
        return next((document for document in documents if same_target(document.path, path)), None)

    def tell(self, message: str) -> None:
        """Show `message` to the user."""
        self._session.server.window_show_message(types.ShowMessageParams(types.MessageType.Info, message))

    async def _attempt(self, document: TextDocument, change: Callable[[str], str]) -> bool | str:
        """Return whether the text changed, or why the client did not take the edit."""
        version, before = document.version, document.source
        after = await think(change, before)
        if document.version != version:
            return "it is being typed in"  # and `after` would take away what was typed
        if after == before:
            return False
        outcome = await self._session.apply_edit(self._replacing(document, after), label="ploked: config.toml")
        await self._catch_up(document, version)
        return outcome.applied or outcome.failure_reason or "it gave no reason"

    async def _catch_up(self, document: TextDocument, version: int | None) -> None:
        """Give the client time to say what the document became; a later edit must not start from the old text."""
        for _ in range(int(CATCH_UP_S / POLL_S)):
            if document.version != version:
                return
            await asyncio.sleep(POLL_S)

    def _replacing(self, document: TextDocument, text: str) -> types.WorkspaceEdit:
        """Return the edit that makes `document` say `text`, tied to its version where the client can tell."""
        edit = text_edit(document.lines, text, document.position_codec.client_num_units)
        capabilities = self._session.client_capabilities.workspace
        versioned = capabilities and capabilities.workspace_edit and capabilities.workspace_edit.document_changes
        if not versioned:
            return types.WorkspaceEdit(changes={document.uri: [edit]})
        identifier = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=identifier, edits=[edit])])


def text_edit(lines: Sequence[str], text: str, units: Callable[[str], int]) -> types.TextEdit:
    """Return the edit that turns `lines` into `text` and leaves the lines that both begin and end with alone.

    `units` counts the client's code units of a text: only the end of an unfinished last line needs them.
    """
    new = split_lines(text)
    head = _shared(lines, new)
    tail = _shared(lines[head:][::-1], new[head:][::-1])
    end = len(lines) - tail
    stop = types.Position(line=end, character=0)
    if lines and not tail and not lines[-1].endswith(("\n", "\r")):
        stop = types.Position(line=end - 1, character=units(lines[-1]))
    start = types.Position(line=head, character=0)
    return types.TextEdit(range=types.Range(start=start, end=stop), new_text="".join(new[head : len(new) - tail]))


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many lines both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _edited(path: str, *, changed: bool) -> ConfigEdited:
    said = "changed in the editor; save the file to apply it" if changed else "says so already"
    return ConfigEdited(changed=changed, via="editor", path=path, message=f"{path} {said}.")
