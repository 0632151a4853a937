"""How long requests took: the last of each method, for people who ask why something is slow."""

from __future__ import annotations

from collections import deque

from ploked_protocol.wire import Wire

KEPT = 512
"""Requests of a method that count; older ones are forgotten."""
MOST_METHODS = 100
"""Clients choose the names of methods, and must not fill the memory with them."""


class MethodTiming(Wire):
    """The requests of one method since the daemon started; p50 and p99 are over the last 512."""

    count: int
    p50_ms: float
    p99_ms: float


class Timings:
    """The requests of all sessions that share it."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._last: dict[str, deque[float]] = {}

    def add(self, method: str, took_s: float) -> None:
        """Count a request that was answered after `took_s`."""
        if method not in self._last:
            if len(self._last) >= MOST_METHODS:
                return
            self._counts[method], self._last[method] = 0, deque(maxlen=KEPT)
        self._counts[method] += 1
        self._last[method].append(took_s)

    def by_method(self) -> dict[str, MethodTiming]:
        """Return what was counted, by the name of the method."""
        return {method: self._timing(method) for method in sorted(self._last)}

    def _timing(self, method: str) -> MethodTiming:
        took = sorted(self._last[method])
        p50_s, p99_s = (took[int(len(took) * share)] for share in (0.5, 0.99))
        return MethodTiming(self._counts[method], round(p50_s * 1000, 3), round(p99_s * 1000, 3))
