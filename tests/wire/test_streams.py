"""Streams that an event loop cannot wait for: threads do, and the loop never."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
from ploked.server.streams import HIGH_WATER_BYTES, ThreadReader, ThreadWriter

LONG = bytes(range(256)) * 4096
"""Much more than a pipe holds."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    out, into = os.pipe()
    yield out, into
    for fd in (out, into):
        os.close(fd)


async def test_what_nobody_reads_yet_waits_beside_the_loop(pipe: tuple[int, int]) -> None:
    reader, writer = ThreadReader(pipe[0]), ThreadWriter(pipe[1])
    writer.write(LONG)
    writer.write(b"last")
    assert writer.unread == len(LONG) + 4
    drained = asyncio.create_task(writer.drain())
    await asyncio.sleep(0)
    assert not drained.done()
    got = b""
    while not got.endswith(b"last"):
        got += await reader.read(1 << 16)
    assert got == LONG + b"last"
    await drained
    await writer.finish()
    assert writer.unread == 0


async def test_a_little_is_not_waited_for(pipe: tuple[int, int]) -> None:
    writer = ThreadWriter(pipe[1])
    writer.write(bytes(HIGH_WATER_BYTES))
    await writer.drain()
    assert await ThreadReader(pipe[0]).read(4) == bytes(4)


async def test_a_client_that_has_gone_is_told_of() -> None:
    out, into = os.pipe()
    os.close(out)
    writer = ThreadWriter(into)
    writer.write(b"hello")
    with pytest.raises(ConnectionError):
        await writer.finish()
    writer.write(b"hello")
    with pytest.raises(ConnectionError):
        await writer.drain()
    os.close(into)
