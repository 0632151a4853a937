"""Sweeps of other processes, which meet in the ledger: another Python has one there."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from e2e.places import eventually
from ploked.sweeps import elsewhere
from ploked.sweeps.elsewhere import Elsewhere
from ploked.sweeps.ledger import Ledger
from ploked.sweeps.standing import Standing
from ploked_protocol.errors import UnknownSweep
from ploked_protocol.sweeps import SweepProgress

PROGRAM = """
import sys
from pathlib import Path
from ploked.sweeps.ledger import Ledger
from ploked_protocol.sweeps import SweepRow
ledger = Ledger(Path(sys.argv[1]))
ledger.create("s1", "m/m", b"{}", [], "/the/place")
for line in sys.stdin:
    word, *rest = line.split()
    if word == "row":
        ledger.append("s1", [SweepRow(request_id=rest[0], label="", params={}, tag=None, status=rest[1])])
    else:
        ledger.finish("s1", word)
    print(flush=True)
"""


class Other:
    """A process that runs a sweep."""

    def __init__(self, path: Path) -> None:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", PROGRAM, str(path)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, text=True)

    def does(self, *steps: str) -> None:
        """Have it append rows (`row r1 ok`) or end its sweep (`done`)."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        for step in steps:
            print(step, file=self.process.stdin, flush=True)
            self.process.stdout.readline()


class CountingLedger(Ledger):
    """A ledger that counts how often it was looked into."""

    looks = 0

    def look(self, read: Mapping[str, int], place: str | None = None) -> list[Standing]:
        self.looks += 1
        return super().look(read, place)


class Follower:
    """One who follows what others do, and what it was told."""

    def __init__(self, path: Path) -> None:
        self.ledger = CountingLedger(path)
        self.told: list[SweepProgress] = []
        self.asked: list[str] = []
        self.elsewhere = Elsewhere(self.ledger, self.told.append, self.asked.append)

    @property
    def words(self) -> list[tuple[str, int, int, str | None]]:
        """Return state, rows, failures and the latest row of all that was told."""
        return [(one.state, one.done, one.failed, one.row.request_id if one.row else None) for one in self.told]

    async def looked(self) -> None:
        """Return once it looks no more."""
        await eventually(lambda: self.elsewhere._task is None or self.elsewhere._task.done())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sweeps.db"


@pytest.fixture
def follower(path: Path) -> Follower:
    return Follower(path)


@pytest.fixture
def other(path: Path) -> Iterator[Other]:
    one = Other(path)
    yield one
    one.process.kill()
    one.process.communicate()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "EVERY_S", 0.01)
    monkeypatch.setattr(elsewhere, "ASKED_S", 0.1)


pytestmark = pytest.mark.usefixtures("quick")


async def test_rows_that_had_come_are_told_by_the_last_of_them_and_later_ones_one_by_one(
    other: Other, follower: Follower
) -> None:
    other.does("row r1 ok", "row r2 error")
    follower.elsewhere.attend()
    await eventually(lambda: follower.told)
    other.does("row r3 ok", "row r4 ok", "row never-sent cancelled", "done")
    await eventually(lambda: follower.words[-1][0] == "done")
    assert follower.words == [
        ("running", 2, 1, "r2"),
        ("running", 3, 1, "r3"),
        ("running", 4, 1, "r4"),
        ("done", 4, 1, None),
    ]


async def test_one_that_runs_is_known_with_its_process_and_told_to_who_comes_later(
    other: Other, follower: Follower
) -> None:
    other.does("row r1 ok")
    await follower.elsewhere.attend_if_any()
    await eventually(lambda: follower.told)
    assert follower.elsewhere.running == {"s1": other.process.pid}
    assert follower.elsewhere.told == follower.told[-1:]


async def test_the_end_of_one_is_told_for_a_while_to_who_comes_later(
    other: Other, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.does("row r1 ok")
    follower.elsewhere.attend()
    await eventually(lambda: follower.told)
    other.does("done")
    await eventually(lambda: not follower.elsewhere.running)
    assert [one.state for one in follower.elsewhere.told] == ["done"]
    monkeypatch.setattr(elsewhere, "KEPT_S", -1.0)
    assert follower.elsewhere.told == []


async def test_one_whose_process_is_killed_is_told_as_ended_though_nobody_asks_what_became_of_it(
    other: Other, follower: Follower
) -> None:
    other.does("row r1 ok")
    follower.elsewhere.attend()
    await eventually(lambda: follower.told)
    other.process.kill()  # and nobody waits for it: its id stays
    await eventually(lambda: follower.words[-1] == ("cancelled", 1, 0, None))
    assert str(follower.told[-1].message).startswith("ploked ended while this sweep ran")


async def test_who_only_follows_one_leaves_its_end_to_the_next_process_of_its_place(
    other: Other, follower: Follower, path: Path
) -> None:
    other.does("row r1 ok")
    follower.elsewhere.attend()
    await eventually(lambda: follower.told)
    other.does("done")
    await follower.looked()
    heir = Follower(path)
    heir.elsewhere.place = "/the/place"
    await heir.elsewhere.attend_if_any()
    await eventually(lambda: heir.told[-1:] == follower.told[-1:])


async def test_an_end_is_told_by_the_next_process_of_its_place_once_and_by_no_other(other: Other, path: Path) -> None:
    other.does("row r1 ok", "done")
    stranger, heir, late = Follower(path), Follower(path), Follower(path)
    heir.elsewhere.place = late.elsewhere.place = "/the/place"
    for one in (stranger, heir, late):
        await one.elsewhere.attend_if_any()
        await one.looked()
    assert (stranger.words, heir.words, late.words) == ([], [("running", 1, 0, "r1"), ("done", 1, 0, None)], [])


async def test_nothing_is_looked_at_once_none_runs(other: Other, follower: Follower) -> None:
    other.does("done")
    follower.elsewhere.attend()
    await follower.looked()
    assert follower.ledger.looks == 1


async def test_where_there_is_no_ledger_none_is_made(follower: Follower, path: Path) -> None:
    await follower.elsewhere.attend_if_any()
    assert follower.ledger.looks == 0
    assert not path.exists()


async def test_of_ours_those_are_ended_that_another_process_wants_ended(follower: Follower, path: Path) -> None:
    for sweep_id in ("ours", "other"):
        follower.ledger.create(sweep_id, "m/m", b"{}", [])
    follower.elsewhere.attend()
    Ledger(path).ask_to_end(["ours"])
    await eventually(lambda: follower.asked)
    assert set(follower.asked) == {"ours"}
    assert follower.told == []
    await follower.elsewhere.aclose()


async def test_who_wants_one_ended_hears_whether_it_was(other: Other, follower: Follower) -> None:
    other.does("row r1 ok")
    still = await follower.elsewhere.cancel("s1")
    assert still.state == "running"
    assert f"Process {other.process.pid} runs this sweep; it was asked to end it, and has not yet" in str(still.message)
    other.does("cancelled")
    ended = await follower.elsewhere.cancel("s1")
    assert (ended.state, ended.message) == ("cancelled", None)
    assert follower.words[-1] == ("cancelled", 1, 0, None)
    with pytest.raises(UnknownSweep):
        await follower.elsewhere.cancel("unknown")


async def test_a_ledger_that_can_be_read_no_more_ends_it(
    other: Other, follower: Follower, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other.does("row r1 ok")
    follower.elsewhere.attend()
    await eventually(lambda: follower.told)

    def breaks(*_arguments: object) -> list[Standing]:
        raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr(follower.ledger, "look", breaks)
    await eventually(lambda: not follower.elsewhere.running)
    assert "followed no more" in caplog.text
