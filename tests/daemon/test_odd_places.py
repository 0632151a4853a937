"""Surroundings that are not as one expects them: names that are no UTF-8, folders that cannot be had, few files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from daemon.desk import Desk, desk
from ploked_protocol.framing import frame

# names that are no UTF-8


@pytest.mark.parametrize("name", ["F\udcff", "FOO", "XDG_STATE_HOME", "PLOKED_CACHE_DIR", "PLOKED_CONFIG"])
async def test_a_daemon_is_found_whose_environment_is_no_utf_8(tmp_path: Path, name: str) -> None:
    async with desk(tmp_path, **{name: f"{tmp_path}/st\udcff/x"}) as here:
        editor = await here.editor()
        assert (await editor.result("ploked/status", {}))["pid"] == await here.alone()
        status = await here.status()
        assert status["running"]
        shown = status["environment"][name.replace("\udcff", "\\xff")]
        assert shown == ("***" if "F" in name[:1] else f"{tmp_path}/st\\xff/x")
        code, out, errors = await here.run("status")
        assert (code, errors) == (0, "")
        assert out.startswith("ploked ")


async def test_a_socket_whose_path_is_no_utf_8_can_be_named(here: Desk, tmp_path: Path) -> None:
    code, out, _ = await here.run(
        "status", env={"PLOKED_SOCKET": f"{tmp_path}/\udcff.sock", "PYTHONIOENCODING": "utf-8:strict"}
    )
    assert (code, out.splitlines()) == (1, [f"No daemon runs at {tmp_path}/\\udcff.sock; `ploked connect` starts one."])


async def test_a_daemon_that_answers_with_an_error_is_not_taken_for_none(here: Desk) -> None:
    here.place.prepare()

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(b'{"jsonrpc":"2.0","id":0,"error":{"code":-32603,"message":"It broke."}}'))

    async with await asyncio.start_unix_server(refuse, here.place.socket):
        code, out, errors = await here.run("status")
    assert (code, out) == (1, "")
    assert errors.startswith("ploked: The daemon cannot answer: It broke. `ploked restart` puts another in its place")
