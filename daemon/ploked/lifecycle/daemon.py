"""The daemon that editors share: one process from its first client until nobody has needed it for a while."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from lsprotocol import types
from ploked_protocol import PROTOCOL_VERSION, control

from .. import __version__, logs
from ..server import report, troubles, wire
from ..server.hub import Feature, Hub
from .listen import Seat
from .port import Port

log = logging.getLogger(__name__)

IDLE_S = 600.0
"""How long to stay without any connection and any sweep; `PLOKED_IDLE_S` overrides it."""
ARRIVAL_S = 10.0
"""How long to stay in any case for the first client, which has just started us and may be slow to come."""
TICK_S, LEAST_TICK_S = 2.0, 0.05
"""How often to look whether the socket and the lock are still ours, and whether anybody needs us."""
FIRST_CLIENT_S = 0.2
"""How long the service waits for a first client, whose `initialize` is answered before it is imported."""
FAREWELL_S = 1.0
CLOSE_S = 0.5


class Daemon:
    """Serves at a seat until told to leave. `make_service` gives the RegistryService, importing what it needs."""

    def __init__(
        self,
        seat: Seat,
        make_service: Callable[[], Any],
        features: Sequence[Feature],
        environ: Mapping[str, str],
        port: Port | None = None,
    ) -> None:
        self._seat = seat
        self._port = port
        self._make_service = make_service
        self._environ = environ
        self._hub = Hub(self._shared_service, features, self._answer)
        self._service: Any = None
        self._ready = False
        self._idle_s = _seconds(environ.get("PLOKED_IDLE_S", ""), IDLE_S)
        self._instance = secrets.token_hex(4)
        self._started = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._began_s = time.monotonic()
        self._stays_until_s = self._began_s + max(ARRIVAL_S, self._idle_s)
        self._leaving: str | None = None
        self._waits = True
        """Whether to leave only after sweeps, and sessions that were not sent away, have ended."""
        self._told = asyncio.Event()

    async def serve(self) -> None:
        """Serve until it is time to leave, and leave nothing behind."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._hub.fault)
        servers: list[asyncio.Server] = [await loop.create_unix_server(self._hub.connection, sock=self._seat.listener)]
        if self._port is not None:
            welcome = partial(self._hub.connection, self._port)
            servers.append(await loop.create_server(welcome, sock=self._port.listener))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: self.leave(control.STOPPED, wait=False))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        starting = loop.create_task(self._start())
        log.info("ploked %s serves at %s as process %d", __version__, self._seat.place.socket, os.getpid())
        while self._leaving is None:
            await self._wait(min(TICK_S, max(self._idle_s / 4, LEAST_TICK_S)))
            self._look_around()
        for server in servers:
            server.close()
        while self._has_to_wait():
            await self._wait(TICK_S / 20)
        starting.cancel()
        await self._close()
        log.info("ploked leaves: %s", self._leaving)

    def leave(self, why: str, *, wait: bool = True, keep_sessions: bool = False) -> None:
        """Give the place away at once, and end once nothing that must not be lost runs here any more."""
        self._waits = self._waits and wait
        if self._leaving is None:
            self._leaving = why
            self._seat.give_up()
            if self._port is not None:
                self._port.give_up()
        if not wait and self._service is not None:
            self._service.sweeps.interrupt()
        if not keep_sessions or not wait:
            self._hub.dismiss(why)
            self._tell_nobody()
        self._told.set()

    def _tell_nobody(self) -> None:
        """Leave the end of sweeps to be told by the daemon that comes next: all who were here are sent away."""
        if self._service is not None:
            self._service.sweeps.is_heard = False

    # what it does by itself

    async def _wait(self, most_s: float) -> None:
        try:
            async with asyncio.timeout(most_s):
                await self._told.wait()
            self._told.clear()
        except TimeoutError:
            return

    def _look_around(self) -> None:
        if self._needed:
            self._stays_until_s = time.monotonic() + self._idle_s
        if self._leaving is None and not self._seat.is_ours:
            log.warning("another has taken %s: this daemon gives way", self._seat.place.socket)
            self.leave(control.REPLACED)
        elif self._leaving is None and not self._needed and self._idle_left_s <= 0:
            self.leave(control.IDLE)

    @property
    def _running_sweeps(self) -> int:
        return self._service.sweeps.running if self._service is not None else 0

    @property
    def _needed(self) -> bool:
        """Return whether to stay. Whoever uses a port cannot start us when we have left."""
        return bool(self._hub.connections or self._running_sweeps or self._port)

    @property
    def _idle_left_s(self) -> float:
        return self._stays_until_s - time.monotonic()

    def _has_to_wait(self) -> bool:
        return self._waits and bool(self._running_sweeps or self._hub.sessions)

    def _shared_service(self) -> Any:
        if self._service is None:
            self._service = self._make_service()
            self._service.sweeps.elsewhere.place = self._seat.place.socket
        return self._service

    async def _start(self) -> None:
        """Start the service once a first client has been welcomed, or has not come."""
        answered = asyncio.Event()
        self._hub.on_answered = answered.set
        try:
            async with asyncio.timeout(FIRST_CLIENT_S):
                await answered.wait()
        except TimeoutError:
            pass
        self._hub.on_answered = lambda: None
        try:
            service = self._shared_service()
            await service.start()
        except Exception:
            log.exception("the service cannot start")
            self._say_broken()
            self.leave(control.STOPPED, wait=False)
            return
        self._hub.follow(service)
        self._ready = True
        gc.collect()
        gc.freeze()  # what is loaded stays: collecting it again and again would cost 30 ms each time
        gc.enable()

    def _say_broken(self) -> None:
        text = f"ploked cannot start. {logs.trouble() or f'Its log says why: {self._seat.place.log}'}"
        for session in self._hub.sessions.values():
            session.server.window_show_message(types.ShowMessageParams(types.MessageType.Error, text))

    async def _close(self) -> None:
        if self._hub.sessions:
            self._hub.dismiss(self._leaving or control.STOPPED)
        await self._hub.settle(FAREWELL_S)
        try:
            async with asyncio.timeout(CLOSE_S):
                if self._service is not None:
                    await self._service.aclose()
        except Exception:
            log.exception("the service did not close well")

    # what it is asked

    def _answer(self, method: str, params: Any) -> object:
        if method == control.HELLO:
            return self._hello(str(params["protocol"]))
        if method == control.STATUS:
            return self._status()
        if method == control.STOP:
            return self._stop(now=bool(params.get("now")), restart=bool(params.get("restart")))
        raise wire.RefusedError(wire.METHOD_NOT_FOUND, f"There is no method {wire.echo(method)}")

    def _hello(self, protocol: str) -> dict[str, object]:
        reason = None
        if self._leaving is not None:
            reason = f"The daemon (process {os.getpid()}) is leaving: {self._leaving}."
        elif control.is_newer(protocol, PROTOCOL_VERSION):
            reason = (
                f"The daemon (process {os.getpid()}, ploked {__version__}) speaks protocol {PROTOCOL_VERSION} and is "
                f"asked for {protocol}: a new one takes its place, and it ends when its own work is done."
            )
            log.info("%s", reason)
            self.leave(control.REPLACED, keep_sessions=True)
        return {
            "protocol": PROTOCOL_VERSION,
            "version": __version__,
            "pid": os.getpid(),
            "started": self._started,
            "instance": self._instance,
            "serves": reason is None,
            "reason": reason,
        }

    def _stop(self, *, now: bool, restart: bool) -> dict[str, object]:
        self.leave(control.RESTARTED if restart else control.STOPPED, wait=not now)
        port = None if self._port is None else self._port.number
        return {"pid": os.getpid(), "waitsFor": 0 if now else self._running_sweeps, "port": port}

    def _status(self) -> report.DaemonStatus:
        service = self._service if self._ready else None
        sessions = report.sessions(self._hub)
        elsewhere = {} if service is None else service.sweeps.elsewhere.running
        return report.DaemonStatus(
            version=__version__,
            protocol=PROTOCOL_VERSION,
            pid=os.getpid(),
            instance=self._instance,
            started=self._started,
            uptime_s=round(time.monotonic() - self._began_s, 3),
            socket=self._seat.place.socket,
            tcp=None if self._port is None else report.TcpStatus(self._port.address, self._port.token_file),
            log=self._seat.place.log,
            troubles=troubles.of(service),
            leaving=self._leaving,
            idle_exit_in_s=None if self._needed_besides_this else round(self._idle_left_s, 1),
            connections=self._hub.connections,
            sessions=sessions,
            in_flight=sum(session.in_flight for session in sessions),
            catalogs=[] if service is None else [service.catalog_status()],
            keys=[] if service is None else [report.key(service.keys)],
            config=None if service is None else service.config_status(),
            refreshed=report.refreshed(self._hub),
            running_sweeps=self._running_sweeps + len(elsewhere),
            sweeps_elsewhere=elsewhere,
            sweeps=list(self._hub.sweeps.values()),
            methods=self._hub.timings.by_method(),
            memory_mb=report.memory_mb(),
            environment=report.environment(self._environ),
        )

    @property
    def _needed_besides_this(self) -> bool:
        """Return whether anybody but who asks for the status needs the daemon."""
        return self._hub.connections > 1 or bool(self._running_sweeps or self._port)


def _seconds(text: str, default_s: float) -> float:
    """Return a number of seconds out of the environment; the default where it is none."""
    try:
        return max(0.0, float(text))
    except ValueError:
        return default_s
