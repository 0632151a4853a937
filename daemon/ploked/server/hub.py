"""The sessions of all connections over one service: who is here, what each may do, and what all have to be told."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from ploked_protocol import methods
from ploked_protocol.methods import Method
from ploked_protocol.queries import CatalogChanged, Refreshed
from ploked_protocol.sweeps import SweepProgress

from .. import logs
from ..peers import is_ours, peer_uid
from .asked import Answer
from .guard import Guard
from .lobby import Lobby
from .requests import Service
from .seldom import Seldom
from .session import Session
from .streams import Reader, StreamIn, StreamOut
from .timings import Timings

log = logging.getLogger(__name__)

KEPT_SWEEPS = 20
FLUSH_S = 1.0
"""How long after its end a client may take to read the last word."""
TIDY_S = 0.1
"""How long after the end of a session its memory is freed, with that of others that end meanwhile."""
NO_FILES = "out of system resource"
"""How asyncio tells that the system gives no more."""

Feature = Callable[[Session], None]


class Hub:
    """Welcomes connections, and keeps what a status says of them."""

    def __init__(self, make_service: Callable[[], Service], features: Sequence[Feature], answer: Answer) -> None:
        self.make_service = make_service
        self.timings = Timings()
        self.sessions: dict[int, Session] = {}
        self.refreshed: dict[str, tuple[Refreshed, float]] = {}
        """The last outcome by kind, without the names of what came and went; when it came, in seconds since 1970."""
        self.sweeps: dict[str, SweepProgress] = {}
        """The last word on each of the latest sweeps of this process."""
        self.on_answered: Callable[[], None] = lambda: None
        """Called when an `initialize` has been answered."""
        self._features = features
        self._seldom = Seldom(log)
        self._lobby = Lobby(answer, self.sessions, self._seldom)
        self._numbers = itertools.count(1)
        self._tidying: asyncio.TimerHandle | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    @property
    def connections(self) -> int:
        """Return how many connections are open, those of sessions among them, strangers at a port aside."""
        return len(self._lobby) + len(self.sessions)

    def connection(self, guard: Guard | None = None) -> asyncio.StreamReaderProtocol:
        """Return the protocol of a connection that has just come; the factory of `loop.create_unix_server`.

        With a `guard`, whoever comes must say its token, for the system does not tell whose process it is.
        """
        reader = StreamIn()
        return asyncio.StreamReaderProtocol(reader, lambda _, writer: self._welcome(reader, writer, guard))

    async def _welcome(self, reader: Reader, plain: asyncio.StreamWriter, guard: Guard | None) -> None:
        """Serve one connection to its end."""
        loop = asyncio.get_running_loop()
        writer = StreamOut(plain.transport, plain.transport.get_protocol(), None, loop)
        task: Any = asyncio.current_task()
        if guard is None and not is_ours(connection := plain.get_extra_info("socket")):
            why = f"it is of another user (uid {peer_uid(connection)})"
            self._seldom.say(logging.WARNING, "a connection is refused: %s", why)
            plain.transport.abort()
            return
        self._connections.add(task)
        try:
            await self._serve(reader, writer, guard)
        finally:
            self._connections.discard(task)
            plain.transport.close()
            if writer.unread:  # else it would stay open as long as the client likes, and nobody counts it any more
                loop.call_later(FLUSH_S, plain.transport.abort)

    async def _serve(self, reader: Reader, writer: StreamOut, guard: Guard | None) -> None:
        decoder = await self._lobby.receive(reader, writer, guard)
        if decoder is None:
            return
        number = next(self._numbers)
        logs.SESSION.set(number)
        session = self.sessions[number] = Session(
            self.make_service, features=self._features, timings=self.timings, peers=self._everybody
        )
        session.on_answered.append(self.on_answered)
        try:
            polite = await session.run(reader, writer, decoder)
            log.info("session %d has left%s", number, "" if polite else " without a word")
        finally:
            del self.sessions[number]
            self._tidy_soon()

    def _everybody(self) -> list[Session]:
        return list(self.sessions.values())

    def _tidy_soon(self) -> None:
        """Free what ended sessions leave: they are cycles, which keep their documents until a collection comes by."""
        if self._tidying is None:
            self._tidying = asyncio.get_running_loop().call_later(TIDY_S, self._tidy)

    def _tidy(self) -> None:
        self._tidying = None
        gc.collect()  # cheap: what the daemon has loaded is frozen

    def fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what goes wrong in the event loop; that no file can be opened it says a hundred times a second."""
        if NO_FILES in context.get("message", ""):
            text = "connections have to wait, for no more files can be opened: %s"
            self._seldom.say(logging.ERROR, text, context.get("exception"))
        else:
            loop.default_exception_handler(context)

    def follow(self, service: Service) -> None:
        """Keep what the service tells, for the status."""
        service.subscribe(self._note)

    def dismiss(self, why: str) -> None:
        """Tell all who are here why the daemon leaves, and end their connections."""
        self._lobby.dismiss(why)
        for session in list(self.sessions.values()):
            session.dismiss(why)

    async def settle(self, patience_s: float) -> None:
        """Wait until all connections are closed, or that long."""
        if self._connections:
            await asyncio.wait(self._connections, timeout=patience_s)

    def _note(self, method: Method[Any, None], params: object) -> None:
        if method is methods.CATALOG_CHANGED and isinstance(params, CatalogChanged):
            self._note_refresh(params.refreshed)
        elif method is methods.SWEEP_PROGRESS and isinstance(params, SweepProgress):
            self.sweeps.pop(params.sweep_id, None)
            self.sweeps[params.sweep_id] = params
            while len(self.sweeps) > KEPT_SWEEPS:
                del self.sweeps[next(iter(self.sweeps))]

    def _note_refresh(self, refreshed: Refreshed) -> None:
        self.refreshed[refreshed.kind] = msgspec.structs.replace(refreshed, added=[], removed=[]), time.time()
