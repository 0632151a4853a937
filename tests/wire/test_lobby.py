"""How many may come: sessions have an end, questions are answered beyond it, and strangers cost nobody anything."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from e2e.places import eventually
from ploked.secret import Secret
from ploked.server import lobby, seldom
from ploked_protocol import control
from ploked_protocol.framing import frame
from wire.hub import Client, Hall, hall

HELLO: dict[str, Any] = {"protocol": "0.1"}
TOKEN = "the-token-of-this-port"
STRANGE = b"Content-Length: 30000\r\n\r\n" + b"x" * 1000
"""Half of a message, such as a stranger may send."""


@pytest.fixture
async def here() -> AsyncIterator[Hall]:
    """Give a hub that listens."""
    async with hall() as one:
        yield one


@pytest.fixture
async def stranger(here: Hall) -> AsyncIterator[Callable[[], Any]]:
    """Give what connects to a port of the hub."""
    guard = SimpleNamespace(token=Secret(TOKEN), token_file="/run/the.token")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(here.hub.connection, guard), "127.0.0.1", 0)

    async def connect() -> Client:
        here.clients.append(Client(*await asyncio.open_connection(*server.sockets[0].getsockname())))
        return here.clients[-1]

    yield connect
    server.close()


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> None:
    """Have the log say as much as the daemon's."""
    caplog.set_level(logging.INFO, "ploked")


def few(monkeypatch: pytest.MonkeyPatch, sessions: int, reserve: int = lobby.RESERVE) -> None:
    monkeypatch.setattr(lobby, "MOST_SESSIONS", sessions)
    monkeypatch.setattr(lobby, "RESERVE", reserve)


async def gone(client: Client) -> None:
    await asyncio.wait_for(client.closed.wait(), 10)


# sessions


async def test_beyond_the_most_sessions_one_more_is_told_what_to_do(
    here: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    few(monkeypatch, sessions=2)
    one, _two, three = await here.client(), await here.client(), await here.connect()
    error = (await three.initialize())["error"]
    assert (error["code"], error["data"]) == (-32803, {"retry": True})
    assert "serves 2 clients already" in error["message"]
    assert "`ploked status` lists them: close" in error["message"]
    assert "a session is refused: 2 are open" in caplog.text
    assert "result" in await one.ask("ploked/status")


async def test_who_was_refused_may_try_again_once_another_has_left(here: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, sessions=1)
    one, two = await here.client(), await here.connect()
    assert "error" in await two.initialize()
    assert (await two.ask("ploked/status"))["error"]["code"] == -32803
    await one.leave()
    await eventually(lambda: not here.hub.sessions)
    assert "result" in await two.initialize()
    assert "result" in await two.ask("ploked/status")


async def test_the_daemon_itself_is_heard_where_no_session_has_room(
    here: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, sessions=1)
    await here.client()
    asking = [await here.connect() for _ in range(20)]
    for client in asking:
        assert "result" in await client.ask(control.HELLO, HELLO)
    assert here.hub.connections == 21


async def test_who_is_no_session_yet_is_told_too_that_the_daemon_leaves(here: Hall) -> None:
    client = await here.connect()
    assert "result" in await client.ask(control.HELLO, HELLO)
    here.hub.dismiss(control.STOPPED)
    assert (await client.told(control.LEAVING))["params"] == {"why": control.STOPPED}
    await gone(client)
    await eventually(lambda: here.hub.connections == 0)


# silence


async def test_who_has_been_silent_longest_goes_when_too_many_come(
    here: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    few(monkeypatch, sessions=1, reserve=2)
    session, proxy = await here.client(), await here.connect()
    assert "result" in await proxy.ask(control.HELLO, HELLO)
    silent = await here.connect()
    await eventually(lambda: here.hub.connections == 3)
    assert "result" in await proxy.ask(control.HELLO, HELLO)
    asking = await here.connect()
    assert "result" in await asking.ask(control.HELLO, HELLO)
    await gone(silent)
    assert "result" in await proxy.ask(control.HELLO, HELLO)
    assert "result" in await session.ask("ploked/status")
    assert "silent longest is let go" in caplog.text
    assert here.hub.connections == 3


async def test_any_number_of_silent_connections_leaves_room_for_a_question(
    here: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, sessions=8, reserve=4)
    for _ in range(50):
        await here.connect()
    asking = await here.connect()
    assert "result" in await asking.ask(control.HELLO, HELLO)
    assert here.hub.connections == 12


async def test_who_asks_and_does_not_read_costs_one_answer(here: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lobby, "PATIENCE_S", 1.0)
    before_mb, files = memory_mb(), open_files()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(here.path)
        asked = b'{"jsonrpc":"2.0","id":1,"method":"%b"}' % control.STATUS.encode()
        deaf.sendall(frame(asked) * 100)
        await eventually(lambda: here.hub.connections == 1)
        await asyncio.sleep(0.2)
        assert memory_mb() - before_mb < 30
        await eventually(lambda: (here.hub.connections, open_files()) == (0, files + 1))  # `deaf` is the one


def memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_that_no_file_can_be_opened_is_one_line_and_no_traceback(
    here: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    full = OSError(24, "Too many open files")
    for _ in range(100):
        here.hub.fault(
            asyncio.get_running_loop(), {"message": "socket.accept() out of system resource", "exception": full}
        )
    assert caplog.messages == [
        "connections have to wait, for no more files can be opened: [Errno 24] Too many open files"
    ]
    assert caplog.records[0].exc_info is None
    here.hub.fault(asyncio.get_running_loop(), {"message": "something else", "exception": full})
    assert caplog.records[1].exc_info


# strangers


async def test_only_few_may_be_at_the_port_without_its_token(
    here: Hall, stranger: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    crowd = [await stranger() for _ in range(lobby.MOST_STRANGERS + 30)]
    for client in crowd[:30]:
        await gone(client)
    client = await stranger()
    assert "result" in await client.initialize(initializationOptions={"token": TOKEN})
    assert not any(one.closed.is_set() for one in crowd[-lobby.MOST_STRANGERS + 1 :])
    assert caplog.text.count("shown no token") == 1


async def test_strangers_take_no_place_of_anybody(
    here: Hall, stranger: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, sessions=1, reserve=1)
    session, asking = await here.client(), await here.connect()
    assert "result" in await asking.ask(control.HELLO, HELLO)
    for _ in range(50):
        (await stranger()).raw(STRANGE)
    assert "result" in await asking.ask(control.HELLO, HELLO)
    assert "result" in await session.ask("ploked/status")
    assert here.hub.connections == 2


async def test_who_has_shown_the_token_counts_as_everybody(
    here: Hall, stranger: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, sessions=1)
    client, other, late = await stranger(), await here.connect(), await stranger()
    assert "result" in await client.initialize(initializationOptions={"token": TOKEN})
    assert here.hub.connections == 2
    assert "error" in await other.initialize()
    error = (await late.initialize(initializationOptions={"token": TOKEN}))["error"]
    assert error["data"] == {"retry": True}


@pytest.mark.parametrize("length", [lobby.STRANGE_MESSAGE_BYTES + 1, 900_000])
async def test_a_long_message_of_a_stranger_is_not_waited_for(stranger: Callable[[], Any], length: int) -> None:
    client = await stranger()
    client.raw(b"Content-Length: %d\r\n\r\n" % length)
    assert "Cannot read on" in (await client.answer(None))["error"]["message"]
    await gone(client)


async def test_the_largest_editor_fits_and_may_then_send_more(here: Hall, stranger: Callable[[], Any]) -> None:
    client, proxy = await stranger(), await stranger()
    options = {"token": TOKEN, "more": "x" * 15_000}
    assert "result" in await client.initialize(initializationOptions=options)
    assert "result" in await proxy.ask(control.HELLO, {**HELLO, "token": TOKEN})
    assert here.hub.connections == 2
    assert "result" in await proxy.initialize(initializationOptions={"more": "x" * 100_000})
    text = "x" * 1_000_000
    document = {"uri": "file:///a.toml", "languageId": "toml", "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": document})
    place = {"textDocument": {"uri": document["uri"]}, "position": {"line": 0, "character": 0}}
    assert (await client.ask("textDocument/hover", place))["result"]["contents"] == text


async def test_a_stranger_has_to_say_the_token_soon(
    here: Hall, stranger: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lobby, "STRANGE_PATIENCE_S", 0.1)
    silent, slow, other = await stranger(), await stranger(), await here.connect()
    slow.raw(STRANGE)
    await gone(silent)
    await gone(slow)
    assert "result" in await other.ask(control.HELLO, HELLO)


async def test_who_says_a_wrong_token_is_in_the_log_and_the_token_is_not(
    stranger: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    client = await stranger()
    wrong = {"token": "not-the-token-of-this"}
    assert "error" in await client.initialize(initializationOptions=wrong)
    await gone(client)
    assert (
        "a connection to the port is turned away: its first message does not hold the token of /run/the" in caplog.text
    )
    assert wrong["token"] not in caplog.text
    assert TOKEN not in caplog.text


async def test_a_flood_has_one_line_in_the_log(stranger: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(40):
        client = await stranger()
        client.raw(frame(b"{}"))
        await gone(client)
    assert caplog.text.count("turned away") == 1


async def test_a_minute_later_the_log_says_how_many_more_there_were(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seldom, "EVERY_S", 0.05)
    lines = seldom.Seldom(logging.getLogger("ploked.flood"))
    for at in range(4):
        lines.say(logging.WARNING, "no %d", at)
    await eventually(lambda: len(caplog.messages) == 2)
    await asyncio.sleep(0.2)
    lines.say(logging.WARNING, "no %d", 4)
    assert caplog.messages == ["no 0", "no 3 (3 such within 0.05 s)", "no 4"]
