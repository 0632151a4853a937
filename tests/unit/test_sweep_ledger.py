"""The ledger keeps what was sent and what came back, whatever happens to the process."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ploked.sweeps.grid import PlannedRequest
from ploked.sweeps.ledger import Ledger
from ploked.sweeps.ledger_file import MIGRATIONS
from ploked.sweeps.rows import best_row, sort_rows
from ploked_protocol.errors import InvalidParams, PlokedError, UnknownSweep
from ploked_protocol.money import Money
from ploked_protocol.plans import Deviation, PlannedAndActual
from ploked_protocol.sweeps import SweepRow
from ploked_protocol.wire import builtins

MESSAGES = [{"role": "user", "content": "hello"}]


def row(request_id: str, **fields: Any) -> SweepRow:
    return SweepRow(request_id=request_id, label=request_id, **{"params": {}, "tag": "a", "status": "ok", **fields})


def request(request_id: str, heat: float = 0.2) -> PlannedRequest:
    body = {"model": "m/m", "messages": MESSAGES, "temperature": heat}
    return PlannedRequest(request_id, request_id, {"temperature": heat}, "a", body, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sweeps.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(path, now_s=lambda: 1_780_000_000)
    ledger.create("s1", "m/m", b'{"model":"m/m"}', [request("r1"), request("r2", 0.4), request("r3", 0.6)])
    yield ledger
    ledger.close()


class TestASweep:
    def test_begins_running_and_empty(self, ledger: Ledger) -> None:
        results = ledger.results("s1")
        assert (results.state, results.rows, results.total, results.model) == ("running", [], 3, "m/m")
        assert (results.cost, results.best) == (None, None)

    def test_holds_its_rows_in_the_order_they_arrived(self, ledger: Ledger) -> None:
        second, first = row("r2", cost=Money("0.00000008")), row("r1", latency_ms=12.5, params={"temperature": 0.2})
        ledger.append("s1", [second])
        ledger.append("s1", [first])
        assert ledger.results("s1").rows == [second, first]

    def test_keeps_the_first_result_of_a_request(self, ledger: Ledger) -> None:
        ledger.append("s1", [row("r1", summary="first")], b"first answer")
        ledger.append("s1", [row("r1", status="cancelled"), row("r2", status="cancelled")])
        assert [(each.request_id, each.status) for each in ledger.results("s1").rows] == [
            ("r1", "ok"),
            ("r2", "cancelled"),
        ]

    def test_keeps_what_was_sent_and_what_came_back(self, ledger: Ledger) -> None:
        ledger.append("s1", [row("r2")], '{"choices": "é"}'.encode())
        sent = {"model": "m/m", "messages": MESSAGES, "temperature": 0.4}
        assert ledger.exchange("s1", "r2") == (sent, '{"choices": "é"}')
        assert ledger.exchange("s1", "r3") == ({**sent, "temperature": 0.6}, None)

    def test_holds_a_long_prompt_once(self, path: Path) -> None:
        messages = [{"role": "user", "content": "x" * 1_000_000}]
        body = {"model": "m/m", "messages": messages}
        requests = [PlannedRequest(f"r{n}", "", {}, "a", {**body, "seed": n}, None) for n in range(50)]
        Ledger(path).create("s1", "m/m", b"{}", requests)
        assert sum(file.stat().st_size for file in path.parent.iterdir()) < 4_000_000
        assert Ledger(path).exchange("s1", "r7")[0] == {**body, "seed": 7}

    def test_ends_once(self, ledger: Ledger) -> None:
        ledger.finish("s1", "cancelled", "by hand")
        ledger.finish("s1", "done")
        assert (ledger.results("s1").state, ledger.results("s1").message) == ("cancelled", "by hand")

    def test_sums_what_is_known_of_the_cost(self, ledger: Ledger) -> None:
        ledger.append("s1", [row("r1", cost=Money("0.1")), row("r2"), row("r3", cost=Money("0.02"))])
        assert str(ledger.results("s1").cost) == "0.12"
        assert ledger.results("s1").best == "r3"

    @pytest.mark.parametrize("ask", [lambda it: it.results("nope"), lambda it: it.exchange("s1", "nope")])
    def test_that_is_unknown_is_an_error(self, ledger: Ledger, ask: Any) -> None:
        with pytest.raises(UnknownSweep, match="nope"):
            ask(ledger)


class TestTheFile:
    def test_is_there_again_after_closing(self, ledger: Ledger, path: Path) -> None:
        ledger.append("s1", [row("r1")])
        ledger.close()
        assert Ledger(path).results("s1").rows == [row("r1")] == ledger.results("s1").rows

    def test_takes_calls_of_many_threads_and_of_another_process_at_once(self, ledger: Ledger, path: Path) -> None:
        other = Ledger(path)
        ledger.create("many", "m/m", b"{}", [request(f"r{n}") for n in range(200)])
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: (ledger, other)[n % 2].append("many", [row(f"r{n}")]), range(200)))
        assert {each.request_id for each in ledger.results("many").rows} == {f"r{n}" for n in range(200)}

    def test_new_to_two_processes_at_once_is_made_once(self, path: Path) -> None:
        ledgers = [Ledger(path) for _ in range(8)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: ledgers[n].create(f"s{n}", "m/m", b"{}", []), range(8)))
        assert ledgers[0].results("s7").state == "running"

    def test_of_a_later_version_is_left_alone(self, path: Path) -> None:
        Ledger(path).create("s1", "m/m", b"{}", [])
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = 99")
        with pytest.raises(PlokedError, match="later version of ploked"):
            Ledger(path).results("s1")

    def test_that_is_no_ledger_is_left_alone_and_named(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"this is no database at all, but a letter" * 100)
        with pytest.raises(PlokedError, match=r"sweeps\.db, cannot be opened"):
            Ledger(path).results("s1")
        assert path.read_bytes().startswith(b"this is no database")


class TestComparisons:
    COMPARED = PlannedAndActual(
        request_id="r1",
        planned_model="m/m",
        planned_tags=["a"],
        planned_cost=Money("0.1"),
        actual_model="m/m-20260101",
        actual_provider="B",
        actual_tag="b",
        actual_cost=Money("0.2"),
        attempts=["a", "b"],
        deviations=[Deviation("servedOutsidePlan", "b served", "a", "b")],
    )

    def test_are_kept_for_the_next_process(self, ledger: Ledger, path: Path) -> None:
        ledger.append("s1", [row("r2")], b"{}", None)
        ledger.append("s1", [row("r1")], b"{}", self.COMPARED)
        ledger.close()
        kept = Ledger(path).comparisons("s1")
        assert [each.request_id for each in kept] == ["r2", "r1"]
        assert kept[1] == self.COMPARED

    def test_are_there_one_by_one(self, ledger: Ledger) -> None:
        ledger.append("s1", [row("r2")], b"{}")
        ledger.append("s1", [row("r1")], b"{}", self.COMPARED)
        assert ledger.comparisons("s1", "r1") == [self.COMPARED]
        assert ledger.comparisons("s1", "r3") == []

    @pytest.mark.parametrize("names", [("s2",), ("s1", "r9"), ("s2", "r1")])
    def test_of_what_is_not_in_the_ledger_are_refused(self, ledger: Ledger, names: tuple[str, ...]) -> None:
        with pytest.raises(UnknownSweep):
            ledger.comparisons(*names)

    def test_of_a_request_that_never_came_back_say_what_was_planned(self, ledger: Ledger) -> None:
        ledger.append("s1", [row("r1", status="cancelled")])
        (found,) = ledger.comparisons("s1")
        assert (found.planned_model, found.planned_tags, found.actual_model, found.deviations) == (
            "m/m",
            ["a"],
            None,
            [],
        )


class TestALook:
    """How sweeps of others are read is held by `test_sweep_elsewhere`."""

    def test_reads_no_rows_of_ours(self, ledger: Ledger) -> None:
        ledger.append("s1", [row("r1")])
        assert [(one.sweep_id, one.is_ours, one.rows) for one in ledger.look({})] == [("s1", True, [])]

    def test_says_whether_ours_are_to_end(self, ledger: Ledger, path: Path) -> None:
        assert [one.to_end for one in ledger.look({})] == [False]
        Ledger(path).ask_to_end(["s1"])
        assert [one.to_end for one in ledger.look({})] == [True]

    def test_finds_nothing_once_all_have_ended(self, ledger: Ledger) -> None:
        assert ledger.has_running
        ledger.finish("s1", "done")
        ledger.heard(["s1"])
        assert ledger.look({}) == []
        assert not ledger.has_running


class TestALedgerOfAnEarlierVersion:
    def test_is_migrated_and_keeps_every_row(self, path: Path) -> None:
        path.parent.mkdir()
        kept = row("r1", served_by="A", served_model="m/m-1", cost=Money("0.1"), cost_source="reported")
        old = {name: value for name, value in builtins(kept).items() if name not in ("servedTag", "deviations")}
        with sqlite3.connect(path) as db:
            for statement in MIGRATIONS[0]:
                db.execute(statement)
            db.execute("PRAGMA user_version = 1")
            db.execute("INSERT INTO sweeps VALUES ('s0', 'm/m', '{}', '{}', 1, 'done', NULL, '1:', 0)")
            db.execute("""INSERT INTO requests VALUES ('s0', 'r1', '{"model": "m/m"}')""")
            db.execute("INSERT INTO results VALUES ('s0', 'r1', ?, 'the answer')", [json.dumps(old)])
        ledger = Ledger(path)
        assert ledger.look({}) == []
        assert ledger.results("s0").rows == [kept]
        assert ledger.exchange("s0", "r1") == ({"model": "m/m"}, "the answer")
        (found,) = ledger.comparisons("s0")
        assert (found.actual_provider, found.actual_cost, found.planned_cost) == ("A", Money("0.1"), None)
        ledger.create("s1", "m/m", b"{}", [request("r1")])
        ledger.append("s1", [row("r1")], b"{}", TestComparisons.COMPARED)
        assert ledger.comparisons("s1") == [TestComparisons.COMPARED]


class TestAProcessThatDies:
    PROGRAM = """
import os, signal, sys
from pathlib import Path
from ploked.sweeps.ledger import Ledger
from ploked_protocol.sweeps import SweepRow
ledger = Ledger(Path(sys.argv[1]))
ledger.create("s1", "m/m", b"{}", [])
for n in range(20):
    ledger.append("s1", [SweepRow(request_id=f"r{n}", label="", params={}, tag=None, status="ok")])
os.kill(os.getpid(), signal.SIGKILL)
"""

    def test_leaves_every_row_and_a_sweep_that_is_cancelled(self, path: Path) -> None:
        command = [sys.executable, "-c", self.PROGRAM, str(path)]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
        assert done.returncode == -signal.SIGKILL
        results = Ledger(path).results("s1")
        assert [each.request_id for each in results.rows] == [f"r{n}" for n in range(20)]
        assert results.state == "cancelled"
        assert results.message is not None
        assert "ended while this sweep ran" in results.message

    @pytest.mark.usefixtures("ledger")
    def test_is_not_mistaken_for_one_that_lives(self, path: Path) -> None:
        assert Ledger(path).results("s1").state == "running"

    def test_leaves_a_sweep_that_has_ended_also_where_nobody_has_asked_what_became_of_it(self, path: Path) -> None:
        command = [sys.executable, "-c", self.PROGRAM, str(path)]
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert Ledger(path).results("s1").state == "cancelled"
        process.wait()

    def test_is_not_mistaken_for_the_next_process_with_its_id(self, ledger: Ledger, path: Path) -> None:
        ledger.close()
        with sqlite3.connect(path) as db:
            db.execute("UPDATE sweeps SET owner = ?", [f"{os.getpid()}:1"])
        assert ledger.results("s1").state == "cancelled"


class TestSorting:
    ROWS = [
        row("a", latency_ms=3.0, cost=Money("0.2"), tag="z"),
        row("b", latency_ms=None, cost=Money("0.1")),
        row("c", latency_ms=1.0, cost=None),
        row("d", latency_ms=3.0, cost=Money("0.1"), status="error"),
    ]

    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            (None, "abcd"),
            ("latencyMs", "cadb"),
            ("-latencyMs", "adcb"),
            ("cost", "bdac"),
            ("-cost", "abdc"),
            ("tag", "bcda"),
            ("finishReason", "abcd"),
        ],
    )
    def test_is_stable_and_puts_rows_without_the_value_last(self, sort: str | None, order: str) -> None:
        assert "".join(each.request_id for each in sort_rows(self.ROWS, sort)) == order

    @pytest.mark.parametrize("sort", ["latency", "-latency_ms", "", "-", "params"])
    def test_by_what_is_no_field_is_refused_and_lists_the_fields(self, sort: str) -> None:
        with pytest.raises(InvalidParams, match="There are: requestId, label, tag, status, latencyMs,") as caught:
            sort_rows(self.ROWS, sort)
        assert caught.value.data.path == "$.sort"
        assert sort not in caught.value.data.suggestions

    def test_the_best_row_is_ok_then_cheap_then_fast(self) -> None:
        fast = row("e", latency_ms=1.0, cost=Money("0.2"))
        assert best_row([*self.ROWS, fast]) == self.ROWS[1]
        assert best_row([self.ROWS[0], fast]) == fast
        assert best_row([self.ROWS[2], self.ROWS[0]]) == self.ROWS[0]
        assert best_row([self.ROWS[3]]) is None
