"""Locks of files that last as long as their holder: the system lets go of them however it ends.

Standard library only: the proxy imports it.
"""

from __future__ import annotations

import json
import os


class Lock:
    """An advisory lock (`flock`) on a file of its own. The file stays: removing it would let two hold it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd: int | None = None

    def take(self) -> bool:
        """Take the lock unless somebody holds it; return whether it is ours now. Raises OSError."""
        import fcntl  # Windows has none, and gets no further than `Place.check`

        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def say(self, text: bytes) -> None:
        """Leave a note for whoever finds the lock taken."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, text, 0)

    @property
    def in_place(self) -> bool:
        """Return whether the file is still the one that we have locked."""
        return self._fd is not None and same_file(self._path, os.fstat(self._fd))

    def release(self) -> None:
        """Let go of it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def same_file(path: str, known: os.stat_result) -> bool:
    """Return whether `path` is the very file that `known` describes."""
    try:
        now = os.lstat(path)
    except OSError:
        return False
    return (now.st_dev, now.st_ino) == (known.st_dev, known.st_ino)


def held_by(path: str) -> bytes | None:
    """Return the note of whoever holds the lock at `path`; None when nobody does."""
    lock = Lock(path)
    try:
        if lock.take():
            lock.release()
            return None
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError:
        return None


def holder(path: str) -> int | None:
    """Return the process id of the daemon that holds the lock at `path`; None where none does, or does not say."""
    try:
        return int(json.loads(held_by(path) or b"")["pid"])
    except (ValueError, KeyError, TypeError):
        return None
