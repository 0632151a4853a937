"""How the sweeps of the ledger stand, whichever process runs them: how far they are, and whether they are to end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from ploked_protocol.errors import UnknownSweep
from ploked_protocol.sweeps import SweepRow, SweepState
from ploked_protocol.wire import decoder

from ..store.transactions import writing
from .owners import lives, pid_of, this_process

if TYPE_CHECKING:
    from sqlite_utils import Database  # at run time it is imported on first use: its 80 ms would delay `initialize`

INTERRUPTED = "ploked ended while this sweep ran; what had come back is here."

_ROW = decoder(SweepRow)


class Standing(msgspec.Struct, frozen=True):
    """A sweep, with its rows from a place on."""

    sweep_id: str
    state: SweepState
    message: str | None
    total: int
    pid: int
    """The process that runs it, or did."""
    is_ours: bool
    """Whether that is this process."""
    to_end: bool
    """Whether somebody has asked that process to end it."""
    rows: list[SweepRow]
    read: int
    """The place after the last of them."""


def standing(db: Database, sweep_id: str, read: int) -> Standing:
    """Return how a sweep stands, with its rows after the place `read` unless they are ours; raises UnknownSweep."""
    sql = "SELECT state, message, total, owner, to_end FROM sweeps WHERE sweep_id = ?"
    for sweep in db.query(sql, [sweep_id]):
        is_ours = sweep["owner"] == this_process()
        sql = "SELECT rowid, row FROM results WHERE sweep_id = ? AND rowid > ? ORDER BY rowid"
        found = [] if is_ours else list(db.query(sql, [sweep_id, read]))
        return Standing(
            sweep_id=sweep_id,
            state=sweep["state"],
            message=sweep["message"],
            total=sweep["total"],
            pid=pid_of(sweep["owner"]),
            is_ours=is_ours,
            to_end=bool(sweep["to_end"]),
            rows=[_ROW.decode(each["row"]) for each in found],
            read=found[-1]["rowid"] if found else read,
        )
    raise UnknownSweep(f"There is no sweep {sweep_id!r} in the ledger.")


def running(db: Database, place: str | None = None) -> list[str]:
    """Return the sweeps that run, of all processes, or of the daemons at `place`."""
    if place is None:
        return _ids(db, "state = 'running'")
    return _ids(db, "state = 'running' AND place = ?", [place])


def unheard(db: Database, place: str | None) -> list[str]:
    """Return the sweeps of earlier processes at `place` whose end nobody was there to hear of."""
    ended = "unheard = 1 AND state != 'running' AND place IS ? AND owner != ?"
    return _ids(db, ended, [place, this_process()])


def end_orphans(db: Database) -> None:
    """End the sweeps whose process is gone: killed, or without power. What had come back is there."""
    owners = {sweep["owner"] for sweep in db.query("SELECT owner FROM sweeps WHERE state = 'running'")}
    gone = [owner for owner in owners if not lives(owner)]
    if gone:
        with writing(db):
            ended = "UPDATE sweeps SET state = 'cancelled', message = ? WHERE owner = ? AND state = 'running'"
            for owner in gone:
                db.execute(ended, [INTERRUPTED, owner])


def mark(db: Database, change: str, sweep_ids: Iterable[str]) -> None:
    """Make a change of one column, such as `to_end = 1`, to sweeps."""
    with writing(db):
        for sweep_id in sweep_ids:
            db.execute(f"UPDATE sweeps SET {change} WHERE sweep_id = ?", [sweep_id])  # noqa: S608  no text of others


def _ids(db: Database, where: str, values: Iterable[str | None] = ()) -> list[str]:
    found = db.query(f"SELECT sweep_id FROM sweeps WHERE {where} ORDER BY rowid", list(values))  # noqa: S608  ours
    return [sweep["sweep_id"] for sweep in found]
