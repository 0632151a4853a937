"""What other processes have to do with sweeps: they run some, and may want the end of ours. All meet in the ledger."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from ploked_protocol.errors import PlokedError
from ploked_protocol.sweeps import SweepCancelled, SweepProgress, SweepRow

from .ledger import Ledger
from .standing import Standing

_log = logging.getLogger(__name__)

EVERY_S = 0.25
"""How often the ledger is looked into while any sweep runs; while none does, never."""
ASKED_S = 2.0
"""How long another process may take to end a sweep before who wants that is told that it has not yet."""
KEPT_S = 600.0
"""How long the end of a sweep is told to those who come: after `ploked stop` editors come over when they next ask."""


@dataclass
class _Followed:
    """A sweep of another process, as it was last told of."""

    pid: int
    told: SweepProgress
    read: int = 0
    """Up to where its rows are known."""
    ended_s: float | None = None


class Elsewhere:
    """Follows the sweeps of other processes and tells of them; calls `end` for each of ours that others want ended."""

    def __init__(self, ledger: Ledger, tell: Callable[[SweepProgress], None], end: Callable[[str], None]) -> None:
        self.place: str | None = None
        """Where this process serves, if it is a daemon."""
        self._ledger = ledger
        self._tell = tell
        self._end = end
        self._followed: dict[str, _Followed] = {}
        self._wanted = False
        self._one_by_one = asyncio.Lock()  # else two would tell of the same rows
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> dict[str, int]:
        """Return the sweeps that other processes run, with their process ids."""
        return {sweep_id: one.pid for sweep_id, one in self._followed.items() if one.ended_s is None}

    @property
    def told(self) -> list[SweepProgress]:
        """Return the last word on each sweep of another process that runs, or has ended a moment ago."""
        oldest_s = time.monotonic() - KEPT_S
        gone = [key for key, one in self._followed.items() if one.ended_s is not None and one.ended_s < oldest_s]
        for sweep_id in gone:
            del self._followed[sweep_id]
        return [one.told for one in self._followed.values()]

    async def attend_if_any(self) -> None:
        """Begin to look into the ledger where it holds a sweep that runs, or whose end nobody has heard of."""
        if await asyncio.to_thread(lambda: self._ledger.has_running):
            self.attend()

    def attend(self) -> None:
        """Look into the ledger now, and from then on as long as any sweep runs."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_on())

    async def cancel(self, sweep_id: str) -> SweepCancelled:
        """Have the process end a sweep that runs it, and return how it stands then, or after ASKED_S.

        Raises UnknownSweep.
        """
        found = await asyncio.to_thread(self._ledger.standing, sweep_id)
        if found.state == "running":
            await asyncio.to_thread(self._ledger.ask_to_end, [sweep_id])
            self.attend()
        deadline_s = time.monotonic() + ASKED_S
        while found.state == "running" and time.monotonic() < deadline_s:
            await asyncio.sleep(EVERY_S / 2)
            found = await asyncio.to_thread(self._ledger.standing, sweep_id)
        if sweep_id in self.running:
            await self._look()  # whoever hears that it has ended is told of its end before
        return SweepCancelled(sweep_id, found.state, message=_still_runs(found) if found.state == "running" else None)

    async def aclose(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _look_on(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                self._wanted = await self._look() or self._wanted
                await asyncio.sleep(EVERY_S)
        except (sqlite3.Error, PlokedError):
            _log.exception("The sweeps of other processes are followed no more.")
            self._followed.clear()

    async def _look(self) -> bool:
        """Take in what is new; return whether any sweep runs."""
        async with self._one_by_one:
            read = {sweep_id: one.read for sweep_id, one in self._followed.items() if one.ended_s is None}
            found = await asyncio.to_thread(self._ledger.look, read, self.place)
            for one in found:
                if not one.is_ours:
                    self._take(one)
                elif one.to_end:
                    self._end(one.sweep_id)
        return any(one.state == "running" for one in found)

    def _take(self, one: Standing) -> None:
        """Tell of the rows that have come, of the first time the last of many alone; and of the end."""
        known = self._followed.get(one.sweep_id)
        followed = known or _Followed(one.pid, SweepProgress(one.sweep_id, "running", 0, one.total, 0))
        self._followed[one.sweep_id] = followed
        steps = [self._step(followed, row) for row in one.rows if _was_sent(row)]
        for step in steps if known else steps[-1:] or [followed.told]:
            self._tell(step)
        followed.read = one.read
        if one.state != "running":
            followed.ended_s = time.monotonic()
            last = followed.told
            followed.told = SweepProgress(
                one.sweep_id, one.state, last.done, last.total, last.failed, message=one.message
            )
            self._tell(followed.told)

    def _step(self, followed: _Followed, row: SweepRow) -> SweepProgress:
        last = followed.told
        failed = last.failed + (row.status == "error")
        followed.told = SweepProgress(last.sweep_id, "running", last.done + 1, last.total, failed, row=row)
        return followed.told


def _still_runs(one: Standing) -> str:
    return (
        f"Process {one.pid} runs this sweep; it was asked to end it, and has not yet. Its end is told when it comes; "
        f"`kill {one.pid}` ends the process."
    )


def _was_sent(row: SweepRow) -> bool:
    """Return whether a row tells of a request that was sent; a sweep that is cancelled has rows of the others too."""
    return row.status != "cancelled" or row.error is not None
