"""The API key: set while the daemon runs, named by its source, and moved out of config.toml."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import fake_keyring
import pytest
from e2e.conftest import Start
from e2e.editing import EDITS, Buffer
from e2e.places import Daemon, Home, Json, own_process
from e2e.sweeping import HEAT, Sent, launch, swept
from ploked_protocol.errors import MissingKey, PlokedError

LEAKED = "sk-or-v1-leaked0into0the0config"
TEXT = f'version = 1\n\n[registry]\napi_key = "{LEAKED}"  # mine\nstrictness = "AllowAny"\n'


@pytest.fixture
def home(home: Home) -> Home:
    home.more = {"OPENROUTER_API_KEY": "", "PYTHONPATH": str(fake_keyring.install(home.folder))}
    return home


def key_file(home: Home) -> Path:
    return home.folder / ".local/state/ploked/keys.json"


async def keys(home: Home, *words: str, typed: str = "") -> int:
    """Run `ploked keys` in the home of a daemon; return its exit code."""
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    command = [sys.executable, "-m", "ploked", "keys", *words]
    process = await asyncio.create_subprocess_exec(*command, env=home.environ, stdin=pipe, stdout=null)
    await process.communicate(typed.encode())
    return process.returncode or 0


async def source(daemon: Daemon) -> tuple[bool, str | None]:
    status = await daemon.request("ploked/status", {})
    return status["hasKey"], status["keySource"]


async def test_a_key_that_is_set_later_works_without_a_restart(start: Start, home: Home, sent: Sent) -> None:
    daemon = await start(home)
    with pytest.raises(MissingKey) as raised:
        await launch(daemon, grid=[HEAT])
    assert "ploked keys set openrouter" in str(raised.value.data.next_step)
    assert await source(daemon) == (False, None)
    assert await keys(home, "set", "openrouter", typed="sk-or-v1-set0later0canary\n") == 0
    assert await source(daemon) == (True, "file")
    assert (await swept(daemon, grid=[HEAT]))["state"] == "done"
    assert await keys(home, "remove", "openrouter") == 0
    with pytest.raises(MissingKey):
        await launch(daemon, grid=[HEAT])
    assert len(sent.requests()) == 6


@own_process  # else the daemon of the first environment serves the second
async def test_the_keyring_and_the_environment_come_first(start: Start, home: Home) -> None:
    await keys(home, "set", "openrouter", typed="sk-or-v1-bad0key0canary\n")
    home.more = {**home.more, fake_keyring.HELD: "key:sk-or-v1-from0the0keyring"}
    daemon = await start(home)
    assert (await swept(daemon, grid=[HEAT]))["state"] == "done"
    assert await source(daemon) == (True, "keyring")
    home.more = {**home.more, "OPENROUTER_API_KEY": "sk-or-v1-from0the0environment"}
    home.more = {**home.more, fake_keyring.HELD: "raise:KeyringLocked"}
    other = await start(home)
    assert await source(other) == (True, "environment")


async def test_a_key_file_that_others_can_read_is_refused_with_what_mends_it(start: Start, home: Home) -> None:
    await keys(home, "set", "openrouter", typed="sk-or-v1-from0the0file\n")
    key_file(home).chmod(0o644)
    daemon = await start(home)
    mends = f"chmod 600 {key_file(home)}"
    with pytest.raises(MissingKey, match=mends):
        await launch(daemon, grid=[HEAT])
    status = await daemon.request("ploked/status", {})
    assert (status["hasKey"], mends in status["keyProblem"]) == (False, True)
    key_file(home).chmod(0o600)
    assert await source(daemon) == (True, "file")


async def fix(daemon: Daemon, buffer: Buffer) -> Json:
    """Return the quick fix of the key that is leaked."""
    shown = await daemon.until("textDocument/publishDiagnostics", lambda told: bool(told["diagnostics"]))
    (found,) = [one for one in shown["diagnostics"] if one["code"] == "leakedKey"]
    assert (found["severity"], found["range"]["start"]["line"]) == (1, 3)
    asked = {"textDocument": {"uri": buffer.uri}, "range": found["range"], "context": {"diagnostics": [found]}}
    actions: list[Any] = await daemon.request("textDocument/codeAction", asked)
    (action,) = [one for one in actions if "command" in one]
    assert LEAKED not in json.dumps([shown, actions])
    return dict(action["command"])


async def test_a_key_in_an_open_config_is_moved_by_a_quick_fix(start: Start, home: Home, sent: Sent) -> None:
    daemon = await start(home, EDITS)
    home.write(TEXT)
    buffer = Buffer(daemon, home.config, TEXT)
    command = await fix(daemon, buffer)
    edited = await daemon.request(
        "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
    )
    assert (edited["changed"], edited["via"]) == (True, "editor")
    assert buffer.text == TEXT.replace(f'api_key = "{LEAKED}"  ', "")
    shown = await daemon.until("window/showMessage")
    assert "undo would bring it back" in shown["message"]
    assert json.loads(key_file(home).read_text()) == {"openrouter": LEAKED}
    assert await source(daemon) == (True, "file")
    assert (await swept(daemon, grid=[HEAT]))["state"] == "done"
    assert LEAKED not in json.dumps([daemon.told, edited])


async def test_a_key_in_a_closed_config_is_moved_on_disk(start: Start, home: Home) -> None:
    home.write(TEXT)
    daemon = await start(home)
    edited = await daemon.request("ploked/storeKey", {"path": ["registry", "api_key"]})
    assert (edited["changed"], edited["via"]) == (True, "disk")
    assert LEAKED not in home.config.read_text()
    assert LEAKED in key_file(home).read_text()


async def test_a_key_is_moved_only_where_no_other_is_lost(start: Start, home: Home) -> None:
    await keys(home, "set", "openrouter", typed="sk-or-v1-another\n")
    home.write(TEXT)
    daemon = await start(home)
    with pytest.raises(PlokedError, match="holds another key"):
        await daemon.request("ploked/storeKey", {"path": ["registry", "api_key"]})
    assert home.config.read_text() == TEXT
    assert json.loads(key_file(home).read_text()) == {"openrouter": "sk-or-v1-another"}


async def test_what_is_too_long_for_a_key_stays_where_it_is(start: Start, home: Home) -> None:
    text = TEXT.replace(LEAKED, LEAKED * 200)
    home.write(text)
    daemon = await start(home)
    with pytest.raises(PlokedError, match="It has more than 4,096 characters") as raised:
        await daemon.request("ploked/storeKey", {"path": ["registry", "api_key"]})
    assert LEAKED not in raised.value.message
    assert home.config.read_text() == text
    assert not key_file(home).exists()
