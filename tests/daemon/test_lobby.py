"""Who is no session yet, or cannot be one: the daemon answers beside many such, and tells them when it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from daemon.desk import Desk
from daemon.test_hostile import HELLO
from daemon.test_recovery import greeted
from e2e.places import eventually
from ploked.server import lobby


@contextlib.contextmanager
def crowd(here: Desk, count: int, said: bytes = b"") -> Iterator[None]:
    """Be connected so many times; where they say something, they have been answered."""
    with contextlib.ExitStack() as open_ones:
        for _ in range(count):
            one = open_ones.enter_context(socket.socket(socket.AF_UNIX))
            one.connect(here.place.socket)
            one.sendall(said)
            if said:
                one.recv(1)
        yield


async def test_the_daemon_answers_beside_connections_that_say_nothing(here: Desk) -> None:
    good = await here.editor()
    with crowd(here, lobby.MOST_SESSIONS + lobby.RESERVE + 10):
        assert len((await here.status())["sessions"]) == 1
        assert "result" in await (await here.connect()).initialize()
        assert "result" in await good.ask("ploked/status", {})


async def test_the_daemon_answers_beside_as_many_sessions_as_it_takes(here: Desk) -> None:
    good = await here.editor()
    with crowd(here, lobby.MOST_SESSIONS - 1, HELLO):
        assert len((await here.status())["sessions"]) == lobby.MOST_SESSIONS
        late = await here.connect()
        error = (await late.initialize())["error"]
        assert "close what you do not need, then try again" in error["message"]
        assert "result" in await good.ask("ploked/status", {})
        assert "a session is refused" in (await here.run("log"))[1]
        assert (await here.run("stop"))[0] == 0
        await eventually(lambda: not here.processes())


async def test_an_editor_that_is_refused_is_told_once_and_may_try_again(here: Desk) -> None:
    await here.editor()
    with crowd(here, lobby.MOST_SESSIONS - 1, HELLO):
        late = await here.connect()
        refused = late.request("initialize", {"processId": None, "capabilities": {}})
        assert (await late.answer(refused))["error"]["data"] == {"retry": True}
        assert "error" in await late.ask("ploked/status", {})
    async with asyncio.timeout(30):
        while len((await here.status())["sessions"]) > 1:
            await asyncio.sleep(0.1)
    assert "result" in await late.initialize()
    assert "result" in await late.ask("ploked/status", {})
    assert len(late.answers(refused)) == 1


async def test_a_stopped_daemon_is_not_started_again_by_an_editor_that_has_said_nothing(here: Desk) -> None:
    editor = await here.connect()
    await greeted(here)
    assert (await here.run("stop"))[0] == 0
    await editor.told("window/showMessage")
    await eventually(lambda: not here.processes())
    assert "result" in await editor.initialize()
