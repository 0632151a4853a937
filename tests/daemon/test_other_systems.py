"""What Windows and macOS lack is not missed: the real server, in a Python from which it was taken away.

That is as much of them as this machine can show: see `systems/sitecustomize.py` for what it cannot.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from daemon.desk import NOWHERE, Desk, desk
from e2e.places import SERVE, RawDaemon
from ploked import peers

SYSTEMS = str(Path(__file__).parent / "systems")
ALONE = "This system cannot share a daemon among editors: it has no locks that end with their holder (flock)."


def taken_away(name: str) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([SYSTEMS, *sys.path]), "PLOKED_TESTS_SYSTEM": name}


@pytest.fixture
async def windows(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a desk without an upstream on a Python that lacks what Windows lacks."""
    async with desk(tmp_path, NOWHERE, **taken_away("windows")) as one:
        yield one


@pytest.fixture
async def macos(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give the same for macOS."""
    async with desk(tmp_path, NOWHERE, **taken_away("macos")) as one:
        yield one


async def served(here: Desk) -> RawDaemon:
    """Start `ploked serve --stdio` and wait until it has read what is on disk."""
    editor = await here.connect(*SERVE[3:])
    assert "result" in await editor.initialize()
    await editor.result("ploked/status", {})
    return editor


async def leaves_politely(editor: RawDaemon) -> str:
    """Have it end as an editor does; return what it wrote to stderr."""
    await editor.ask("shutdown")
    editor.notify("exit")
    code, errors = await editor.leave()
    assert code == 0, errors
    return errors


def profiles(here: Desk) -> list[str]:
    on_disk = tomllib.loads(here.home.config.read_text())
    return [each["name"] for each in on_disk["registry"]["profiles"]]


async def test_what_windows_lacks_is_not_there(windows: Desk) -> None:
    lacks = "import fcntl", "import os; os.fork", "import socket; socket.AF_UNIX", "import os; os.O_NONBLOCK"
    for code in lacks:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, env=windows.home.environ, stderr=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == 1, code


async def test_windows_serve_searches_takes_edits_in_and_writes_them(windows: Desk) -> None:
    editor = await served(windows)
    rows = (await editor.result("ploked/searchModels", {"query": "kimi"}))["rows"]
    assert "kimi" in rows[0]["id"]
    windows.home.write('version = 1  # mine\r\n[[registry.profiles]]\r\nname = "calm"\r\n')
    await editor.told("ploked/preferencesChanged")
    names = [each["profile"]["name"] for each in (await editor.result("ploked/listProfiles", {}))["profiles"]]
    assert "calm" in names
    await editor.result("ploked/saveProfile", {"name": "wild", "params": {"temperature": 1.5}})
    assert profiles(windows) == ["calm", "wild"]
    assert windows.home.config.read_bytes().startswith(b"version = 1  # mine\r\n")
    assert [each.name for each in windows.home.config.parent.iterdir()] == ["config.toml"]
    await editor.result("ploked/setFavourite", {"model": rows[0]["id"], "favourite": True})
    assert (await editor.result("ploked/searchModels", {"query": "kimi", "limit": 1}))["rows"][0]["favourite"]
    assert await leaves_politely(editor) == ""


async def test_windows_two_servers_lose_none_of_their_edits(windows: Desk) -> None:
    editors = [await served(windows), await served(windows)]
    edits = [
        editor.result("ploked/saveProfile", {"name": f"p{number}-{turn}", "params": {"temperature": 1.0}})
        for number, editor in enumerate(editors)
        for turn in range(10)
    ]
    await asyncio.gather(*edits)
    assert len(profiles(windows)) == len(set(profiles(windows))) == 20


async def test_windows_answers_far_beyond_what_a_pipe_holds_come_whole(windows: Desk) -> None:
    editor = await served(windows)
    asked = [editor.request("ploked/searchModels", {}) for _ in range(30)]
    for each in asked:
        assert len((await editor.answer(each))["result"]["rows"]) > 100


async def test_windows_connect_serves_its_editor_alone_and_says_so(windows: Desk) -> None:
    editor = await windows.editor()
    shown = (await editor.told("window/showMessage"))["params"]
    assert shown["message"] == f"ploked serves this editor alone, for its daemon cannot be had: {ALONE}"
    assert (await editor.result("ploked/searchModels", {"query": "kimi"}))["rows"]
    errors = await leaves_politely(editor)
    assert errors == f"ploked: {ALONE}\nploked: this editor is served by a process of its own.\n"
    assert windows.processes() == []


async def test_windows_the_end_of_stdin_and_of_the_editor_end_the_server(windows: Desk) -> None:
    editor = await served(windows)
    editor.end()
    assert (await editor.leave())[0] == 1
    process = await asyncio.create_subprocess_exec("sleep", "60")
    orphan = await windows.connect(*SERVE[3:])
    await orphan.initialize(processId=process.pid)
    await orphan.result("ploked/status", {})
    process.kill()
    await process.wait()
    code, errors = await orphan.leave()
    assert code == 1
    assert f"the editor (process {process.pid}) has ended" in errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_windows_signals_end_the_server(windows: Desk, number: signal.Signals) -> None:
    editor = await served(windows)
    editor.process.send_signal(number)
    assert (await editor.leave()) == (0, "")


@pytest.mark.parametrize(
    "command", ["status", "stop", "stop --now", "restart", "restart --now", "serve --socket", "serve --socket --detach"]
)
async def test_windows_commands_of_the_daemon_say_that_there_is_none(windows: Desk, command: str) -> None:
    assert await windows.run(*command.split()) == (1, "", f"ploked: {ALONE}\n")


async def test_windows_keys_are_stored_and_found(windows: Desk) -> None:
    pipe = asyncio.subprocess.PIPE
    environ = {**windows.home.environ, "OPENROUTER_API_KEY": ""}
    command = [sys.executable, "-m", "ploked", "keys", "set", "openrouter"]
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdin=pipe, stdout=pipe, stderr=pipe)
    out, errors = await process.communicate(b"sk-or-v1-a-key-of-this-test\n")
    assert process.returncode == 0, errors.decode()
    assert b"Stored in" in out
    _, out_text, _ = await windows.run("keys", "list", env={"OPENROUTER_API_KEY": ""})
    assert "file         found, in use" in out_text


async def test_macos_shares_a_daemon_and_writes_without_an_exchange(macos: Desk) -> None:
    editor = await macos.editor()
    assert (await editor.result("ploked/searchModels", {"query": "kimi"}))["rows"]
    macos.home.write('version = 1\n[[registry.profiles]]\nname = "calm"\n')
    await editor.told("ploked/preferencesChanged")
    await editor.result("ploked/saveProfile", {"name": "wild", "params": {"temperature": 1.5}})
    assert profiles(macos) == ["calm", "wild"]
    status = await macos.status()
    assert 10 < status["memoryMb"] < 500
    assert status["pid"] == await macos.alone()
    await leaves_politely(editor)


class Darwin:
    """A connected socket as macOS has it: no SO_PEERCRED, and LOCAL_PEERCRED at the level of unix sockets."""

    def __init__(self, uid: int) -> None:
        self.uid = uid

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option) == (0, 1), "SOL_LOCAL, LOCAL_PEERCRED of <sys/un.h>"
        xucred = struct.pack("=IIh2x16I", 0, self.uid, 2, 20, 12, *[0] * 14)
        assert size == len(xucred), "struct xucred of <sys/ucred.h>: version, uid, count of groups, groups"
        return xucred


@pytest.mark.parametrize(("uid", "ours"), [(os.geteuid(), True), (os.geteuid() + 501, False)])
def test_macos_says_whose_process_is_at_the_other_end(monkeypatch: pytest.MonkeyPatch, uid: int, ours: bool) -> None:
    monkeypatch.delattr(socket, "SO_PEERCRED")
    monkeypatch.setattr(sys, "platform", "darwin")
    connection = cast("Any", Darwin(uid))
    assert peers.peer_uid(connection) == uid
    assert peers.is_ours(connection) is ours
