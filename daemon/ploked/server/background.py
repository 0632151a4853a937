"""What a session does beside its answers: tasks that end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Work = Coroutine[Any, Any, Any]


class Background:
    """The tasks of one session. What one of them raises is reported, and costs nobody anything."""

    def __init__(self, report: Callable[[BaseException], object]) -> None:
        self._report = report
        self._tasks: set[asyncio.Task[None]] = set()
        self._unbegun: set[asyncio.Task[None] | None] = set()

    @property
    def has_unbegun(self) -> bool:
        """Return whether one of them has not run yet: what comes after must not overtake it."""
        return bool(self._unbegun)

    def spawn(self, work: Work) -> asyncio.Task[None]:
        """Run `work` until it or the session ends."""
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        for tasks in (self._tasks, self._unbegun):
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda _: work.close())  # a task cancelled before its first step never awaits it
        return task

    async def end(self, patience_s: float) -> None:
        """Cancel all, and wait for those that take long to end, at most that long."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience_s)

    async def _guarded(self, work: Work) -> None:
        self._unbegun.discard(asyncio.current_task())
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # SystemExit of a handler must not end the process
            self._report(error)
