"""A SQLite file that may be thrown away: whatever is wrong with it or its disk, work goes on without it.

A damaged file is put aside and a new one begun. A file that cannot be written is still read. A locked one, or a full
disk, costs a warning.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..paths import make_private

R = TypeVar("R")

BUSY_TIMEOUT_S = 0.25
"""How long to wait for another process that writes; then the file is passed over this once."""
OPENING_S = 0.1
"""The same for one that only reads: those who write do not keep it waiting but for moments, at their start and end."""
KEPT_DAMAGED = 3
"""How many damaged files are kept; `.damaged-1` is the latest."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""SQLITE_ERROR says that a table has not the columns it should: another program's file, or a later version's."""
_UNWRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}

_LOSS = (
    "Answers come from memory, and after a restart from the network. Make room there, or set PLOKED_CACHE_DIR to a "
    "folder that can be written."
)

_log = logging.getLogger(__name__)


class DisposableFile:
    """The database at `path` with the tables of `schema`. Any thread may call it; calls wait for each other.

    Nothing is opened before the first call.
    """

    def __init__(self, path: Path, schema: str, loss: str = _LOSS) -> None:
        """Take the file; `loss` tells people what it means when it is of no use, and what to do."""
        self._path = path
        self._loss = loss
        self._schema = schema
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._inode: int | None = None
        """Of the file that was opened; None when it was new."""
        self._frozen = False
        """Whether it is only read, because it or its folder cannot be written."""
        self.trouble = ""
        """Why the file is of no use, and what that means, for people; empty again once a write has succeeded."""
        self._timeout_s = OPENING_S
        """How long the next opening waits: a start reads several times, and waits once."""

    def read(self, work: Callable[[sqlite3.Connection], R], otherwise: R) -> R:
        """Return what `work` does with the open file, or `otherwise` when the disk does not let it."""
        with self._lock:
            try:
                return self._on_sound_file(work)
            except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
                self._close()  # the next call opens it again: the disk may have room by then
                self._timeout_s = 0.0
                self._warn(error)
                return otherwise

    def write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do `work`, which sees to its own transaction; a warning says so when the disk does not let it."""

        def all_is_well_again(db: sqlite3.Connection) -> None:
            work(db)
            self.trouble = ""

        with self._lock:
            self._timeout_s = BUSY_TIMEOUT_S
            if self._frozen:
                self._close()  # it may be writable by now
        self.read(all_is_well_again, None)

    def close(self) -> None:
        """Release the file; a later call opens it again."""
        with self._lock:
            self._close()

    def _on_sound_file(self, work: Callable[[sqlite3.Connection], R]) -> R:
        try:
            return work(self._opened())
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if _code(error) not in _DAMAGE:
                raise
            self._begin_anew(error)
            return work(self._opened())

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            make_private(str(self._path.parent))
            self._inode = _inode(self._path)
            self._frozen = False
            try:
                self._db = _connect(self._path, self._schema, self._timeout_s)
            except sqlite3.OperationalError as error:
                if _code(error) not in _UNWRITABLE or self._inode is None:
                    raise
                self._frozen = True
                self._warn(error)
                self._db = _connect_frozen(self._path)
        return self._db

    def _begin_anew(self, error: Exception) -> None:
        """Put the damaged file aside, unless another process has done so already; raises what forbids it."""
        self._close()
        if self._frozen:
            raise error
        if self._inode in (None, _inode(self._path)):
            aside = _set_aside(self._path)
            _log.warning("%s was damaged (%s). A new one is begun; the old one is %s.", self._path, error, aside.name)

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _warn(self, error: Exception) -> None:
        """Say once, until a write succeeds again, that the file is of no use."""
        text = f"{self._path} cannot be {'written' if self._frozen else 'used'} ({error}). {self._loss}"
        if not self.trouble:
            _log.warning("%s", text)
        self.trouble = text


def _connect(path: Path, schema: str, timeout_s: float) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=timeout_s, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(schema)
        _check(db)
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}")
    except (sqlite3.Error, UnicodeDecodeError):
        db.close()
        raise
    return db


def _connect_frozen(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads: WAL needs two files beside the database, unless it is said not to change."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)


def _check(db: sqlite3.Connection) -> None:
    """Raise when a page is damaged: now rather than in the middle of a write. Takes 2 ms for the whole catalog."""
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _set_aside(path: Path) -> Path:
    """Rename the database, with its write-ahead log, and return its new name; raises OSError."""
    for number in range(KEPT_DAMAGED, 0, -1):
        source = path if number == 1 else _damaged(path, number - 1)
        for suffix in ("-wal", ""):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{source}{suffix}").replace(f"{_damaged(path, number)}{suffix}")
    Path(f"{path}-shm").unlink(missing_ok=True)  # an index of the log, which SQLite works out again
    return _damaged(path, 1)


def _damaged(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.damaged-{number}")


def _code(error: Exception) -> int:
    """Return the primary result code of SQLite; 0 when the error is Python's own.

    A message that quotes a damaged schema may be no UTF-8: Python then fails to read the message.
    """
    if isinstance(error, UnicodeDecodeError):
        return sqlite3.SQLITE_CORRUPT
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _inode(path: Path) -> int | None:
    return path.stat().st_ino if path.exists() else None
