"""Bytes on their way out and signals on their way in, for a loop around `select`. Standard library only."""

from __future__ import annotations

import os
import select
import signal
import stat
import time
from collections.abc import Callable

FULL_BYTES = 1 << 20
"""A side that leaves so much unread is given no more: the other side is not read from meanwhile."""
READ_BYTES = 1 << 18


class Outlet:
    """What waits for a file descriptor to take it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.broken = False
        """Whether nobody is there any more to take anything."""
        self._waiting = bytearray()

    @staticmethod
    def unblock(fd: int) -> None:
        """Never wait in a read or write of a pipe or socket; files and terminals do not keep one waiting for long."""
        mode = os.fstat(fd).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            os.set_blocking(fd, False)

    @property
    def waits(self) -> bool:
        """Return whether anything waits."""
        return bool(self._waiting)

    @property
    def full(self) -> bool:
        """Return whether so much waits that no more should come."""
        return len(self._waiting) >= FULL_BYTES

    def put(self, data: bytes) -> None:
        """Send `data` after what waits; once nobody is there to take it, forget it."""
        sent = 0 if self._waiting else self._write(data)
        if sent < len(data) and not self.broken:
            self._waiting += data[sent:]

    def flush(self) -> None:
        """Send as much of what waits as is taken."""
        if self._waiting:
            del self._waiting[: self._write(self._waiting)]

    def flush_within(self, patience_s: float) -> None:
        """Send all that waits, or what is taken within `patience_s`."""
        deadline = time.monotonic() + patience_s
        while self._waiting and (left_s := deadline - time.monotonic()) > 0:
            if select.select([], [self.fd], [], left_s)[1]:
                self.flush()

    def discard(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def _write(self, data: bytes | bytearray) -> int:
        """Return how many bytes were taken."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError:  # the other side has closed its end
            self.broken = True
            return len(data)


def read(fd: int) -> bytes | None:
    """Return what there is to read; nothing at the end, however it came, and None when there was nothing after all."""
    try:
        return os.read(fd, READ_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def parent_watch(pid: int, ended: Callable[[], None]) -> dict[int, Callable[[], None]]:
    """Return a file descriptor that becomes readable when process `pid` ends, with what to do then.

    None where the system has no such thing, or no such process: an editor outside of our container counts its
    processes otherwise.
    """
    try:
        return {os.pidfd_open(pid): ended} if pid > 1 else {}
    except (AttributeError, OSError):
        return {}


def wakeups(called: Callable[[], None]) -> dict[int, Callable[[], None]]:
    """Return a file descriptor that becomes readable when a signal asks us to end, with what to do then."""
    out, into = os.pipe()
    os.set_blocking(out, False)
    os.set_blocking(into, False)
    signal.set_wakeup_fd(into)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)

    def heard() -> None:
        os.read(out, 64)
        called()

    return {out: heard}
