"""The manager of sweeps: whatever becomes of one, those who follow it learn of its end."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from ploked.keys.store import Found
from ploked.secret import Secret
from ploked.sweeps.ledger import Ledger
from ploked.sweeps.manager import SweepManager
from ploked.sweeps.run import SweepRunner
from ploked_protocol.errors import MissingKey, PlokedError
from ploked_protocol.sweeps import SweepProgress
from sweep_cases import axis, endpoint, launch, route

HEAT = axis("temperature", "0", "1", 3)
PLAN = route(endpoint("one"))


class BrokenRunner(SweepRunner):
    """A runner with a bug."""

    def __init__(self) -> None:
        """Need nothing."""

    async def run(self, *_arguments: Any) -> Any:
        raise KeyError("surprise")


def manager_of(ledger: Ledger) -> SweepManager:
    return SweepManager(lambda: Found(Secret("made-up-key"), "file"), lambda _: BrokenRunner(), ledger)


def _no_runner(_key: Secret) -> SweepRunner:
    raise AssertionError("there is no key to run with")


class FullLedger(Ledger):
    """A ledger on a disk that is full."""

    def create(self, *_arguments: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "sweeps.db")


async def test_a_sweep_that_breaks_is_told_as_failed_and_no_longer_counted(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    manager, told = manager_of(ledger), asyncio.Queue[SweepProgress]()
    manager.on_progress = told.put_nowait
    launched = await manager.launch(launch(HEAT), PLAN)
    assert (launched.requests, told.qsize()) == (3, 0)
    last = await asyncio.wait_for(told.get(), 15)
    assert (last.sweep_id, last.state, last.done) == (launched.sweep_id, "failed", 0)
    assert "a bug in ploked" in str(last.message)
    assert manager.running == 0
    assert "surprise" in caplog.text
    await manager.aclose()


async def test_a_sweep_whose_results_could_not_be_kept_is_not_started(tmp_path: Path) -> None:
    manager = manager_of(FullLedger(tmp_path / "sweeps.db"))
    with pytest.raises(PlokedError, match="disk is full") as raised:
        await manager.launch(launch(HEAT), PLAN)
    assert "disk" in str(raised.value.data.next_step)
    assert manager.running == 0


async def test_without_a_key_nothing_is_planned_or_written(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(MissingKey, match="chmod 600 keys") as raised:
        await SweepManager(lambda: Found(problem="Mend it: chmod 600 keys"), _no_runner, ledger).launch(
            launch(HEAT), PLAN
        )
    assert "ploked keys set openrouter" in str(raised.value.data.next_step)
    assert list(tmp_path.iterdir()) == []
