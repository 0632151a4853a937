"""The file of a log: its user's alone, moved aside when it is long, and fit for several processes at once.

Two may well have the same: `PLOKED_LOG` is a variable of all servers that an editor starts, and a daemon that waits for
its sweeps has the log of the one in its place. So every line is written at once, to the end of whatever file has the
name then; and whoever moves it holds a lock on it, so that no two do. On Windows, where no file can be moved that
another process has open, it grows until the others have left.

concurrent-log-handler does the like, but waits for a lock at each line, for as long as another process has it: one that
is stopped at that moment would stop the daemon.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from . import system

FILE_BYTES, OLDER_FILES = 1 << 20, 3
NONE = -1


class LogFile:
    """Takes lines. Raises OSError where it cannot be opened."""

    def __init__(self, path: str) -> None:
        self._fd = _opened(path)
        self._is_file = stat.S_ISREG(os.fstat(self._fd).st_mode)  # and no pipe or terminal, which stay what they are
        self._path = Path(path).resolve()

    def write(self, line: bytes) -> None:
        """Append a line. Raises OSError."""
        if self._is_file:
            if not self._in_place():
                self._reopen()
            size = os.fstat(self._fd).st_size
            if size and size + len(line) > FILE_BYTES:
                self._move()
        os.write(self._fd, line)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd != NONE:
            os.close(self._fd)
            self._fd = NONE

    def _in_place(self) -> bool:
        """Return whether the file that has the name is the one that is open: another process may have moved it."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._fd))
        except OSError:
            return False

    def _reopen(self) -> None:
        newer = _opened(self._path)
        self.close()
        self._fd = newer

    def _move(self) -> None:
        """Give the name to a new file, unless another process is at that: then one line more goes into the old one."""
        if not (_locked(self._fd) and self._in_place()):
            return
        if system.WINDOWS:
            self.close()
        with contextlib.suppress(OSError):
            self._path.replace(f"{self._path}.0")  # first, for it may fail, and none should be lost for that
            for number in range(OLDER_FILES, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self._path}.{number - 1}").replace(f"{self._path}.{number}")
        self._reopen()


def _opened(path: str | Path) -> int:
    """Return a file to append to, which nobody else can read, whoever made it and with whatever rights."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | system.flags("O_CLOEXEC", "O_BINARY")
    fd = os.open(path, flags, 0o600)
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode) and mode & 0o077 and hasattr(os, "fchmod"):
        with contextlib.suppress(OSError):  # it is another user's
            os.fchmod(fd, 0o600)
    return fd


def _locked(fd: int) -> bool:
    """Return whether a file is locked, until it is closed; False where another process has locked it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
