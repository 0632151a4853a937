"""Writing to SQLite beside other processes: every editor may run a daemon of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database  # at run time it is imported on first use: its 80 ms would delay `initialize`


@contextmanager
def writing(db: Database) -> Iterator[Database]:
    """One transaction, which waits until no other process writes.

    sqlite-utils' own begins as a reader, and then fails at once when another process has written meanwhile.
    """
    db.execute("BEGIN IMMEDIATE")
    with db.conn:
        yield db
