"""Searches that take long enough to be noticed: in a thread of their own, so that all other requests go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any, Protocol, TypeVar

F = TypeVar("F", covariant=True)
R = TypeVar("R")

MANY_MODELS = 8_000
"""With more, a search may take more than the 5 ms that the event loop has for one request."""
MANY_COLD = 1_000
"""The same while what queries ask for is not laid out yet."""


class Search(Protocol[F]):
    """A search that waits to be made."""

    def __call__(self, *, check: Callable[[], None] = ...) -> F:
        """Return what is found; `check` is called between the steps and raises what is to end the search."""


class Searches:
    """Makes searches at once or, one after the other, in a thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "ploked-search")

    def run(self, search: Search[F], result: Callable[[F], R], *, long: bool) -> R | Coroutine[Any, Any, R]:
        """Return the result of `search`; where it takes `long`, the coroutine that will, and ends it when cancelled."""
        return self._run_behind(search, result) if long else result(search())

    def close(self) -> None:
        """End the thread; searches that wait for it are cancelled."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run_behind(self, search: Search[F], result: Callable[[F], R]) -> R:
        unwanted = Event()
        try:
            work = partial(search, check=partial(_check, unwanted))
            return result(await asyncio.get_running_loop().run_in_executor(self._thread, work))
        finally:
            unwanted.set()


def _check(unwanted: Event) -> None:
    if unwanted.is_set():
        raise asyncio.CancelledError  # nobody hears of it: who waited has been cancelled
