"""`ploked serve --socket --tcp PORT`: a port on loopback that takes no one without its token."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from daemon.desk import Desk, desk, memory_mb
from e2e.places import RawDaemon, eventually
from ploked_protocol import control
from wire.hub import Client

INITIALIZE: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a desk with a daemon that listens on a port."""
    async with desk(tmp_path) as one:
        await opened(one)
        yield one


async def opened(here: Desk, port: int = 0) -> RawDaemon:
    """Start a daemon with a port; return it once it serves."""
    daemon = await here.connect("serve", "--socket", "--tcp", str(port))
    await eventually(lambda: here.hello() is not None)
    return daemon


async def tcp(here: Desk) -> dict[str, str]:
    found: dict[str, str] = (await here.status())["tcp"]
    return found


async def connect(here: Desk) -> Client:
    host, _, port = (await tcp(here))["address"].partition(":")
    return Client(*await asyncio.open_connection(host, int(port)))


async def token(here: Desk) -> str:
    return str(json.loads(Path((await tcp(here))["tokenFile"]).read_text())["token"])


async def test_it_listens_on_loopback_alone_and_only_we_can_read_the_token(here: Desk) -> None:
    found = await tcp(here)
    file = Path(found["tokenFile"])
    assert found["address"].startswith("127.0.0.1:")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.parent == Path(here.place.folder)
    assert json.loads(file.read_text())["address"] == found["address"]


async def test_a_client_with_the_token_is_served_as_any_other(here: Desk) -> None:
    client, other = await connect(here), await here.editor()
    options = {"token": await token(here)}
    answer = await client.ask("initialize", {**INITIALIZE, "initializationOptions": options})
    assert answer["result"]["serverInfo"]["name"] == "ploked"
    client.notify("initialized", {})
    found = (await client.ask("ploked/searchModels", {"query": "", "limit": 1}))["result"]
    assert found["rows"] == (await other.result("ploked/searchModels", {"query": "", "limit": 1}))["rows"]
    await client.leave()


@pytest.mark.parametrize(
    "options", [None, {}, {"token": ""}, {"token": "wrong"}, {"token": 5}, ["token"]],
    ids=["none", "empty", "no token", "wrong", "a number", "a list"],
)  # fmt: skip
async def test_without_the_token_nobody_comes_in_and_is_told_where_it_stands(here: Desk, options: Any) -> None:
    client = await connect(here)
    answer = await client.ask("initialize", {**INITIALIZE, "initializationOptions": options})
    assert answer["error"]["code"] == -32803
    assert (await tcp(here))["tokenFile"] in answer["error"]["message"]
    assert await token(here) not in json.dumps(answer)
    await client.closed.wait()


@pytest.mark.parametrize("method", [control.HELLO, control.STATUS, control.STOP])
async def test_nor_may_it_ask_the_daemon_itself(here: Desk, method: str) -> None:
    client = await connect(here)
    params: dict[str, Any] = {"protocol": "0.1", "now": True, "restart": False}
    assert "error" in await client.ask(method, params)
    await client.closed.wait()
    assert here.hello() is not None
    asking = await connect(here)
    assert "result" in await asking.ask(control.STATUS, {"token": await token(here)})
    await asking.leave()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"Content-Length: 2\r\n\r\n{}"])
async def test_what_a_browser_may_send_gets_nothing(here: Desk, said: bytes) -> None:
    client = await connect(here)
    client.raw(said)
    await client.closed.wait()
    assert all("result" not in message for message in client.got)


async def test_five_hundred_who_do_not_hold_the_token_cost_the_owner_nothing(here: Desk) -> None:
    editor = await here.editor()
    await editor.result("ploked/listProfiles", {})  # what that takes is loaded
    before = await here.status()
    host, _, port = before["tcp"]["address"].partition(":")
    said = b"Content-Length: 900000\r\n\r\n" + b" " * 899_999
    crowd = await asyncio.gather(*(asyncio.to_thread(pushing, host, int(port), said) for _ in range(520)))
    other, friend = await here.editor(), await connect(here)
    assert "result" in await friend.ask(control.STATUS, {"token": await token(here)})
    await friend.leave()
    status = await here.status()
    assert await other.result("ploked/listProfiles", {})
    assert (status["connections"], len(status["sessions"])) == (3, 2)
    assert memory_mb(before["pid"]) - before["memoryMb"] < 32
    assert len(Path(here.place.log).read_text().splitlines()) < 30
    for one in crowd:
        one.close()


def pushing(host: str, port: int, said: bytes) -> socket.socket:
    """Return a connection that sends as much of `said` as is taken."""
    one = socket.create_connection((host, port))
    with contextlib.suppress(ConnectionError):
        one.sendall(said)
    return one


async def test_who_is_turned_away_is_in_the_log(here: Desk) -> None:
    client = await connect(here)
    await client.ask("initialize", {**INITIALIZE, "initializationOptions": {"token": "guessed-by-somebody"}})
    await client.closed.wait()
    log = (await here.run("log"))[1]
    assert "a connection to the port is turned away" in log
    assert "guessed-by-somebody" not in log


async def test_the_token_goes_with_the_daemon_and_the_next_has_another(here: Desk) -> None:
    file, first = Path((await tcp(here))["tokenFile"]), await token(here)
    await here.run("stop")
    await eventually(lambda: not file.exists())
    await opened(here)
    assert await token(here) != first


async def test_a_restart_opens_the_same_port_again_also_while_editors_reconnect(here: Desk) -> None:
    editors = [await here.editor() for _ in range(5)]
    first, address = await token(here), (await tcp(here))["address"]
    code, _, errors = await here.run("restart")
    assert (code, errors) == (0, "")
    for editor in editors:
        assert await editor.result("ploked/listProfiles", {})
    assert (await tcp(here))["address"] == address
    assert await token(here) != first
    client = await connect(here)
    options = {"token": await token(here)}
    assert "result" in await client.ask("initialize", {**INITIALIZE, "initializationOptions": options})
    await client.leave()


async def test_the_token_is_in_no_log(here: Desk) -> None:
    secret, client = await token(here), await connect(here)
    await client.ask("initialize", {**INITIALIZE, "initializationOptions": {"token": secret}})
    client.raw(b"nonsense " + secret.encode() + b"\r\n\r\n")
    await client.closed.wait()
    _, log, _ = await here.run("log")
    assert "Cannot read on" in log or "the session ends" in log
    assert secret not in log + Path(here.place.log).read_text()
    assert secret not in json.dumps(await here.status())


async def test_a_daemon_with_a_port_stays_where_another_leaves(tmp_path: Path) -> None:
    async with desk(tmp_path, PLOKED_IDLE_S="0.1") as here:
        await opened(here)
        assert (await here.status())["idleExitInS"] is None
        await asyncio.sleep(0.5)
        assert here.hello() is not None


@pytest.mark.parametrize("number", [lambda taken: taken, lambda _: 70_000], ids=["taken", "too large"])
async def test_a_port_that_cannot_be_had_is_said(tmp_path: Path, number: Callable[[int], int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = number(other.getsockname()[1])
        async with desk(tmp_path) as here:
            code, _, errors = await here.run("serve", "--socket", "--tcp", str(port))
            assert (code, errors.count("\n")) == (1, 1)
            assert f"127.0.0.1:{port}" in errors
            assert here.hello() is None
            assert not os.path.lexists(here.place.socket)


async def test_it_goes_with_the_socket_alone(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        code, _, errors = await here.run("serve", "--stdio", "--tcp", "0")
        assert (code, "--socket" in errors) == (2, True)
