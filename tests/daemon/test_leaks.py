"""What many sessions leave behind in the daemon that they share: nothing that stays."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import msgspec
from daemon.desk import Desk, memory_mb
from ploked.server.hub import TIDY_S
from ploked_protocol.framing import FrameDecoder, frame
from wire.test_hub import SESSIONS

INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}}
DOCUMENT = {"uri": "file:///a.toml", "languageId": "toml", "version": 1, "text": "# x\n" * 250_000}
OPEN = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": DOCUMENT}}
SHUTDOWN = {"jsonrpc": "2.0", "id": 2, "method": "shutdown"}
LIFE = [frame(msgspec.json.encode(message)) for message in (INITIALIZE, OPEN, SHUTDOWN)]


def live(path: str) -> None:
    """Be a session with a document of 1 MB, until all it has asked is answered; then leave without a word."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"".join(LIFE))
        decoder, last = FrameDecoder(1 << 24), None
        while last != SHUTDOWN["id"]:
            for body in decoder.feed(connection.recv(1 << 16)):
                last = msgspec.json.decode(body).get("id")


async def test_the_daemon_is_as_small_after_many_sessions_as_before(here: Desk) -> None:
    await here.editor()
    pid = here.pid()

    async def so_many(count: int) -> tuple[float, int]:
        for _ in range(count):
            await asyncio.to_thread(live, here.place.socket)
        async with asyncio.timeout(30):
            while len((await here.status())["sessions"]) > 1:
                await asyncio.sleep(0.1)
        await asyncio.sleep(5 * TIDY_S)
        return memory_mb(pid), len(list(Path(f"/proc/{pid}/fd").iterdir()))

    before_mb, files = await so_many(100)
    after_mb, files_then = await so_many(SESSIONS)
    assert files_then == files
    assert after_mb - before_mb < 5
