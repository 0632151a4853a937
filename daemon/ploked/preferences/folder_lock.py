"""The lock on a folder that every ploked takes to write there. Editors know no lock."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PAUSE_S = 0.004
ATTEMPTS = 400


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[Callable[[], None]]:
    """Hold the lock; yields what puts the names in the folder on disk, as far as the system can. Raises OSError."""
    try:
        import fcntl  # noqa: F401  # asked for here, for Windows has none
    except ImportError:
        with _locked_by_file(folder / ".ploked.lock"):
            yield lambda: None
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor)
        yield lambda: os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    import fcntl

    for attempt in range(ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 == ATTEMPTS:
                raise
            time.sleep(PAUSE_S)
        except OSError:  # a file system without locks: the comparison before the rename still guards
            return
        else:
            return


@contextlib.contextmanager
def _locked_by_file(path: Path) -> Iterator[None]:
    """Hold the lock where folders cannot be locked; the file goes with it."""
    from filelock import FileLock, Timeout

    try:
        lock = FileLock(path, timeout=ATTEMPTS * PAUSE_S, poll_interval=PAUSE_S)
        lock.acquire()
    except Timeout:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
    try:
        yield
    finally:
        lock.release()
