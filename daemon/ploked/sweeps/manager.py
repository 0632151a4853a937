"""The sweeps of this process: launch, follow, cancel. The ledger remembers earlier ones, and those of others."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from ploked_protocol.errors import ErrorData, MissingKey, PlokedError
from ploked_protocol.plans import PlanVersusActual, RoutePlan
from ploked_protocol.preferences import LLMParameters
from ploked_protocol.sweeps import (
    LaunchSweepParams,
    SweepCancelled,
    SweepLaunched,
    SweepProgress,
    SweepResults,
    SweepRow,
    SweepStarted,
    SweepState,
)
from ploked_protocol.wire import encode

from ..keys.store import Found
from ..secret import Secret
from .compare import in_words
from .elsewhere import Elsewhere
from .grid import PlannedRequest, left_out, plan_requests
from .ledger import Ledger
from .pool import Ended
from .rows import sort_rows
from .run import SweepRunner
from .standing import INTERRUPTED

_log = logging.getLogger(__name__)


@dataclass
class _Running:
    """A sweep under way, and how far it is."""

    total: int
    task: asyncio.Task[None] | None = None
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    done: int = 0
    failed: int = 0
    told_end: bool = False


class SweepManager:
    """Runs sweeps in the background; `on_start` hears of every beginning, `on_progress` of every row and end.

    Each sweep looks for its key anew, in a thread: one that is set now works for the next.
    """

    def __init__(
        self, find_key: Callable[[], Found], make_runner: Callable[[Secret], SweepRunner], ledger: Ledger
    ) -> None:
        self.on_start: Callable[[SweepStarted], None] = lambda _: None
        self.on_progress: Callable[[SweepProgress], None] = lambda _: None
        self._find_key = find_key
        self._make_runner = make_runner
        self._ledger = ledger
        self._sweeps: dict[str, _Running] = {}
        self._finding: asyncio.Task[Found] | None = None
        self.elsewhere = Elsewhere(ledger, lambda told: self.on_progress(told), self._end)
        self.is_heard = True
        """Whether anybody hears what is told; else another process tells of the end of sweeps later."""
        self._heard: list[str] = []
        """Sweeps whose end has been heard of, which the ledger is still to hold."""

    @property
    def running(self) -> int:
        """Return how many sweeps are under way in this process."""
        return len(self._sweeps)

    async def launch(self, params: LaunchSweepParams, plan: RoutePlan, names: Sequence[str] = ()) -> SweepLaunched:
        """Begin a sweep over `plan`; raises MissingKey, InvalidParams, NoEligibleEndpoint.

        `names` are the ids and slugs by which answers may give the model; none where the upstream chooses it.
        """
        runner = self._make_runner(await self._key())
        requests = await asyncio.to_thread(plan_requests, params, plan, names)
        sweep_id = f"sweep-{secrets.token_hex(6)}"
        place = self.elsewhere.place
        try:
            await asyncio.to_thread(self._ledger.create, sweep_id, plan.model, encode(params), requests, place)
        except sqlite3.Error as error:
            raise PlokedError(
                f"The sweep was not started, for its results could not be kept: {error}.",
                ErrorData(next_step="See whether the disk is full and the folder of the ledger can be written."),
            ) from error
        running = self._sweeps[sweep_id] = _Running(len(requests))
        self.on_start(SweepStarted(sweep_id, plan.model, len(requests)))
        running.task = asyncio.create_task(self._run(runner, sweep_id, requests, params.concurrency, running))
        self.elsewhere.attend()
        return SweepLaunched(sweep_id=sweep_id, requests=len(requests), message=left_out(params, plan))

    async def results(self, sweep_id: str, sort: str | None) -> SweepResults:
        """Return a sweep as far as it has come, also one of an earlier process; raises UnknownSweep, InvalidParams."""
        found = await asyncio.to_thread(self._ledger.results, sweep_id)
        if found.state == "running" and sweep_id not in self._sweeps:
            self.elsewhere.attend()
        return msgspec.structs.replace(found, rows=sort_rows(found.rows, sort))

    async def plan_versus_actual(self, sweep_id: str, request_id: str | None) -> PlanVersusActual:
        """Return how a sweep's answers compare with its plan, also one of an earlier process; raises UnknownSweep."""
        rows = await asyncio.to_thread(self._ledger.comparisons, sweep_id, request_id)
        deviating = sum(bool(row.deviations) for row in rows)
        return PlanVersusActual(sweep_id=sweep_id, rows=rows, deviating=deviating, message=in_words(rows))

    async def cancel(self, sweep_id: str) -> SweepCancelled:
        """Stop a sweep and return once nothing of it runs; raises UnknownSweep.

        Where another process runs it, and does not stop it soon, the state is "running" and the message says so.
        """
        running = self._sweeps.get(sweep_id)
        if running is not None and running.task is not None:
            running.cancel.set()
            await asyncio.wait([running.task])
        return await self.elsewhere.cancel(sweep_id)

    async def sent_params(self, sweep_id: str, request_id: str) -> tuple[str, LLMParameters]:
        """Return the model of a row and the parameters its body held; raises UnknownSweep."""
        body, _ = await asyncio.to_thread(self._ledger.exchange, sweep_id, request_id)
        sent: dict[str, Any] = {name: body[name] for name in LLMParameters.__struct_fields__ if name in body}
        return str(body["model"]), msgspec.convert(sent, LLMParameters)

    def interrupt(self) -> None:
        """Stop all sweeps at once, and tell of their end while somebody is there to hear of it."""
        for sweep_id, running in self._sweeps.items():
            if running.task is not None and not running.told_end:
                self._tell(sweep_id, running, "cancelled", message=INTERRUPTED)
                running.task.cancel()

    async def aclose(self) -> None:
        """Stop all sweeps; what came back is in the ledger."""
        await self.elsewhere.aclose()
        tasks = [running.task for running in self._sweeps.values() if running.task is not None]
        self.interrupt()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._keep_heard()
        await asyncio.to_thread(self._ledger.close)

    async def _keep_heard(self) -> None:
        """Keep of which ends somebody has heard; what is not kept is told once more."""
        heard, self._heard = self._heard, []
        try:
            if heard:
                await asyncio.to_thread(self._ledger.heard, heard)
        except (sqlite3.Error, PlokedError):
            _log.exception("That editors have heard of the end of sweeps could not be written to the ledger.")

    def _end(self, sweep_id: str) -> None:
        if sweep_id in self._sweeps:
            self._sweeps[sweep_id].cancel.set()

    async def _found(self) -> Found:
        """Return what became of the search for a key; who asks during one that a keyring keeps waiting waits for it."""
        if self._finding is None or self._finding.done():
            self._finding = asyncio.create_task(asyncio.to_thread(self._find_key))
        return await asyncio.shield(self._finding)

    async def _key(self) -> Secret:
        found = await self._found()
        if found.key is None:
            why = found.problem or "Set one with `ploked keys set openrouter`."
            raise MissingKey(
                f"A sweep sends requests, and there is no API key. {why}",
                ErrorData(
                    next_step="Run `ploked keys set openrouter`, and launch the sweep again. (The daemon also takes "
                    "OPENROUTER_API_KEY from the environment that it is started in.)"
                ),
            )
        return found.key

    async def _run(
        self,
        runner: SweepRunner,
        sweep_id: str,
        requests: list[PlannedRequest],
        concurrency: int,
        running: _Running,
    ) -> None:
        def on_row(row: SweepRow) -> None:
            running.done += 1
            running.failed += row.status == "error"
            self._tell(sweep_id, running, "running", row)

        try:
            ended = await runner.run(sweep_id, requests, concurrency, on_row, running.cancel)
        except Exception:  # noqa: BLE001  whatever it is, those who follow the sweep must learn that it has ended
            _log.exception("Sweep %s broke.", sweep_id)
            ended = Ended("failed", "The sweep broke: a bug in ploked. Its log says more.")
        finally:
            del self._sweeps[sweep_id]
        self._tell(sweep_id, running, ended.state, message=ended.message)
        await self._keep_heard()

    def _tell(
        self,
        sweep_id: str,
        running: _Running,
        state: SweepState,
        row: SweepRow | None = None,
        message: str | None = None,
    ) -> None:
        if running.told_end:
            return
        if state != "running":
            running.told_end = True
            self._heard += [sweep_id] if self.is_heard else []
        self.on_progress(
            SweepProgress(sweep_id, state, running.done, running.total, running.failed, row=row, message=message)
        )
