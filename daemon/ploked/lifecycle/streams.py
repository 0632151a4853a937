"""Bytes on their way through a proxy. Standard library only."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Iterator

from ploked_protocol.framing import PLAIN_HEADER, FramingError

FULL_BYTES = 1 << 20
"""A side that leaves so much unread is given no more: the other side is not read from meanwhile."""
READ_BYTES = 1 << 16
BUFFER_BYTES = 1 << 20
MAX_PLAIN_BYTES = 64


class Outlet:
    """What waits for a file descriptor to take it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.broken = False
        """Whether nobody is there any more to take anything."""
        self._waiting = bytearray()

    @staticmethod
    def unblock(fd: int) -> None:
        """Never wait in a read or write of a pipe or socket; files and terminals do not keep one waiting for long.

        A pipe is made to hold a long answer as one: at 64 KiB, each needs several turns of both sides.
        """
        mode = os.fstat(fd).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            os.set_blocking(fd, False)
        if stat.S_ISFIFO(mode):
            _widen(fd)

    @property
    def takes_pages(self) -> bool:
        """Return whether what comes at a socket can be moved here without a copy."""
        return hasattr(os, "splice") and stat.S_ISFIFO(os.fstat(self.fd).st_mode)

    @property
    def waits(self) -> bool:
        """Return whether anything waits."""
        return bool(self._waiting)

    @property
    def full(self) -> bool:
        """Return whether so much waits that no more should come."""
        return len(self._waiting) >= FULL_BYTES

    def put(self, data: bytes | memoryview) -> None:
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
        takes = select.poll()
        takes.register(self.fd, select.POLLOUT)
        while self._waiting and (left_s := deadline - time.monotonic()) > 0:
            if takes.poll(left_s * 1000):
                self.flush()

    def move(self, source: int, count: int) -> None:
        """Send `count` bytes that have come at a socket, into a pipe without a copy (splice(2)) as far as that goes."""
        try:
            while count and not self._waiting and (moved := os.splice(source, self.fd, count)):
                count -= moved
        except OSError:  # the pipe is full, or nobody reads it any more
            pass
        while count and (data := os.read(source, count)):
            self.put(data)
            count -= len(data)

    def discard(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def _write(self, data: bytes | bytearray | memoryview) -> int:
        """Return how many bytes were taken."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError:  # the other side has closed its end
            self.broken = True
            return len(data)


def _widen(pipe: int) -> None:
    import fcntl  # Windows has none, and gets no further than `Place.check`

    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, FULL_BYTES)
    except (AttributeError, OSError):  # not on macOS, or the system has given out what it has
        return


class FrameReader:
    """The frames that come from the daemon, in one buffer that is used again and again.

    Long answers are passed on from it without a copy: each copy of 100 kB costs more than all the rest of the proxy,
    for memory of that size comes fresh from the system each time.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._needed = 0
        """Length of the frame that has begun, as far as it is known."""

    def fill(self) -> bool | None:
        """Read what there is; return whether the stream goes on, and None when there was nothing after all."""
        if self.is_empty and len(self._buffer) == BUFFER_BYTES:
            self._start = self._end = 0
        elif len(self._buffer) - self._end < READ_BYTES:
            self._make_room()
        try:
            count = os.readv(self._fd, [self._view[self._end :]])
        except BlockingIOError:
            return None
        except OSError:
            return False
        self._end += count
        return count > 0

    @property
    def is_empty(self) -> bool:
        """Return whether the next byte that comes begins a frame."""
        return self._start == self._end

    def frames(self) -> Iterator[tuple[int, int, int]]:
        """Yield where each whole frame begins, where its body does, and where it ends; raises FramingError."""
        while (header := PLAIN_HEADER.match(self._buffer, self._start, self._end)) is not None:
            begin, body = self._start, header.end()
            stop = body + int(header[1])
            if stop > self._end:
                self._needed = stop - begin
                return
            self._start, self._needed = stop, 0
            yield begin, body, stop
        if self._end - self._start > MAX_PLAIN_BYTES:
            raise FramingError(f"not a frame of the daemon: {bytes(self._buffer[self._start :][:40])!r}")

    def view(self, begin: int, stop: int) -> memoryview:
        """Return a part of the buffer; it holds until `fill`."""
        return self._view[begin:stop]

    def _make_room(self) -> None:
        """Move what is left to the front, of a larger buffer where the frame asks for one."""
        left = bytes(self._view[self._start : self._end])
        size = max(BUFFER_BYTES, self._needed + READ_BYTES)
        if size != len(self._buffer):
            self._buffer = bytearray(size)
            self._view = memoryview(self._buffer)
        self._buffer[: len(left)] = left
        self._start, self._end = 0, len(left)


def read(fd: int) -> bytes | None:
    """Return what there is to read; nothing at the end, however it came, and None when there was nothing after all."""
    try:
        return os.read(fd, READ_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""
