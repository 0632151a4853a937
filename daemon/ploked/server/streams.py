"""Byte streams: what a session reads from and writes to, over whatever stdin and stdout may be."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from .. import system

HIGH_WATER_BYTES = 1 << 16
"""asyncio's own, for what may wait before a writer is held up."""
Take = Callable[[bytes], bool]
"""Takes bytes that have just come, all of them or none; returns which."""


class Reader(Protocol):
    """Where a client's bytes come from."""

    take: Take
    """Asked first when bytes come while nothing else is to be read: that saves the turn that `read` needs."""

    async def read(self, n: int = -1, /) -> bytes:
        """Return at least one and at most `n` bytes; none at the end."""


def _take_none(_: bytes) -> bool:
    return False


class StreamIn(asyncio.StreamReader):
    """The Reader over pipes and sockets."""

    def __init__(self) -> None:
        super().__init__()
        self.take: Take = _take_none
        self._waits = False
        """Whether somebody waits in `read` and nothing has come since."""

    async def read(self, n: int = -1) -> bytes:
        """Return at least one and at most `n` bytes; none at the end."""
        self._waits = True  # should something be here already, it is returned before anything else can come
        try:
            return await super().read(n)
        finally:
            self._waits = False

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # transports give bytes
        """Take in what the transport has read."""
        if not (self._waits and self.take(data)):
            self._waits = False
            super().feed_data(data)


class Writer(Protocol):
    """Where a client's bytes go to."""

    @property
    def unread(self) -> int:
        """Return how many bytes wait for the client to read them."""

    @property
    def broken(self) -> bool:
        """Return whether the client takes nothing any more."""

    def write(self, data: bytes, /) -> None:
        """Take `data`; never waits."""

    async def drain(self) -> None:
        """Wait until the client has caught up; raises ConnectionError when it is gone."""

    async def finish(self) -> None:
        """Send what waits, and close; raises ConnectionError when the client is gone."""


class StreamOut(asyncio.StreamWriter):
    """The Writer over pipes and sockets."""

    @property
    def unread(self) -> int:
        """Return how many bytes wait for the client to read them."""
        return self.transport.get_write_buffer_size()

    @property
    def broken(self) -> bool:
        """Return whether the client takes nothing any more."""
        return self.transport.is_closing()

    async def finish(self) -> None:
        """Send what waits, and close; raises ConnectionError when the client is gone."""
        self.close()
        await self.wait_closed()


class ThreadReader:
    """The Reader over what an event loop cannot wait for; a thread reads it."""

    take: Take = staticmethod(_take_none)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    async def read(self, n: int = -1, /) -> bytes:
        """Return at least one and at most `n` bytes; none at the end."""
        try:
            return await asyncio.to_thread(os.read, self._fd, n)
        except BrokenPipeError:  # so Windows says that a pipe has ended
            return b""


class ThreadWriter:
    """The Writer over what an event loop cannot wait for; a thread writes it, one piece after the other."""

    def __init__(self, fd: int) -> None:
        self.unread = 0
        self._fd = fd
        self._thread = ThreadPoolExecutor(1, "ploked-stdout")
        self._last: asyncio.Future[None] | None = None
        self._fault: OSError | None = None

    @property
    def broken(self) -> bool:
        """Return whether the client takes nothing any more."""
        return self._fault is not None

    def write(self, data: bytes, /) -> None:
        """Take `data`; never waits."""
        self.unread += len(data)
        self._last = asyncio.get_running_loop().run_in_executor(self._thread, self._write, data)
        self._last.add_done_callback(lambda _: self._written(len(data)))

    def _write(self, data: bytes) -> None:
        try:
            while data and self._fault is None:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            self._fault = error

    def _written(self, count: int) -> None:
        self.unread -= count

    async def drain(self) -> None:
        """Wait until the client has caught up; raises ConnectionError when it is gone."""
        if self.unread > HIGH_WATER_BYTES or self._fault is not None:
            await self.finish()

    async def finish(self) -> None:
        """Send what waits; raises ConnectionError when the client is gone."""
        if self._last is not None:
            await self._last
        if self._fault is not None:
            raise ConnectionError(str(self._fault))


async def open_streams(stdin: int, stdout: int) -> tuple[Reader, Writer]:
    """Return the streams over two file descriptors: pipes, sockets, terminals or regular files."""
    if _same_socket(stdin, stdout):
        return await _over_socket(stdin)
    return await _reader(stdin), await _writer(stdout)


def _same_socket(one: int, other: int) -> bool:
    """Return whether both ends are one socket (inetd, `socat EXEC`): then two pipe transports would fight over it."""
    first, second = os.fstat(one), os.fstat(other)
    return stat.S_ISSOCK(first.st_mode) and (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)


async def _over_socket(fd: int) -> tuple[Reader, Writer]:
    loop = asyncio.get_running_loop()
    reader = StreamIn()
    transport, protocol = await loop.create_connection(
        lambda: asyncio.StreamReaderProtocol(reader), sock=socket.socket(fileno=fd)
    )
    return reader, StreamOut(transport, protocol, reader, loop)


async def _reader(fd: int) -> Reader:
    if not _can_wait_for(fd):
        return ThreadReader(fd)
    reader = StreamIn()
    pipe = os.fdopen(fd, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(fd: int) -> Writer:
    if not _can_wait_for(fd):
        return ThreadWriter(fd)
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(fd, "wb", buffering=0)
    # The protocol is asyncio's own for streams; its reader stays empty.
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), pipe
    )
    return StreamOut(transport, protocol, None, loop)


def _can_wait_for(fd: int) -> bool:
    if system.WINDOWS:  # its event loop waits for pipes that were opened for that, which editors do not do
        return False
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)
