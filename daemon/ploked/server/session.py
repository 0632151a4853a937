"""One client's session: its language server, its tasks and its half of the conversation.

Sessions share the service and nothing else; what one client does, sends or breaks never reaches another.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from functools import cached_property, partial
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import msgspec
from lsprotocol import types
from ploked_protocol import control
from ploked_protocol.framing import FrameDecoder, FramingError, frame
from ploked_protocol.methods import Method
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from .. import __version__
from . import wire
from .background import Background, Work
from .convert import converter, reading
from .editor import OpenFileEditor
from .in_flight import FAREWELL_S
from .progress import ProgressTokens
from .protocol import SessionProtocol
from .requests import Service, bind
from .streams import Reader, Writer
from .timings import Timings

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 16
PATIENCE_S = 0.5
"""How long requests may go on once nothing more can be asked."""
FLUSH_S = 0.3
"""How long the client may take to read the last answers."""
EDIT_TIMEOUT_S = 10.0


def _new_incident() -> str:
    return uuid4().hex[:8]


class _Which(msgspec.Struct):
    uri: str


class Session:
    """Everything that one connection needs. Features register their handlers on `server` with pygls' decorators."""

    def __init__(
        self,
        make_service: Callable[[], Service],
        *,
        features: Sequence[Callable[[Session], None]] = (),
        timings: Timings | None = None,
        peers: Callable[[], Iterable[Session]] = tuple,
        new_incident: Callable[[], str] = _new_incident,
    ) -> None:
        self._make_service = make_service
        self.server = LanguageServer("ploked", __version__, protocol_cls=SessionProtocol, converter_factory=converter)
        self.protocol: SessionProtocol = self.server.protocol  # type: ignore[assignment]  # pygls has no type for it
        self.protocol.attach(self)
        self.timings = timings or Timings()
        self.progress = ProgressTokens(self)
        self.editor = OpenFileEditor(self, peers)
        self.client_info: types.ClientInfo | None = None
        self.service_ready = False
        self._joining = asyncio.Lock()
        self.on_answered: list[Callable[[], object]] = []
        """Called once, when the answer to `initialize` is on its way."""
        self.on_initialized: list[Callable[[], object]] = []
        """Called once, when the client has said `initialized`."""
        self.on_told: list[Callable[[Method[Any, None], Any], None]] = []
        """Called after each notification of the service that the client is told."""
        self._new_incident = new_incident
        self._background = Background(self.report)
        self._stopped = asyncio.Event()
        self._farewell: str | None = None
        """What requests are answered that wait when the session is ended by us; None where the client ends it."""
        self._decoder = FrameDecoder()
        self._writer: Writer | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self.protocol.requests.update(bind(self))
        self.protocol.requests[control.TEXT] = self._text_of
        for register in features:
            register(self)

    @cached_property
    def service(self) -> Any:
        """Return the service. It is made when first asked for, so that `initialize` need not wait for its imports."""
        return self._make_service()

    @property
    def client_capabilities(self) -> types.ClientCapabilities:
        """Return what the client can do; only once it has said `initialize`."""
        return self.server.client_capabilities

    @property
    def is_connected(self) -> bool:
        """Return whether the client has said `initialize` and has not left."""
        return self._writer is not None and self.protocol.started and not self.protocol.ended

    @property
    def open_documents(self) -> int:
        """Return how many documents the client has open."""
        return len(self.server.workspace.text_documents) if self.protocol.started else 0

    @property
    def unread_bytes(self) -> int:
        """Return how many bytes wait for the client to read them."""
        return 0 if self._writer is None else self._writer.unread

    # life

    async def run(self, reader: Reader, writer: Writer, decoder: FrameDecoder | None = None) -> bool:
        """Serve the client until it leaves; return whether it said `shutdown` first.

        A `decoder` holds what has been read already.
        """
        self._decoder = decoder or self._decoder
        self._writer = writer
        reading = self.spawn(self._read(reader))
        stopped = self.spawn(self._stopped.wait())
        try:
            await asyncio.wait({reading, stopped}, return_when=asyncio.FIRST_COMPLETED)
            await self.protocol.in_flight.settle(0 if self._stopped.is_set() else PATIENCE_S, self._farewell)
        finally:
            await self._close(writer)
        return self.protocol.ended

    def stop(self) -> None:
        """End the session: requests that still wait are cancelled."""
        self._stopped.set()

    def dismiss(self, why: str) -> None:
        """Tell the client why the daemon leaves, and end the session: what still waits is to be asked again."""
        self.send(wire.notification(control.LEAVING, {"why": why}))
        self._farewell = f"The ploked daemon ended ({why}) before it answered; ask again."
        self.stop()

    async def ready(self) -> None:
        """Return once the service can answer, by all that was saved before the client came."""
        await self.service.ready()
        async with self._joining:  # many wait here at first, and any of them may be cancelled
            if not self.service_ready:
                await self.service.catch_up()
                self.service_ready = True

    def handshake_answered(self) -> None:
        """Begin what the answer to `initialize` did not wait for."""
        self._call_each(self.on_answered)
        self.spawn(self.ready())

    def handshake_done(self) -> None:
        """Forward the service's notifications from here on."""
        if self._unsubscribe is None:
            self._unsubscribe = self.service.subscribe(self.tell)
            self._call_each(self.on_initialized)

    def spawn(self, work: Work) -> asyncio.Task[None]:
        """Run `work` until it or the session ends; what it raises goes to the log."""
        return self._background.spawn(work)

    def report(self, error: BaseException) -> str:
        """Write an unforeseen error to the log; return the id it has there."""
        incident = self._new_incident()
        log.error("incident %s", incident, exc_info=error, extra={"incident": incident})
        self.trace(f"incident {incident}")
        return incident

    def answered(self, method: str, began_s: float) -> None:
        """Take note of how long the answer to a request took, which began at `began_s` of `time.perf_counter`."""
        took_s = time.perf_counter() - began_s
        self.timings.add(method, took_s)
        if self.protocol.trace != types.TraceValue.Off:
            self.trace(f"{wire.echo(method)} answered in {took_s * 1000:.2f} ms")

    def trace(self, message: str) -> None:
        """Tell a client that has asked for it (`$/setTrace`) what goes on here."""
        if self.protocol.trace != types.TraceValue.Off:
            self.send(wire.notification(types.LOG_TRACE, {"message": message}))

    # out

    def send(self, body: bytes) -> None:
        """Send one message. Never waits and never raises; a client that does not read is let go."""
        if self._writer is None:
            return
        self._writer.write(frame(body))
        if self._writer.unread > wire.MAX_UNREAD_BYTES:
            log.warning("the client has left %d bytes unread: the session ends", self._writer.unread)
            self.stop()
        elif self._writer.broken:
            log.info("the connection broke: the client takes nothing any more")
            self.stop()

    def tell(self, method: Method[Any, None], params: object) -> None:
        """Send a notification of the table. Never raises: the service tells the other sessions next."""
        self._call_each([self._send_notification, *self.on_told], method, params)

    def show_warning(self, text: str) -> None:
        """Show `text` to the user."""
        self.server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, text))

    def publish_diagnostics(
        self, uri: str, diagnostics: Sequence[types.Diagnostic], version: int | None = None
    ) -> None:
        """Show `diagnostics` on a document, in place of those shown before."""
        self.server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, version))

    async def apply_edit(
        self, edit: types.WorkspaceEdit, *, label: str | None = None, timeout_s: float = EDIT_TIMEOUT_S
    ) -> types.ApplyWorkspaceEditResult:
        """Return what the client made of `edit`: not applied, with a reason, when it declines or does not answer."""
        params = types.ApplyWorkspaceEditParams(edit, label)
        try:
            result: types.ApplyWorkspaceEditResult = await self.protocol.ask(
                types.WORKSPACE_APPLY_EDIT, params, timeout_s
            )
        except TimeoutError:
            return types.ApplyWorkspaceEditResult(False, f"it did not answer within {timeout_s:g} s")
        except JsonRpcException as error:
            return types.ApplyWorkspaceEditResult(False, error.message)
        return result

    # inside

    def _text_of(self, params: msgspec.Raw) -> dict[str, object] | None:
        """Answer `control.TEXT`: what a document that is open here says now."""
        asked = reading(partial(msgspec.json.decode, params, type=_Which))
        document = self.server.workspace.text_documents.get(unquote(asked.uri))
        return None if document is None else {"text": document.source, "version": document.version}

    def _send_notification(self, method: Method[Any, None], params: object) -> None:
        self.send(wire.notification(method.name, params))

    def _call_each(self, callbacks: Sequence[Callable[..., object]], *args: object) -> None:
        """Call all of them, whatever becomes of the others."""
        for callback in callbacks:
            try:
                callback(*args)
            except Exception as error:  # noqa: BLE001  # a bad feature must not cost the good ones
                self.report(error)

    async def _read(self, reader: Reader) -> None:
        decoder, data = self._decoder, b""
        context = copy_context()  # what is logged and begun belongs to this session, whoever calls
        reader.take = lambda data: context.run(self._take_at_once, data)
        try:
            while True:
                for at, body in enumerate(decoder.feed(data)):
                    if at or len(data) == CHUNK_BYTES:
                        await asyncio.sleep(0)  # else a client that pipelines starves every handler
                    await self._take(body)
                if not (data := await reader.read(CHUNK_BYTES)):
                    break
        except FramingError as error:
            self.send(wire.error(None, wire.PARSE_ERROR, f"Cannot read on: {error}"))
            log.warning("the session ends: %s", error)
        except ConnectionError as error:
            log.info("the connection broke: %s", error)
        else:
            if decoder.pending:
                log.warning("the client left in the middle of a message")

    async def _take(self, body: bytes) -> None:
        if self.protocol.in_flight.full and not self.service_ready:
            await self.ready()  # a client may send much while we start: let it wait, do not refuse
        self._receive(body)
        if self._writer is not None:
            await self._writer.drain()  # a client that does not read is not read from

    def _take_at_once(self, data: bytes) -> bool:
        """Handle what is one whole message while nothing holds us up; return whether it was."""
        held_up = self._background.has_unbegun or self.unread_bytes or self.protocol.in_flight.full
        body = None if held_up else self._decoder.whole(data)
        if body is not None:
            self._receive(body)
        return body is not None

    def _receive(self, body: bytes) -> None:
        if self.service_ready:
            self.service.attend()
        self.protocol.receive(body)

    async def _close(self, writer: Writer) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self._background.end(FAREWELL_S)
        self._writer = None
        self.protocol.give_up_asking()
        try:
            async with asyncio.timeout(FLUSH_S):
                await writer.finish()
        except (TimeoutError, ConnectionError) as error:
            log.info("the client did not take the last bytes: %s", type(error).__name__)
