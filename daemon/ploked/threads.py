"""The threads that think for sessions beside the event loop, shared out so that none keeps another's work waiting.

`asyncio.to_thread` is for what is short or is done once for all, such as files: what one session may ask for a hundred
times, and what then takes long, would fill its threads. Nobody may hold a lock that others want while waiting here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from threading import Lock
from typing import Any, TypeVar

from .logs import SESSION

T = TypeVar("T")

MOST = 6
"""More would not be faster: they take turns, and so does the event loop with them."""
EACH = 3
"""How many of them one session may keep busy."""


async def think(call: Callable[..., T], *args: Any) -> T:
    """Return `call(*args)`, done in one of the threads; it begins once the session that asks has one to spare."""
    work = partial(copy_context().run, call, *args)
    return await asyncio.get_running_loop().run_in_executor(_threads(), work)


class FairThreads(ThreadPoolExecutor):
    """An executor that knows whose work it is given. Work of no session begins as it comes."""

    def __init__(self) -> None:
        super().__init__(MOST, "ploked-think")
        self._lines: dict[int, _Line] = {}
        self._lock = Lock()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Return the future of `fn(*args)`, which begins once the session that asks has a thread to spare."""
        session = SESSION.get()
        if session is None:
            return super().submit(fn, *args, **kwargs)
        work = _Work(partial(fn, *args, **kwargs))
        with self._lock:
            line = self._lines.setdefault(session, _Line())
            if line.busy == EACH:
                line.waiting.append(work)
                return work.future
            line.busy += 1
        self._begin(session, work)
        return work.future

    def _begin(self, session: int, work: _Work) -> None:
        super().submit(self._do, session, work)

    def _do(self, session: int, work: _Work) -> None:
        """Do one piece of work; what waits in its line goes behind what others have sent meanwhile."""
        work.run()
        with self._lock:
            line = self._lines[session]
            following = line.waiting.popleft() if line.waiting else None
            line.busy -= following is None
            if not line.busy:
                del self._lines[session]
        if following is not None:
            self._begin(session, following)


class _Line:
    """What one session has going."""

    def __init__(self) -> None:
        self.busy = 0
        self.waiting: deque[_Work] = deque()


class _Work:
    def __init__(self, call: Callable[[], Any]) -> None:
        self.future: Future[Any] = Future()
        self._call = call

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self._call())
        except BaseException as error:  # noqa: BLE001  # it goes to who waits, as in any executor
            self.future.set_exception(error)


@cache
def _threads() -> FairThreads:
    return FairThreads()
