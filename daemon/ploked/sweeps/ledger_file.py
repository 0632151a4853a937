"""The file of the ledger: its tables, and how they came to be."""

from __future__ import annotations

import sqlite3
import time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ploked_protocol.errors import PlokedError

from ..paths import make_private
from ..store.transactions import writing
from .standing import end_orphans

if TYPE_CHECKING:
    from sqlite_utils import Database  # at run time it is imported on first use: its 80 ms would delay `initialize`

WAL_ATTEMPTS, WAL_PAUSE_S = 500, 0.01
"""As long as any other lock is waited for."""

MIGRATIONS = (
    (
        """CREATE TABLE sweeps (
            sweep_id TEXT PRIMARY KEY, model TEXT NOT NULL, params JSON NOT NULL, shared JSON NOT NULL,
            total INT NOT NULL, state TEXT NOT NULL, message TEXT, owner TEXT NOT NULL, started_s INT NOT NULL
        )""",
        """CREATE TABLE requests (
            sweep_id TEXT NOT NULL, request_id TEXT NOT NULL, sent JSON NOT NULL, PRIMARY KEY (sweep_id, request_id)
        )""",
        """CREATE TABLE results (
            sweep_id TEXT NOT NULL, request_id TEXT NOT NULL, row JSON NOT NULL, answer TEXT,
            PRIMARY KEY (sweep_id, request_id)
        )""",
    ),
    ("ALTER TABLE results ADD COLUMN comparison JSON",),
    (
        "ALTER TABLE sweeps ADD COLUMN place TEXT",
        "ALTER TABLE sweeps ADD COLUMN to_end INT NOT NULL DEFAULT 0",
        "ALTER TABLE sweeps ADD COLUMN unheard INT NOT NULL DEFAULT 0",
        "CREATE INDEX running ON sweeps (state) WHERE state = 'running'",
        "CREATE INDEX unheard ON sweeps (unheard) WHERE unheard = 1",
    ),
)
"""The statements that lead to each `user_version`; a new version adds some and changes none.

`shared` holds what all bodies of a sweep have in common (the messages), `sent` what each has of its own. The order of
`results` is that of arrival; `comparison` is how a result differs from its plan, as the facts were then: NULL in those
of earlier versions, and where nothing came back. `owner` is the process that runs a sweep, `place` the socket at which
it serves or served; `to_end` says that somebody wants that process to end it, `unheard` that nobody heard of its end.
"""


def open_ledger(path: Path) -> Database:
    """Return the database at `path`, made or migrated, with the sweeps of processes that are gone ended.

    Raises PlokedError when it cannot be opened, or when a later version has written it.
    """
    try:
        make_private(str(path.parent))
        connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
        try:
            return _prepared(connection, path)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError) as error:
        damaged = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        remedy = (
            "Move it away to begin a new one"
            if damaged
            else "See whether the disk is full and its folder can be written"
        )
        raise PlokedError(f"The ledger of sweeps, {path}, cannot be opened: {error}. {remedy}.") from error


def _prepared(connection: sqlite3.Connection, path: Path) -> Database:
    from sqlite_utils import Database  # imported late, see above

    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    db = Database(connection, execute_plugins=False)
    _migrate(db, path)
    end_orphans(db)
    return db


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; for this one switch SQLite does not wait while another process makes it too."""
    for _ in range(WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(WAL_PAUSE_S)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")


def _migrate(db: Database, path: Path) -> None:
    with writing(db):  # two processes may open a new file at once; the second finds it done
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise PlokedError(f"The ledger of sweeps, {path}, was written by a later version of ploked. Update ploked.")
        for statement in chain.from_iterable(MIGRATIONS[version:]):
            db.execute(statement)
        if version < len(MIGRATIONS):  # on a full disk, what is there can be read as long as nothing is written
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
