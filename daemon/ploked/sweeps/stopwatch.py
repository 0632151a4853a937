"""Time a request from the moment it has a connection: neither our queue nor the handshake is the upstream's latency."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp


class Stopwatch:
    """Runs from its making, and anew whenever aiohttp gives the current task a connection."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._started_s = now_s()
        _CURRENT.set(self)

    def restart(self) -> None:
        """Forget the time so far."""
        self._started_s = self._now_s()

    def elapsed_ms(self) -> float:
        """Return the milliseconds since the start."""
        return (self._now_s() - self._started_s) * 1000


_CURRENT: ContextVar[Stopwatch] = ContextVar("stopwatch")
"""That of the request which the current task sends: aiohttp tells of connections in the task that asks for one."""


def trace_connections() -> aiohttp.TraceConfig:
    """Return what restarts the stopwatch when a connection has been made, or a free one is taken."""
    import aiohttp  # imported late: only a sweep needs it

    async def restart(_session: object, _context: object, _params: object) -> None:
        _CURRENT.get().restart()

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(restart)
    trace.on_connection_reuseconn.append(restart)
    return trace
