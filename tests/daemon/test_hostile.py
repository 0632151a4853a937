"""What a hostile or broken client sends through the proxy is answered as by the server itself, and nobody else pays."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections import Counter
from typing import Any

import pytest
from daemon.desk import Desk, memory_mb
from e2e.places import eventually
from ploked_protocol.framing import frame
from wire.test_mutations import awaited, damaged

FRAMES = 3000
HELLO = frame(b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}')


async def test_damaged_messages_are_each_answered_once_through_the_proxy(here: Desk) -> None:
    editor, rng = await here.editor(), random.Random(11)
    sent: list[bytes] = []
    while len(sent) < FRAMES:
        batch = [damaged(rng, 10_000 + len(sent) + offset) for offset in range(50)]
        batch = [body for body in batch if b'"shutdown"' not in body and b'"exit"' not in body]
        editor.send(*batch)
        sent += batch
        own = editor.request("ploked/status", {}, f"own {len(sent)}")
        assert "result" in await editor.answer(own)
    requests = Counter(found for body in sent if (found := awaited(body)) is not None)

    def answers() -> Counter[Any]:
        return Counter(message["id"] for message in editor.got if "method" not in message)

    await eventually(lambda: not requests - answers())  # some take longer than the last of our own
    assert all(count == requests[one] for one, count in answers().items() if one in requests)
    assert len(requests) > FRAMES / 10
    assert len(here.processes()) == 1


SAYS: dict[str, bytes] = {
    "a huge length": b"Content-Length: 999999999999\r\n\r\n",
    "garbage": b"\xff\xfe" * 3000,
    "another protocol": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a message": b"Content-Length: 100\r\n\r\n{",
    "a message that is too long": b"Content-Length: 9000000\r\n\r\n" + b" " * 100_000,
}


@pytest.mark.parametrize("said", SAYS.values(), ids=list(SAYS))
async def test_a_client_that_speaks_something_else_ends_alone(here: Desk, said: bytes) -> None:
    good, bad = await here.editor(), await here.connect()
    bad.raw(said)
    bad.end()
    assert (await bad.leave())[0] == 1
    assert "result" in await good.ask("ploked/status", {})
    assert len((await here.status())["sessions"]) == 1


async def test_deaf_and_flooding_clients_cost_the_others_no_answer(here: Desk) -> None:
    good = await here.editor()
    await good.result("ploked/status", {})
    before_mb = memory_mb(here.pid())
    deaf = [await asyncio.to_thread(flooding, here) for _ in range(5)]
    for _ in range(200):
        assert "result" in await good.ask("ploked/searchModels", {"query": "kimi"})
    assert len((await here.status())["sessions"]) == 6
    assert memory_mb(here.pid()) - before_mb < 64
    for editor in deaf:
        editor.kill()
        editor.communicate()
    async with asyncio.timeout(30):
        while len((await here.status())["sessions"]) > 1:
            await asyncio.sleep(0.1)
    assert "result" in await good.ask("ploked/status", {})


def flooding(here: Desk) -> subprocess.Popen[bytes]:
    """Return a client that has asked for 180 MB and reads nothing."""
    pipe = subprocess.PIPE
    editor = subprocess.Popen(here.home.command, env=here.home.environ, stdin=pipe, stdout=pipe, bufsize=0)
    assert editor.stdin is not None
    assert editor.stdout is not None
    editor.stdin.write(HELLO)
    editor.stdout.read(1)
    os.set_blocking(editor.stdin.fileno(), False)
    editor.stdin.write(frame(b'{"jsonrpc":"2.0","id":9,"method":"ploked/searchModels","params":{}}') * 2000)
    return editor


async def test_a_broken_editor_can_be_told_from_a_broken_daemon(here: Desk) -> None:
    editor = await here.connect()
    editor.raw(b"Content-Length: 5\r\n\r\nhello")
    answer = await editor.answer(None)
    assert answer["error"]["code"] == -32700
    assert "result" in await editor.initialize()
