"""Work off the requests of one sweep, a few at a time, and keep every answer."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from ploked_protocol.errors import PlokedError
from ploked_protocol.plans import PlannedAndActual
from ploked_protocol.sweeps import SweepRow, SweepState

from .grid import PlannedRequest
from .ledger import Ledger
from .outcome import planned_row

_log = logging.getLogger(__name__)


class Ended(msgspec.Struct, frozen=True):
    """How a sweep ended."""

    state: SweepState
    message: str | None = None


class Answered(msgspec.Struct, frozen=True):
    """What came of one request."""

    row: SweepRow
    answer: bytes
    """The body that the row was read from."""
    comparison: PlannedAndActual
    stop: Ended | None = None
    """Set when every further request would end the same way."""


class _Stop(Exception):
    """Ends the sweep at once."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.message)
        self.ended = ended


class Pool:
    """One sweep under way. Its rows are written by one thread, in order, so that none is lost when the sweep stops."""

    def __init__(
        self,
        sweep_id: str,
        ask: Callable[[PlannedRequest], Awaitable[Answered]],
        ledger: Ledger,
        on_row: Callable[[SweepRow], None],
    ) -> None:
        self._sweep_id = sweep_id
        self._ask = ask
        self._ledger = ledger
        self._on_row = on_row
        self._thread = ThreadPoolExecutor(1, "ploked-ledger")
        self._started: set[str] = set()
        self._answered: set[str] = set()

    async def work_off(self, requests: Sequence[PlannedRequest], concurrency: int, cancel: asyncio.Event) -> Ended:
        """Ask all `requests`, or until `cancel` is set or an answer stops the sweep, and return how it ended."""
        ended = Ended("done")
        pending = iter(requests)
        try:
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(_stop_when(cancel))
                workers = [group.create_task(self._work(pending, cancel)) for _ in range(concurrency)]
                await asyncio.gather(*workers)
                watcher.cancel()
        except* _Stop as stops:
            ended = next(stop.ended for stop in stops.exceptions if isinstance(stop, _Stop))
        return ended

    async def finish(self, requests: Sequence[PlannedRequest], ended: Ended, finished_at: str) -> None:
        """Keep a cancelled row for every request without an answer, and how the sweep ended.

        A ledger that cannot be written is logged: the sweep has ended all the same.
        """
        left = [request for request in requests if request.request_id not in self._answered]
        rows = [self._cancelled(request, finished_at) for request in left]
        try:
            await self._in_ledger(self._ledger.append, self._sweep_id, rows)
            await self._in_ledger(self._ledger.finish, self._sweep_id, ended.state, ended.message)
        except (sqlite3.Error, PlokedError):
            _log.exception("The end of sweep %s could not be written to the ledger.", self._sweep_id)
        self._thread.shutdown(wait=False)
        for row in rows:
            if row.request_id in self._started:
                self._on_row(row)

    async def _work(self, pending: Iterator[PlannedRequest], cancel: asyncio.Event) -> None:
        for request in pending:
            if cancel.is_set():
                return
            self._started.add(request.request_id)
            answered = await self._ask(request)
            await self._keep(answered)
            if answered.stop is not None:
                raise _Stop(answered.stop)

    async def _keep(self, answered: Answered) -> None:
        row = answered.row
        self._answered.add(row.request_id)
        try:
            # The write goes on even if the sweep is stopped meanwhile: the answer is paid for.
            await asyncio.shield(
                self._in_ledger(self._ledger.append, self._sweep_id, [row], answered.answer, answered.comparison)
            )
        except (sqlite3.Error, PlokedError) as error:
            raise _Stop(Ended("failed", f"A result could not be written to the ledger: {error}.")) from error
        self._on_row(row)

    def _cancelled(self, request: PlannedRequest, finished_at: str) -> SweepRow:
        under_way = request.request_id in self._started
        error = "stopped under way; the upstream may have billed it" if under_way else None
        return planned_row(request, status="cancelled", error=error, finished_at=finished_at)

    async def _in_ledger(self, call: Callable[..., None], *arguments: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)


async def _stop_when(cancel: asyncio.Event) -> None:
    await cancel.wait()
    raise _Stop(Ended("cancelled"))
