"""The methods of LSP itself, where pygls' own handlers do not do. Each still calls the handler a feature registered."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol, lsp_method

from .open_files import OpenFiles
from .requests import BoundRequest

if TYPE_CHECKING:
    from .in_flight import InFlight
    from .session import Session

Steps = Generator[Any, Any, Any]
"""Yields calls of the features' handlers as (handler, args, kwargs) and is sent what they return."""


class LspMethods(LanguageServerProtocol):
    """Lifecycle, cancelling, document changes and commands."""

    session: Session
    in_flight: InFlight

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Steps:
        """Answer the handshake, and start what is slow once the answer is out."""
        self.session.client_info = params.client_info
        self.trace = params.trace or types.TraceValue.Off
        result = yield from super().lsp_initialize(params)
        self._workspace = OpenFiles.like(self.workspace)
        asyncio.get_running_loop().call_soon(self.session.handshake_answered)
        return result

    @lsp_method(types.INITIALIZED)
    def lsp_initialized(self, *args: Any) -> Steps:
        """Begin to tell the client what changes."""
        self.session.handshake_done()
        yield from super().lsp_initialized(*args)  # type: ignore[no-untyped-call]  # pygls left it untyped

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Steps:
        """Cancel what runs; what comes from now on is refused."""
        self.in_flight.cancel_others()
        yield from super().lsp_shutdown(*args)

    @lsp_method(types.CANCEL_REQUEST)
    def lsp_cancel_request(self, params: types.CancelParams) -> None:
        """Cancel a request of the client."""
        if isinstance(params.id, int | str):  # lsprotocol lets an object pass
            self.in_flight.cancel(params.id)

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        """Cancel the request that a progress token belongs to."""
        if isinstance(params.token, int | str):  # lsprotocol lets an object pass
            self.session.progress.cancel(params.token)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Steps:
        """Update an open document; a change of one that is not open is ignored."""
        if unquote(params.text_document.uri) in self.workspace.text_documents:
            yield from super().lsp_text_document__did_change(params)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Steps:
        """Run a command: a twin of our own methods, or one that a feature registered."""
        command = self.fm.commands.get(params.command)
        if isinstance(command, BoundRequest):
            return (yield command.run_as_command, (params,), None)
        return (yield from super().lsp_workspace__execute_command(params))
