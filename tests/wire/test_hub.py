"""Sessions of one process: they share the service, and nothing else of them reaches another."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from ploked.server import lobby, report
from ploked_protocol import control
from ploked_protocol.framing import frame
from wire.hub import Client, Hall, hall

SESSIONS = int(os.environ.get("PLOKED_SESSIONS", "100"))
"""How many sessions the test of leaks lives through; the promise is about 1000."""
URI = "file:///same.toml"
PLACE = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}


@pytest.fixture
async def here() -> AsyncIterator[Hall]:
    """Give a hub that listens."""
    async with hall() as one:
        yield one


def open_document(client: Client, text: str) -> None:
    client.notify(
        "textDocument/didOpen", {"textDocument": {"uri": URI, "languageId": "toml", "version": 1, "text": text}}
    )


async def hover(client: Client) -> Any:
    return (await client.ask("textDocument/hover", PLACE))["result"]["contents"]


# isolation


async def test_fifty_sessions_with_the_same_document_answer_each_their_own(here: Hall) -> None:
    clients = await asyncio.gather(*(here.client() for _ in range(50)))
    for at, client in enumerate(clients):
        open_document(client, f"text of {at}")
    order = [at for at in range(50) for _ in range(20)]
    for turn in range(10):
        random.Random(turn).shuffle(order)
        asked = [(at, clients[at].request("textDocument/hover", PLACE)) for at in order]
        for at, message_id in asked:
            assert (await clients[at].answer(message_id))["result"]["contents"] == f"text of {at}"
    answered = [message["id"] for client in clients for message in client.got if "method" not in message]
    assert len(answered) == 10_000 + len(clients)  # and one `initialize` each


@pytest.mark.parametrize("end", ["exit", "abort", "garbage", "shutdown"])
async def test_the_end_of_one_session_is_nothing_to_the_others(here: Hall, end: str) -> None:
    one, other = await here.client(), await here.client()
    open_document(other, "here")
    waiting = other.request("ploked/listEndpoints", {"model": "soon"})
    one.request("ploked/listEndpoints", {"model": "forever"})
    if end == "abort":
        one.writer.transport.abort()
    elif end == "garbage":
        one.raw(b"garbage\r\n\r\n")
    else:
        await one.ask("shutdown")
        one.notify("exit")
    await one.closed.wait()
    assert "result" in await other.answer(waiting)
    assert await hover(other) == "here"
    async with asyncio.timeout(10):
        while len(here.hub.sessions) > 1:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("query", ["exit", "secret", "cycle"])
async def test_a_handler_that_breaks_in_one_session_breaks_nothing_else(here: Hall, query: str) -> None:
    one, other = await here.client(), await here.client()
    assert (await one.ask("ploked/searchModels", {"query": query}))["error"]["code"] == -32603
    assert "result" in await other.ask("ploked/searchModels", {})
    assert "result" in await one.ask("ploked/searchModels", {})


async def test_a_flood_of_one_session_does_not_take_the_others_turn(here: Hall) -> None:
    flood, other = await here.client(), await here.client()
    asked = [flood.request("ploked/searchModels", {}) for _ in range(5000)]
    assert "result" in await other.ask("ploked/searchModels", {})
    assert not flood.answers(asked[-1])
    assert "result" in await flood.answer(asked[-1])


async def test_more_requests_than_may_wait_are_refused_to_that_session_alone(here: Hall) -> None:
    greedy, other = await here.client(), await here.client()
    asked = [greedy.request("ploked/listEndpoints", {"model": "forever"}) for _ in range(65)]
    assert (await greedy.answer(asked[-1]))["error"]["code"] == -32803
    assert "result" in await other.ask("ploked/listEndpoints", {"model": "soon"})


async def test_all_sessions_are_told_what_the_service_tells(here: Hall) -> None:
    clients = [await here.client() for _ in range(3)]
    for client in clients:
        await client.ask("ploked/status")
    here.service.change()
    for client in clients:
        assert (await client.told("ploked/catalogChanged"))["params"]["refreshed"]["kind"] == "models"


async def test_the_last_refreshes_are_kept_for_the_status(here: Hall) -> None:
    here.hub.follow(here.service)
    here.service.change()
    assert [one[0].outcome for one in here.hub.refreshed.values()] == ["updated"]


async def test_a_refresh_of_yesterday_is_reported_as_one_and_says_nothing_that_was_true_then(
    here: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the machine has slept meanwhile: the monotonic clock stands still then."""
    here.hub.follow(here.service)
    here.service.change()
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 86_400)
    (last,) = [msgspec.to_builtins(one) for one in report.refreshed(here.hub)]
    assert 86_400 <= last["agoS"] < 86_460
    assert not {"freshness", "ageS", "stale"} & set(last)


# the daemon leaves


async def test_what_waits_when_the_daemon_leaves_is_to_be_asked_again(here: Hall) -> None:
    client = await here.client()
    waiting = [client.request("ploked/listEndpoints", {"model": "forever"}) for _ in range(3)]
    await client.ask("ploked/status")
    here.hub.dismiss(control.RESTARTED)
    assert (await client.told(control.LEAVING))["params"] == {"why": control.RESTARTED}
    for one in waiting:
        error = (await client.answer(one))["error"]
        assert (error["code"], error["message"]) == (
            -32803,
            "The ploked daemon ended (restarted) before it answered; ask again.",
        )
    assert here.service.cancelled == ["forever"] * 3


async def test_what_clients_cancel_is_cancelled_also_when_the_daemon_leaves_then(here: Hall) -> None:
    client, ending = await here.client(), await here.client()
    cancelled, shut = (one.request("ploked/listEndpoints", {"model": "forever"}) for one in (client, ending))
    for one in (client, ending):
        await one.ask("ploked/status")
    client.notify("$/cancelRequest", {"id": cancelled})
    await ending.ask("shutdown")
    assert (await client.answer(cancelled))["error"]["code"] == -32800
    here.hub.dismiss(control.STOPPED)
    assert (await ending.answer(shut))["error"]["code"] == -32800


# what is said before a session


async def test_a_proxy_says_hello_first_and_may_then_wait_for_its_editor(
    here: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lobby, "PATIENCE_S", 0.05)
    client = await here.connect()
    assert (await client.ask(control.HELLO, {"protocol": "0.1"}))["result"] == {"serves": True}
    await asyncio.sleep(0.2)
    assert "result" in await client.initialize()
    assert "result" in await client.ask("ploked/status")


async def test_hello_and_what_follows_may_come_in_one_piece(here: Hall) -> None:
    client = await here.connect()
    hello = {"jsonrpc": "2.0", "id": 1, "method": control.HELLO, "params": {"protocol": "0.1"}}
    start = {"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": {"processId": None, "capabilities": {}}}
    client.send(hello, start, {"jsonrpc": "2.0", "id": 3, "method": "ploked/status"})
    for message_id in (1, 2, 3):
        assert "result" in await client.answer(message_id)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [("$/ploked/nothing", {}, -32601), (control.HELLO, {}, -32602), (control.HELLO, 5, -32602)],
)
async def test_what_the_daemon_cannot_be_asked_is_an_error(here: Hall, method: str, params: Any, code: int) -> None:
    client = await here.connect()
    assert (await client.ask(method, params))["error"]["code"] == code
    assert "result" in await client.initialize()


async def test_a_client_that_says_no_hello_is_served_as_well(here: Hall) -> None:
    client = await here.connect()
    assert (await client.ask("ploked/status"))["error"]["code"] == -32002
    assert "result" in await client.initialize()


async def test_the_text_of_an_open_document_can_be_asked_for(here: Hall) -> None:
    client = await here.client()
    open_document(client, "one")
    change = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}, "text": "O"}
    identifier = {"uri": URI, "version": 2}
    client.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
    assert (await client.ask(control.TEXT, {"uri": URI}))["result"] == {"text": "One", "version": 2}
    assert (await client.ask(control.TEXT, {"uri": "file:///other"}))["result"] is None
    assert (await client.ask(control.TEXT, {}))["error"]["code"] == -32602


# hostile connections


async def test_hostile_connections_end_and_harm_nobody(here: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lobby, "PATIENCE_S", 0.2)
    good = await here.client()
    hostile = [await here.connect() for _ in range(10)]
    says = [
        b"Content-Length: 999999999999\r\n\r\n", b"Content-Length: 2000000\r\n\r\n" + b"x" * 1000, b"\xff" * 5000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"Content-Length: 10\r\n\r\n{", b"Con", b"",
        b"x" * 100_000, b"Content-Length: -1\r\n\r\n", frame(b"{") + b"Content-Length: x\r\n\r\n",
    ]  # fmt: skip
    for client, said in zip(hostile, says, strict=True):
        client.raw(said)
    for _ in range(100):
        assert "result" in await good.ask("ploked/searchModels", {})
    for client in hostile:
        await asyncio.wait_for(client.closed.wait(), 10)
    assert here.hub.connections == 1


async def test_bytes_that_drip_do_not_hold_a_place(here: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lobby, "PATIENCE_S", 0.2)
    client = await here.connect()
    async with asyncio.timeout(10):
        while not client.closed.is_set():
            client.raw(b"x")
            await asyncio.sleep(0.01)


async def test_a_client_that_never_reads_keeps_its_own_memory_small(here: Hall) -> None:
    good = await here.client()
    deaf = socket.socket(socket.AF_UNIX)
    deaf.connect(here.path)
    deaf.setblocking(False)
    ask = b'{"jsonrpc":"2.0","id":%d,"method":"ploked/searchModels","params":{"query":"big"}}'
    hello = b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"processId":null,"capabilities":{}}}'
    loop = asyncio.get_running_loop()
    send = asyncio.create_task(
        loop.sock_sendall(deaf, frame(hello) + b"".join(frame(ask % at) for at in range(1, 5000)))
    )
    for _ in range(100):
        assert "result" in await good.ask("ploked/searchModels", {})
    unread = [session.unread_bytes for session in here.hub.sessions.values()]
    assert 0 < max(unread) < 8 << 20
    send.cancel()
    deaf.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_another_user_is_refused_even_where_the_folder_lets_him_in(
    here: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    Path(here.path).parent.chmod(0o755)
    Path(here.path).chmod(0o777)
    try_it = (
        "import os, socket, sys; os.setgid(65534); os.setuid(65534); s = socket.socket(socket.AF_UNIX);"
        "s.connect(sys.argv[1]); s.settimeout(10); s.sendall(b'x' * 10); print(s.recv(10))"
    )
    command = [sys.executable, "-c", try_it, here.path]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)
    assert ran.stdout in ("", "b''\n")  # he may notice while he still writes
    assert "a connection is refused: it is of another user (uid 65534)" in caplog.text


# leaks


async def test_sessions_leave_nothing_behind(here: Hall) -> None:
    async def one_life() -> None:
        client = await here.client()
        open_document(client, "x" * 1_000_000)
        assert len(await hover(client)) == 1_000_000
        await client.ask("shutdown")
        client.notify("exit")
        await client.closed.wait()
        await client.leave()
        here.clients.remove(client)

    for _ in range(20):
        await one_life()
    await here.hub.settle(10)
    before = _resources()
    for _ in range(SESSIONS):
        await one_life()
    await here.hub.settle(10)
    files, tasks, memory_mb = _resources()
    assert (files, tasks) == before[:2]
    assert memory_mb - before[2] < 8
    assert here.hub.sessions == {}
    assert here.service.listeners == []


def _resources() -> tuple[int, int, float]:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        len(asyncio.all_tasks()),
        pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
    )
