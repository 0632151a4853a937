"""What people ask the daemon itself: status, stop, restart, log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import fake_keyring
import pytest
from daemon.desk import Desk, desk, opened
from e2e.places import KEY, KIMI, RawDaemon, eventually
from ploked.keys.file import KeyFile
from ploked.secret import Secret
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol import PROTOCOL_VERSION


async def test_without_a_daemon_the_commands_say_so(here: Desk) -> None:
    code, out, _ = await here.run("status")
    assert (code, out) == (1, f"No daemon runs at {here.place.socket}; `ploked connect` starts one.\n")
    code, out, _ = await here.run("status", "--json")
    assert code == 1
    assert json.loads(out) == {"running": False, "socket": here.place.socket, "log": here.place.log}
    assert await here.run("stop") == (0, f"No daemon runs at {here.place.socket}.\n", "")
    code, _, errors = await here.run("log")
    assert code == 1
    assert "there is no log to show" in errors
    assert here.processes() == []


async def test_the_status_holds_what_one_asks_when_something_is_odd(supplied: Desk, upstream: UpstreamProcess) -> None:
    editor = await supplied.connect()
    await editor.initialize(clientInfo={"name": "Neovim", "version": "0.11"})
    editor.notify("textDocument/didOpen", opened("a"))
    await editor.result("ploked/refreshCatalog", {})
    await editor.result("ploked/searchModels", {"query": "kimi"})
    sweep = {"model": KIMI, "prompt": "x", "seeds": [1], "selectedEndpoints": ["deepinfra/fp4"]}
    sweep_id = (await editor.result("ploked/launchSweep", sweep))["sweepId"]
    await editor.until(lambda told: told.get("method") == "ploked/sweepProgress" and told["params"]["state"] == "done")
    upstream.faults.add("latency", seconds=60)
    editor.request("ploked/refreshCatalog", {})
    await eventually(lambda: upstream.log[-1]["status"] is None)
    status = await supplied.status()
    assert status["running"]
    assert status["pid"] == await supplied.alone()
    assert status["protocol"] == PROTOCOL_VERSION
    assert 0 < status["uptimeS"] < 1000
    assert status["socket"] == supplied.place.socket
    (session,) = status["sessions"]
    assert (session["client"], session["documents"], session["inFlight"]) == ("Neovim 0.11", 1, 1)
    assert status["inFlight"] == 1
    (catalog,) = status["catalogs"]
    assert catalog["freshness"]["source"] == "openrouter"
    assert catalog["freshness"]["ageS"] >= 0
    assert {one["kind"]: one["outcome"] for one in status["refreshed"]}["models"] in ("updated", "unchanged")
    assert all(0 <= one["agoS"] < status["uptimeS"] and one["refreshedAt"] for one in status["refreshed"])
    assert status["environment"]["PLOKED_CONFIG"] == str(supplied.home.config)
    assert "PLOKED_SOCKET" not in status["environment"]  # nobody has set it
    assert f"  started   with PLOKED_CONFIG={supplied.home.config}\n" in (await supplied.run("status"))[1]
    assert [(one["sweepId"], one["state"], one["done"]) for one in status["sweeps"]] == [(sweep_id, "done", 1)]
    assert status["methods"]["ploked/searchModels"]["count"] == 1
    assert 0 < status["methods"]["ploked/searchModels"]["p50Ms"] <= status["methods"]["ploked/searchModels"]["p99Ms"]
    assert 10 < status["memoryMb"] < 500
    assert status["environment"]["OPENROUTER_API_KEY"] == "***"
    assert status["environment"]["PLOKED_CONFIG"] == str(supplied.home.config)
    assert KEY not in json.dumps(status)
    code, out, _ = await supplied.run("status")
    assert code == 0
    for expected in (
        "Neovim 0.11, 1 documents, 1 requests wait",
        "from openrouter, ",
        "not while it is used",
        "1 of 1",
    ):
        assert expected in out


CANARY = "sk-or-v1-status0canary"


async def key_of(here: Desk, source: str | None) -> tuple[dict[str, Any], str]:
    """Return what the status says of the one key once it is from `source`, as JSON and as text; neither says the key.

    The keyring is asked while the service starts, and nothing waits for that.
    """
    await (await here.editor()).result("ploked/status", {})
    async with asyncio.timeout(30):
        while [each["source"] for each in (await here.status())["keys"]] != [source]:
            pass
    (key,) = (await here.status())["keys"]
    _, text, _ = await here.run("status")
    _, raw, _ = await here.run("status", "--json")
    assert CANARY not in text + raw
    (line,) = [line.strip() for line in text.splitlines() if line.startswith("  key")]
    return key, line


async def test_the_status_says_that_a_key_is_in_the_environment(tmp_path: Path) -> None:
    async with desk(tmp_path, OPENROUTER_API_KEY=CANARY) as here:
        key, line = await key_of(here, "environment")
        assert key == {"vendor": "openrouter", "source": "environment", "problem": None}
        assert line == "key       openrouter: in the environment"


@pytest.mark.parametrize(("held", "source"), [(f"key:{CANARY}", "keyring"), ("", None)])
async def test_the_status_says_whether_a_key_is_in_the_keyring(tmp_path: Path, held: str, source: str | None) -> None:
    ring = {"PYTHONPATH": str(fake_keyring.install(tmp_path)), fake_keyring.HELD: held}
    async with desk(tmp_path, OPENROUTER_API_KEY="", **ring) as here:
        key, line = await key_of(here, source)
        assert key == {"vendor": "openrouter", "source": source, "problem": None}
        assert line == f"key       openrouter: {'in the keyring' if source else 'none'}"


async def test_the_status_says_that_a_key_is_in_the_file_and_why_one_there_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path, OPENROUTER_API_KEY="") as here:
        file = KeyFile(here.home.folder / ".local/state/ploked/keys.json")
        file.set("openrouter", Secret(CANARY))
        key, line = await key_of(here, "file")
        assert key == {"vendor": "openrouter", "source": "file", "problem": None}
        assert line == "key       openrouter: in the file"
        file.path.chmod(0o644)
        key, line = await key_of(here, None)
        assert f"chmod 600 {file.path}" in key["problem"]
        assert line == f"key       openrouter: none. {key['problem']}"


async def test_the_status_comes_while_requests_wait_and_sessions_are_full(here: Desk) -> None:
    editor = await here.editor()
    for _ in range(500):
        editor.request("ploked/searchModels", {})
    assert len((await here.status())["sessions"]) == 1


async def test_a_daemon_that_hangs_is_said_to_and_can_be_killed(here: Desk) -> None:
    await here.editor()
    pid = here.pid()
    os.kill(pid, signal.SIGSTOP)
    code, _, errors = await here.run("stop")
    assert code == 1
    assert "`ploked stop --now` ends it" in errors
    code, out, _ = await here.run("stop", "--now")
    assert (code, out) == (0, f"The daemon (process {pid}) did not answer and was killed.\n")


async def test_nobody_is_killed_where_the_lock_does_not_say_who_holds_it(here: Desk) -> None:
    await here.editor()
    pid = here.pid()
    os.kill(pid, signal.SIGSTOP)
    Path(here.place.lock).write_text("{}")
    code, _, errors = await here.run("stop", "--now")
    assert code == 1
    assert errors.startswith("ploked: The daemon does not answer within 5 s.")
    assert await here.alone() == pid


async def test_the_log_is_json_lines_that_name_session_and_incident(here: Desk) -> None:
    editor = await here.editor()
    editor.end()
    await editor.leave()
    assert await here.run("log", "--path") == (0, f"{here.place.log}\n", "")
    await eventually(lambda: "has left" in Path(here.place.log).read_text())
    code, out, _ = await here.run("log")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    (line,) = [line for line in lines if "has left" in line["message"]]  # others may come after it
    assert line["session"] == 1
    assert line["message"] == "session 1 has left without a word"
    assert (line["level"], line["logger"]) == ("INFO", "ploked.server.hub")


async def test_the_log_is_the_one_that_the_daemon_was_started_with(tmp_path: Path) -> None:
    log = tmp_path / "elsewhere.log"
    async with desk(tmp_path, PLOKED_LOG=str(log)) as here:
        await here.editor()
        assert await here.run("log", "--path", env={"PLOKED_LOG": ""}) == (0, f"{log}\n", "")
        assert "serves at" in (await here.run("log", env={"PLOKED_LOG": ""}))[1]


async def test_the_log_is_found_by_a_name_that_no_shell_has_read(here: Desk) -> None:
    """As the settings of an editor give it: the daemon is started with the whole path."""
    said = await here.run("log", "--path", env={"PLOKED_LOG": "~/my.log"})
    assert said == (0, f"{here.home.folder / 'my.log'}\n", "")


@pytest.mark.parametrize(
    ("command", "read"), [("log -n 100000 | head -n 1", "line\n"), ("status | true", ""), ("keys list | true", "")]
)
async def test_who_has_read_enough_is_no_fault(here: Desk, command: str, read: str) -> None:
    path = Path(here.place.log)
    path.parent.mkdir(parents=True)
    path.write_text("line\n" * 100_000)
    ran = await asyncio.to_thread(
        subprocess.run, f"{sys.executable} -m ploked {command}", shell=True, env=here.home.environ,
        capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == (read, "")


HEEDED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it, and so would all below
from ploked.cli import main
sys.exit(main())
"""


async def test_a_command_that_is_interrupted_says_no_more(here: Desk) -> None:
    await here.editor()
    pid = here.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        asking = await RawDaemon.at(here.home, [sys.executable, "-c", HEEDED, "status"])
        await asyncio.sleep(1)
        asking.process.send_signal(signal.SIGINT)
        assert await asking.leave() == (130, "")
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_the_log_can_be_followed_also_into_the_next_file(here: Desk) -> None:
    path = Path(here.place.log)
    path.parent.mkdir(parents=True)
    path.write_text("old\nlast\n")
    reader = await here.connect("log", "-n", "1", "-f")
    reader._task.cancel()
    assert reader.process.stdout is not None

    async def line() -> bytes:
        assert reader.process.stdout is not None
        return await asyncio.wait_for(reader.process.stdout.readline(), 10)

    assert await line() == b"last\n"
    path.write_text("old\nlast\nmore\n")
    assert await line() == b"more\n"
    path.rename(path.with_suffix(".1"))
    path.write_text("new file\n")
    assert await line() == b"new file\n"
    reader.process.kill()
    reader._task = asyncio.create_task(asyncio.sleep(0))


# one session's change is news to all


async def two(supplied: Desk) -> tuple[RawDaemon, RawDaemon]:
    editors = await supplied.editor(), await supplied.editor()
    for editor in editors:
        await editor.result("ploked/status", {})
    return editors


def told(editor: RawDaemon, method: str) -> list[Any]:
    return [message["params"] for message in editor.got if message.get("method") == method]


async def test_a_default_that_one_sets_is_told_to_the_other(supplied: Desk) -> None:
    one, other = await two(supplied)
    await one.result("ploked/saveProfile", {"name": "calm", "params": {"temperature": 0.1}, "setDefault": True})
    await other.told("ploked/preferencesChanged")
    profiles = (await other.result("ploked/listProfiles", {}))["profiles"]
    assert [each["profile"]["name"] for each in profiles if each["isDefault"]] == ["calm"]


async def test_a_refresh_and_a_sweep_of_one_are_told_to_the_other(supplied: Desk) -> None:
    one, other = await two(supplied)
    await one.result("ploked/refreshCatalog", {"model": KIMI})
    await eventually(lambda: any(each["refreshed"]["model"] == KIMI for each in told(other, "ploked/catalogChanged")))
    sweep = {"model": KIMI, "prompt": "x", "seeds": [1, 2], "selectedEndpoints": ["deepinfra/fp4"]}
    launched = await one.result("ploked/launchSweep", sweep)
    await eventually(lambda: [each["state"] for each in told(other, "ploked/sweepProgress")][-1:] == ["done"])
    for editor in (one, other):
        assert told(editor, "ploked/sweepStarted") == [{"sweepId": launched["sweepId"], "model": KIMI, "total": 2}]
        news = [message["method"] for message in editor.got if "sweep" in message.get("method", "")]
        assert news[0] == "ploked/sweepStarted"
    assert {each["sweepId"] for each in told(other, "ploked/sweepProgress")} == {launched["sweepId"]}
    results = await other.result("ploked/sweepResults", {"sweepId": launched["sweepId"]})
    assert len(results["rows"]) == 2


async def test_an_idle_limit_that_is_no_number_is_the_usual_one(tmp_path: Path) -> None:
    async with desk(tmp_path, PLOKED_IDLE_S="soon") as here:
        await here.editor()
        for editor in here.editors:
            editor.end()
            await editor.leave()
        await eventually(lambda: here.hello())
        assert 500 < (await here.status())["idleExitInS"] <= 600


@pytest.mark.parametrize("value", ["messages", "verbose"])
async def test_a_client_that_asks_for_a_trace_gets_one(here: Desk, value: str) -> None:
    editor = await here.editor()
    await editor.result("ploked/status", {})
    assert not told(editor, "$/logTrace")
    editor.notify("$/setTrace", {"value": value})
    await editor.result("ploked/status", {})
    message = (await editor.told("$/logTrace"))["params"]["message"]
    assert message.startswith("ploked/status answered in ")
    editor.notify("$/setTrace", {"value": "off"})
    await editor.result("ploked/listProfiles", {})
    await editor.result("ploked/status", {})
    assert len(told(editor, "$/logTrace")) == 1
