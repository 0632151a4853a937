"""What the user picks and likes, on disk. Several daemons may write one file: what each counts adds up."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from ..search.picks import LEAST_WEIGHT, Pick, Picks
from .disposable import DisposableFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS picks
    (model TEXT, endpoint TEXT, weight REAL, at_s REAL, PRIMARY KEY (model, endpoint));
CREATE TABLE IF NOT EXISTS favourites (model TEXT PRIMARY KEY, since_s REAL);
"""
_LOSS = "What you pick is kept until ploked ends. Make room there, or set PLOKED_CACHE_DIR to a folder for it."


class PicksFile:
    """The file at `path`. Synchronous: call it in a thread. Nothing is opened before the first call.

    A damaged file is put aside and a new one begun. Whatever is wrong with the disk costs a warning in the log.
    """

    def __init__(self, path: Path) -> None:
        self._file = DisposableFile(path, _SCHEMA, _LOSS)

    @property
    def trouble(self) -> str:
        """Return why nothing is kept, and what that means, for people; empty while all is."""
        return self._file.trouble

    def load(self, now_s: float) -> Picks:
        """Return what is kept, without what was picked too long ago to count; what lies in the future is of now."""

        def read(db: sqlite3.Connection) -> Picks:
            known = (msgspec.structs.replace(pick, at_s=min(pick.at_s, now_s)) for pick in _picks(db))
            picks = (pick for pick in known if pick.decayed(now_s) >= LEAST_WEIGHT)
            liked = db.execute("SELECT CAST(model AS TEXT) FROM favourites ORDER BY since_s, rowid")
            return Picks(picks, (model for (model,) in liked if model))

        return self._file.read(read, Picks())

    def record(self, model: str, endpoint: str, now_s: float) -> None:
        """Count one pick."""

        def work(db: sqlite3.Connection) -> None:
            before = _picks(db, "WHERE model = ? AND endpoint = ?", model, endpoint)
            pick = next(before, Pick(model, endpoint, 0.0, now_s)).again(now_s)
            db.execute("REPLACE INTO picks VALUES (?, ?, ?, ?)", [model, endpoint, pick.weight, pick.at_s])

        self._file.write(_in_one(work))

    def set_favourite(self, model: str, favourite: bool, now_s: float) -> None:
        """Keep that a model is a favourite, or is none."""

        def work(db: sqlite3.Connection) -> None:
            if favourite:
                db.execute("INSERT OR IGNORE INTO favourites VALUES (?, ?)", [model, now_s])
            else:
                db.execute("DELETE FROM favourites WHERE model = ?", [model])

        self._file.write(_in_one(work))

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def _picks(db: sqlite3.Connection, where: str = "", *values: str) -> Iterator[Pick]:
    """Yield the picks that can be read; a flipped bit costs its row."""
    columns = "CAST(model AS TEXT), CAST(endpoint AS TEXT), CAST(weight AS REAL), CAST(at_s AS REAL)"
    for model, endpoint, weight, at_s in db.execute(f"SELECT {columns} FROM picks {where}", values):  # noqa: S608  # our own text
        if model and weight is not None and at_s is not None and math.isfinite(weight + at_s) and weight > 0:
            yield Pick(model, endpoint or "", weight, at_s)


def _in_one(work: Callable[[sqlite3.Connection], None]) -> Callable[[sqlite3.Connection], None]:
    """Return `work` as one transaction, which waits until no other process writes."""

    def alone(db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        with db:
            work(db)

    return alone
