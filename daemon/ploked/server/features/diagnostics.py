"""Diagnostics: what is wrong in config.toml, while it is typed and after it is saved, open or not."""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types
from ploked_protocol import methods
from ploked_protocol.methods import Method
from ploked_protocol.preferences import ConfigProblem
from pygls import uris

from ...threads import think
from ..open_files import OpenFile
from ..session import Session
from .places import MOST_CHARACTERS, config_document, is_configured, span_range

SETTLE_S = 0.05
"""Someone who types gets one report per pause, not one per key."""

SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
}


def register(session: Session) -> None:
    """Publish diagnostics of open configs as they change, and of the configured file also when it is closed."""
    reporter = _Reporter(session)
    feature = session.server.feature
    session.on_initialized.append(reporter.report_file_soon)
    session.on_told.append(reporter.told)

    @feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        reporter.report_soon(params.text_document.uri, 0)

    @feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        reporter.report_soon(params.text_document.uri, SETTLE_S)

    @feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        reporter.forget(params.text_document.uri)


class _Reporter:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._reports: dict[str, asyncio.Task[None]] = {}
        self._analysis: asyncio.Future[list[types.Diagnostic]] | None = None
        """What a thread is at: it goes on when its report is cancelled, and there must never be two."""
        self._uri = session.service.settings.config_path.as_uri()  # pygls' own takes UTF-8 alone

    def told(self, method: Method[Any, None], _params: object) -> None:
        """Report again after a save, and after facts have changed."""
        if method in (methods.PREFERENCES_CHANGED, methods.CATALOG_CHANGED):
            for document in self._session.server.workspace.text_documents.values():
                self.report_soon(document.uri, SETTLE_S)
            self.report_file_soon()

    def report_file_soon(self) -> None:
        """Report on the configured file once the daemon is ready."""
        self._session.spawn(self._report_file())

    def forget(self, uri: str) -> None:
        """Take back what was said of a document that was closed; the configured file is judged as it is on disk."""
        self._cancel(uri)
        self._session.publish_diagnostics(uri, [])
        if is_configured(self._session, uris.to_fs_path(uri)):
            self.report_file_soon()

    def report_soon(self, uri: str, delay_s: float) -> None:
        """Report on an open document after a pause; a newer call takes the place of this one."""
        self._cancel(uri)
        self._reports[uri] = self._session.spawn(self._report(uri, delay_s))

    def _cancel(self, uri: str) -> None:
        if running := self._reports.pop(uri, None):
            running.cancel()

    async def _report(self, uri: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await self._session.ready()
        while self._analysis is not None and not self._analysis.done():  # of an older text, or of another document
            await asyncio.wait([self._analysis])
        document = config_document(self._session, uri)
        if document is None:
            return
        self._analysis = asyncio.ensure_future(think(self._analyse, document))
        found = await asyncio.shield(self._analysis)
        self._session.publish_diagnostics(uri, found, document.version)

    def _analyse(self, document: OpenFile) -> list[types.Diagnostic]:
        if document.length > MOST_CHARACTERS:
            return [_too_long(document)]
        return _diagnostics(document, self._session.service.diagnose(document.source))

    async def _report_file(self) -> None:
        """Report on the configured file as it stands on disk, unless it is open here: then its text counts."""
        await self._session.ready()
        documents = self._session.server.workspace.text_documents.values()
        if any(is_configured(self._session, document.path) for document in documents):
            return
        service = self._session.service
        document = OpenFile(
            self._uri,
            source=service.preferences.text or "",
            position_codec=self._session.server.workspace.position_codec,
        )
        found = await think(_diagnostics, document, service.config_status().problems)
        self._session.publish_diagnostics(self._uri, found)


def _diagnostics(document: OpenFile, problems: list[ConfigProblem]) -> list[types.Diagnostic]:
    return [_diagnostic(document, problem) for problem in problems]


def _diagnostic(document: OpenFile, problem: ConfigProblem) -> types.Diagnostic:
    return types.Diagnostic(
        range=span_range(document, problem),
        message=problem.message,
        severity=SEVERITIES[problem.severity],
        code=problem.code,
        source="ploked",
        data={"suggestion": problem.suggestion} if problem.suggestion else None,
    )


def _too_long(document: OpenFile) -> types.Diagnostic:
    message = (
        f"{document.filename} has {document.length:,} characters; open documents are read up to {MOST_CHARACTERS:,}. "
        "Nothing is completed, explained or checked here; what is saved is read and applies."
    )
    start = types.Range(types.Position(0, 0), types.Position(0, 1))
    return types.Diagnostic(start, message, types.DiagnosticSeverity.Information, code="tooLarge", source="ploked")
