"""The ledger: what every sweep sent and what came back, in a file of its own. Migrated, never dropped."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from ploked_protocol.errors import UnknownSweep
from ploked_protocol.plans import PlannedAndActual
from ploked_protocol.sweeps import SweepResults, SweepRow, SweepState
from ploked_protocol.wire import decoder, encode

from ..store.transactions import writing
from .grid import PlannedRequest
from .ledger_file import open_ledger
from .owners import this_process
from .rows import best_row, total_cost
from .standing import Standing, end_orphans, mark, running, standing, unheard

if TYPE_CHECKING:
    from sqlite_utils import Database  # at run time it is imported on first use: its 80 ms would delay `initialize`

MAX_ANSWER = 256 << 10
"""Characters kept of one answer."""

_ROW = decoder(SweepRow)
_COMPARISON = decoder(PlannedAndActual)


class Ledger:
    """The sweeps in the file at `path`, which is opened on first use.

    Synchronous, for calls in a thread; any thread will do. What a method has written is safe when it returns. Every
    method raises PlokedError when the file cannot be opened, sqlite3.Error when it cannot be read or written.
    """

    def __init__(self, path: Path, *, now_s: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now_s = now_s
        self._lock = threading.Lock()
        self._opened: Database | None = None

    def create(
        self,
        sweep_id: str,
        model: str,
        params: bytes,
        requests: Sequence[PlannedRequest],
        place: str | None = None,
    ) -> None:
        """Begin a sweep of this process, the daemon at `place`; `params` are those of its launch, as JSON."""
        shared = _shared([request.body for request in requests])
        sweep = {
            "sweep_id": sweep_id,
            "model": model,
            "params": params.decode(),
            "shared": encode(shared).decode(),
            "total": len(requests),
            "state": "running",
            "owner": this_process(),
            "place": place,
            "unheard": 1,
            "started_s": int(self._now_s()),
        }
        sent = (
            {
                "sweep_id": sweep_id,
                "request_id": request.request_id,
                "sent": encode({key: value for key, value in request.body.items() if key not in shared}).decode(),
            }
            for request in requests
        )
        with self._lock, writing(self._db()) as db:
            db.table("sweeps").insert(sweep)
            db.table("requests").insert_all(sent)

    def append(
        self,
        sweep_id: str,
        rows: Iterable[SweepRow],
        answer: bytes | None = None,
        comparison: PlannedAndActual | None = None,
    ) -> None:
        """Keep results, with the `answer` they were read from and how it compares with the plan.

        A request that has a result already keeps that.
        """
        compared = encode(comparison).decode() if comparison is not None else None
        text = answer.decode(errors="replace")[:MAX_ANSWER] if answer is not None else None
        results = [
            {
                "sweep_id": sweep_id,
                "request_id": row.request_id,
                "row": encode(row).decode(),
                "answer": text,
                "comparison": compared,
            }
            for row in rows
        ]
        with self._lock, writing(self._db()) as db:
            db.table("results").insert_all(results, ignore=True)

    def finish(self, sweep_id: str, state: SweepState, message: str | None = None) -> None:
        """End a sweep that runs; one that has ended keeps its state."""
        with self._lock, writing(self._db()) as db:
            running = "UPDATE sweeps SET state = ?, message = ? WHERE sweep_id = ? AND state = 'running'"
            db.execute(running, [state, message, sweep_id])

    def results(self, sweep_id: str) -> SweepResults:
        """Return a sweep as far as it has come, rows in the order they arrived; raises UnknownSweep."""
        with self._lock:
            db = self._db()
            sweep = _one(db, "SELECT * FROM sweeps WHERE sweep_id = ?", sweep_id)
            found = db.query("SELECT row FROM results WHERE sweep_id = ? ORDER BY rowid", [sweep_id])
            rows = [_ROW.decode(each["row"]) for each in found]
        best = best_row(rows)
        return SweepResults(
            sweep_id=sweep_id,
            state=sweep["state"],
            rows=rows,
            model=sweep["model"],
            total=sweep["total"],
            cost=total_cost(rows),
            best=best.request_id if best is not None else None,
            message=sweep["message"],
        )

    @property
    def has_running(self) -> bool:
        """Return whether any sweep may run, of whichever process, or has an end that nobody has heard of.

        It is cheap, and nothing is made where there is no file.
        """
        try:
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as db:
                query = "SELECT 1 FROM sweeps WHERE state = 'running' OR unheard LIMIT 1"
                return db.execute(query).fetchone() is not None
        except sqlite3.Error:  # no file yet, or one of an earlier version, which has none that is unheard
            return self._path.exists()

    def look(self, read: Mapping[str, int], place: str | None = None) -> list[Standing]:
        """Return how all sweeps stand that run, those of `read`, and those of `place` whose end nobody heard of.

        `read` says up to where their rows are known; those of this process come without rows. Sweeps whose process is
        gone are ended first. The ends at `place` count as heard of from then on.
        """
        with self._lock:
            db = self._db()
            end_orphans(db)
            ended = unheard(db, place)
            wanted = dict.fromkeys([*running(db), *read, *ended])
            found = [standing(db, sweep_id, read.get(sweep_id, 0)) for sweep_id in wanted]
            if ended:
                mark(db, "unheard = 0", ended)
        return found

    def ask_to_end(self, sweep_ids: Iterable[str]) -> None:
        """Leave word for the processes that run these sweeps that they are to end them."""
        with self._lock:
            mark(self._db(), "to_end = 1", sweep_ids)

    def heard(self, sweep_ids: Iterable[str]) -> None:
        """Take note that editors have heard of the end of these sweeps."""
        with self._lock:
            mark(self._db(), "unheard = 0", sweep_ids)

    def standing(self, sweep_id: str) -> Standing:
        """Return how a sweep stands; raises UnknownSweep."""
        with self._lock:
            db = self._db()
            end_orphans(db)
            return standing(db, sweep_id, sys.maxsize)

    def running_at(self, place: str) -> list[Standing]:
        """Return how the sweeps stand that daemons at `place` run: the one that serves, and those that have left."""
        with self._lock:
            db = self._db()
            end_orphans(db)
            return [standing(db, sweep_id, sys.maxsize) for sweep_id in running(db, place)]

    def comparisons(self, sweep_id: str, request_id: str | None = None) -> list[PlannedAndActual]:
        """Return how results compare with their plan, in the order they arrived, of one request or of all.

        A request without a result yet has no comparison. Raises UnknownSweep.
        """
        with self._lock:
            db = self._db()
            sweep = _one(db, "SELECT model FROM sweeps WHERE sweep_id = ?", sweep_id)
            if request_id is not None:
                _one(db, "SELECT 1 FROM requests WHERE sweep_id = ? AND request_id = ?", sweep_id, request_id)
            results = "SELECT row, comparison FROM results WHERE sweep_id = ? AND request_id = coalesce(?, request_id)"
            found = list(db.query(f"{results} ORDER BY rowid", [sweep_id, request_id]))
        return [_comparison(sweep["model"], each) for each in found]

    def exchange(self, sweep_id: str, request_id: str) -> tuple[dict[str, Any], str | None]:
        """Return the body that was sent and the text that came back, None when nothing did; raises UnknownSweep."""
        with self._lock:
            found = _one(
                self._db(),
                "SELECT shared, sent, answer FROM requests JOIN sweeps USING (sweep_id)"
                " LEFT JOIN results USING (sweep_id, request_id) WHERE sweep_id = ? AND request_id = ?",
                sweep_id,
                request_id,
            )
        return {**msgspec.json.decode(found["shared"]), **msgspec.json.decode(found["sent"])}, found["answer"]

    def close(self) -> None:
        """Release the file; a later call opens it again."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    def _db(self) -> Database:
        if self._opened is None:
            self._opened = open_ledger(self._path)
        return self._opened


def _comparison(model: str, result: dict[str, Any]) -> PlannedAndActual:
    """Return the comparison that was kept, else what the row says: nothing came back, or an earlier version kept it."""
    if result["comparison"] is not None:
        return _COMPARISON.decode(result["comparison"])
    row = _ROW.decode(result["row"])
    return PlannedAndActual(
        request_id=row.request_id,
        planned_model=model,
        planned_tags=[row.tag] if row.tag is not None else [],
        planned_cost=None,
        actual_model=row.served_model,
        actual_provider=row.served_by,
        actual_tag=row.served_tag,
        actual_cost=row.cost if row.cost_source == "reported" else None,
    )


def _one(db: Database, sql: str, *values: str) -> dict[str, Any]:
    for found in db.query(sql, values):
        return dict(found)
    raise UnknownSweep(f"There is no sweep or row {' / '.join(values)!r} in the ledger.")


def _shared(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what all bodies have in common: the very same object, as the messages are."""
    first, *others = bodies or [{}]
    return {key: value for key, value in first.items() if all(other.get(key) is value for other in others)}
