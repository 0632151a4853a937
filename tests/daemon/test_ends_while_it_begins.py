"""A daemon that ends before it has taken an editor over: nothing is answered twice, and the editor is still heard."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from daemon.desk import Desk
from e2e.places import RawDaemon, eventually
from ploked import __version__
from ploked_protocol import PROTOCOL_VERSION, control
from ploked_protocol.framing import FrameDecoder, frame

HELLO = {"protocol": PROTOCOL_VERSION, "version": __version__, "serves": True, "reason": None}


@asynccontextmanager
async def short_lived(here: Desk, last_words: bytes) -> AsyncIterator[asyncio.Event]:
    """Be a daemon that says its last words to whoever says `initialize`; give what is set then."""
    met = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = FrameDecoder()
        while not met.is_set() and (data := await reader.read(1 << 16)):
            for body in decoder.feed(data):
                asked = msgspec.json.decode(body)
                if asked["method"] == control.HELLO:
                    writer.write(frame(control.body(id=asked["id"], result=HELLO)))
                elif asked["method"] == "initialize":
                    Path(here.place.socket).unlink()
                    server.close()
                    writer.write(last_words)
                    met.set()
        writer.close()

    server = await asyncio.start_unix_server(serve, here.place.socket)
    Path(here.place.socket).chmod(0o600)
    async with server:
        yield met


async def without_its_daemon(here: Desk) -> RawDaemon:
    """Return an editor whose daemon was stopped."""
    editor = await here.editor()
    await editor.result("ploked/status", {})
    assert (await here.run("stop"))[0] == 0
    await editor.told("window/showMessage")
    await eventually(lambda: not here.processes())
    return editor


def leaving(why: str) -> bytes:
    return frame(control.body(method=control.LEAVING, params={"why": why}))


@pytest.mark.parametrize(
    "last_words",
    [b"", leaving(control.STOPPED), leaving(control.IDLE), leaving(control.RESTARTED)],
    ids=["crashed", "stopped", "idle", "restarted"],
)
async def test_each_request_has_one_answer_and_the_editor_is_still_heard(here: Desk, last_words: bytes) -> None:
    editor = await without_its_daemon(here)
    async with short_lived(here, last_words) as met:
        asked = [editor.request("ploked/status", {}) for _ in range(3)]
        await met.wait()
        first, *_ = [await editor.answer(message_id) for message_id in asked]  # later ones may meet the next daemon
        assert (first["error"]["code"], "ask again" in first["error"]["message"]) == (control.REQUEST_FAILED, True)
    assert "result" in await editor.ask("ploked/status", {})
    assert [len(editor.answers(message_id)) for message_id in asked] == [1, 1, 1]
    editor.end()
    await editor.leave()


# stderr that nobody reads


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"], ids=["closed", "full"])
async def test_an_editor_that_does_not_hear_stderr_is_served_all_the_same(here: Desk, stderr: str) -> None:
    editor = await heard_by_nobody(here, stderr)
    await editor.initialize()
    await editor.result("ploked/status", {})
    pid = here.pid()
    Path(here.place.folder).chmod(0o755)
    os.kill(pid, signal.SIGKILL)
    assert "alone" in (await editor.told("window/showMessage"))["params"]["message"]
    assert (await editor.result("ploked/status", {}))["pid"] != pid


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"], ids=["closed", "full"])
async def test_an_editor_that_cannot_have_the_daemon_is_served_alone_without_stderr(here: Desk, stderr: str) -> None:
    Path(here.place.folder).mkdir(mode=0o755, parents=True)
    Path(here.place.folder).chmod(0o755)
    editor = await heard_by_nobody(here, stderr)
    assert "result" in await editor.initialize()
    assert "alone" in (await editor.told("window/showMessage"))["params"]["message"]
    editor.end()
    assert (await editor.leave())[0] == 1  # without `exit`, as LSP has it


async def heard_by_nobody(here: Desk, stderr: str) -> RawDaemon:
    command = ["sh", "-c", f"exec {sys.executable} -m ploked connect {stderr}"]
    here.editors.append(await RawDaemon.at(here.home, command))
    return here.editors[-1]
