"""The files of the log, as the daemon and a server of one editor leave them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from daemon.desk import desk
from e2e.places import KEY
from ploked.log_file import FILE_BYTES


@pytest.mark.parametrize("command", [("connect",), ("serve", "--stdio")], ids=["the daemon", "a server of one editor"])
async def test_a_long_log_is_moved_aside_and_nobody_else_can_read_either(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    log = tmp_path / "logs" / "log"
    log.parent.mkdir()
    log.write_bytes(b"x" * FILE_BYTES)
    log.chmod(0o644)
    async with desk(tmp_path, PLOKED_LOG=str(log)) as here:
        editor = await here.connect(*command)
        await editor.initialize()
        await editor.ask("ploked/status", {})
        editor.raw(f"no frame and {KEY}\r\n\r\n".encode())
        assert (await editor.leave())[0] == 1
        await here.run("stop")
    assert sorted(path.name for path in log.parent.iterdir()) == ["log", "log.1"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in log.parent.iterdir()} == {0o600}
    assert log.with_name("log.1").stat().st_size == FILE_BYTES
    assert all(json.loads(line)["level"] for line in log.read_text().splitlines())
    assert KEY not in log.read_text()
    assert log.stat().st_size > 0
