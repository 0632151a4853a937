"""The daemon ends, whatever for: editors go on as if it had not, and their users are told once."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from daemon.desk import URI, Desk, opened, typed
from e2e.places import KIMI, RawDaemon, eventually
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol import control

ROUNDS = int(os.environ.get("PLOKED_KILLS", "5"))
"""How often the daemon is killed under editors that type; the promise is about 200."""


def shown(editor: RawDaemon) -> list[dict[str, Any]]:
    return [message["params"] for message in editor.got if message.get("method") == "window/showMessage"]


async def asked(editor: RawDaemon, method: str, params: Any) -> Any:
    """Return the result of a request, asked again as the error says where the daemon ended meanwhile."""
    answer = await editor.ask(method, params)
    if "error" in answer:
        assert answer["error"]["code"] == control.REQUEST_FAILED
        return await editor.result(method, params)
    return answer["result"]


async def greeted(here: Desk) -> None:
    """Wait until the daemon has answered the hello of the one proxy there is."""
    await eventually(here.hello)
    async with asyncio.timeout(30):
        while (await here.status())["connections"] < 2:
            await asyncio.sleep(0.05)


async def serves(editor: RawDaemon) -> int:
    """Return the process id of the daemon that answers."""
    return int((await asked(editor, "ploked/status", {}))["pid"])


async def text_of(editor: RawDaemon) -> str:
    """Return what the daemon takes the document for."""
    return str((await asked(editor, control.TEXT, {"uri": URI}))["text"])


async def test_a_killed_daemon_is_replaced_with_the_documents_and_one_message(here: Desk) -> None:
    one, other = await here.editor(), await here.editor()
    one.notify("textDocument/didOpen", opened("abc"))
    one.notify("textDocument/didChange", typed(2, "😀"))
    one.notify("textDocument/didChange", typed(3, "x", at=2))  # two UTF-16 units in
    other.notify("textDocument/didOpen", opened("other"))
    assert [await text_of(one), await text_of(other)] == ["😀xabc", "other"]
    before = here.kill_daemon()
    assert [await text_of(one), await text_of(other)] == ["😀xabc", "other"]
    assert await serves(one) == await serves(other) == await here.alone() != before
    one.notify("textDocument/didChange", typed(4, "y"))
    assert await text_of(one) == "y😀xabc"
    for editor in (one, other):
        (message,) = shown(editor)
        assert message["type"] == 2
        assert here.place.log in message["message"]


async def test_requests_that_waited_are_answered_once_with_an_error(supplied: Desk, upstream: UpstreamProcess) -> None:
    editor = await supplied.editor()
    await editor.result("ploked/status", {})
    upstream.faults.add("latency", seconds=60)
    waiting = [editor.request("ploked/refreshCatalog", {}) for _ in range(5)]
    waiting.append(editor.request("ploked/refreshCatalog", {}, "text"))
    await eventually(lambda: upstream.log and upstream.log[-1]["status"] is None)
    supplied.kill_daemon()
    for message_id in waiting:
        assert (await editor.answer(message_id))["error"]["code"] == control.REQUEST_FAILED
    upstream.faults.clear()
    assert "result" in await editor.ask("ploked/refreshCatalog", {})
    assert [len(editor.answers(message_id)) for message_id in waiting] == [1] * 6


async def test_progress_does_not_go_on_for_ever(supplied: Desk, upstream: UpstreamProcess) -> None:
    editor = await supplied.editor()
    await editor.result("ploked/status", {})
    upstream.faults.add("latency", seconds=60)
    editor.request("ploked/refreshCatalog", {"workDoneToken": "t"})
    await editor.told("$/progress")
    supplied.kill_daemon()
    ended = await editor.until(
        lambda message: message.get("method") == "$/progress" and message["params"]["value"]["kind"] == "end"
    )
    assert ended["params"]["token"] == "t"


async def test_an_initialize_that_was_not_answered_is_answered_by_the_next(here: Desk) -> None:
    late = await here.connect()
    await greeted(here)
    first = await here.editor()
    pid = here.pid()
    os.kill(pid, signal.SIGSTOP)
    message_id = late.request("initialize", {"processId": None, "capabilities": {}})
    later = first.request("ploked/status", {})
    os.kill(pid, signal.SIGKILL)
    assert "result" in await late.answer(message_id)
    late.notify("initialized", {})
    assert await serves(late) != pid
    assert (await first.answer(later))["error"]["code"] == control.REQUEST_FAILED
    assert len(late.answers(message_id)) == 1


async def test_a_daemon_that_is_killed_again_and_again_loses_nothing(here: Desk) -> None:
    editor = await here.editor()
    editor.notify("textDocument/didOpen", opened(""))
    text = ""
    for round_ in range(ROUNDS):
        if round_ and round_ % 4 == 0:  # more often within a minute, and the proxy gives up
            editor = await here.editor()
            editor.notify("textDocument/didOpen", opened(text))
        for version in range(20):
            letter = "abcdefghij"[version % 10]
            editor.notify("textDocument/didChange", typed(version + 2 + round_ * 20, letter))
            text = letter + text
            if version == round_ % 20:
                await text_of(editor)
                here.kill_daemon()
        assert await text_of(editor) == text


async def test_a_daemon_that_ends_again_and_again_is_given_up(here: Desk) -> None:
    editor = await here.editor()
    for told in range(1, 7):
        await serves(editor)
        here.kill_daemon()
        await eventually(partial(_was_told, editor, told))
    code, errors = await editor.leave()
    assert code == 1
    assert shown(editor)[-1]["type"] == 1
    assert "it ended 5 times within 60 s" in shown(editor)[-1]["message"]
    assert "it ended 5 times" in errors


async def test_restarts_that_somebody_asked_for_are_no_crashes(here: Desk) -> None:
    editor = await here.editor()
    for _ in range(7):
        await serves(editor)
        code, _, errors = await here.run("restart")
        assert code == 0, errors
    await serves(editor)


async def left_alone(here: Desk, editor: RawDaemon) -> int:
    """Kill the daemon where no other can be had; return the process id of the server that takes the editor over."""
    pid = await serves(editor)
    Path(here.place.folder).chmod(0o755)
    os.kill(pid, signal.SIGKILL)
    await eventually(partial(_was_told, editor, 1))
    return await serves(editor)


async def test_an_editor_that_cannot_have_another_daemon_is_served_alone(here: Desk) -> None:
    editor = await here.editor()
    editor.notify("textDocument/didOpen", opened("ab"))
    editor.notify("textDocument/didChange", typed(2, "x", at=1))
    own = await left_alone(here, editor)
    (told,) = shown(editor)
    assert told["type"] == 2
    assert "serves this editor alone" in told["message"]
    assert f"chmod 700 {here.place.folder}" in told["message"]
    assert await text_of(editor) == "axb"
    editor.process.kill()
    await eventually(lambda: not _runs(own))
    assert told["message"] in (await editor.leave())[1]


async def test_a_server_of_ones_own_folds_long_journals_and_ends_with_its_editor(here: Desk) -> None:
    editor = await here.editor()
    editor.notify("textDocument/didOpen", opened(""))
    own = await left_alone(here, editor)
    for version in range(2, 800):
        editor.notify("textDocument/didChange", typed(version, "ab"[version % 2]))
    assert await text_of(editor) == "ba" * 399
    assert not [message for message in editor.got if control.OWN_ID in json.dumps(message)]
    await editor.ask("shutdown")
    editor.notify("exit")
    assert (await editor.leave())[0] == 0
    await eventually(lambda: not _runs(own))


async def test_a_server_of_ones_own_that_is_killed_is_replaced_like_any_daemon(here: Desk) -> None:
    editor = await here.editor()
    editor.notify("textDocument/didOpen", opened("ab"))
    own = await left_alone(here, editor)
    os.kill(own, signal.SIGKILL)
    await eventually(partial(_was_told, editor, 2))
    another = await serves(editor)
    assert another != own
    assert await text_of(editor) == "ab"
    Path(here.place.folder).chmod(0o700)
    os.kill(another, signal.SIGKILL)
    await eventually(partial(_was_told, editor, 3))
    assert await serves(editor) == await here.alone()
    assert await text_of(editor) == "ab"
    assert ["alone" in told["message"] for told in shown(editor)] == [True, True, False]


async def test_a_server_of_ones_own_imports_nothing_from_the_folder_of_the_editor(here: Desk, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "json.py").write_text("raise SystemExit('a file of the project was run')")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "ploked", "connect", cwd=project, env=here.home.environ, stdin=pipe, stdout=pipe,
        stderr=pipe,
    )  # fmt: skip
    editor = RawDaemon(process)
    here.editors.append(editor)
    await editor.initialize()
    await left_alone(here, editor)
    editor.end()
    assert "a file of the project" not in (await editor.leave())[1]


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


async def test_an_editor_that_holds_many_files_open_is_recovered_too(here: Desk) -> None:
    """`select` takes no descriptor above 1,023."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1200:
        pytest.skip("this system lets nobody hold so many")
    held = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (2000, max(2000, int(sys.argv[1]))));"
        "[os.set_inheritable(os.dup(2), True) for _ in range(1100)];"
        "os.execv(sys.executable, [sys.executable, '-m', 'ploked', 'connect'])"
    )
    editor = await RawDaemon.at(here.home, [sys.executable, "-c", held, str(hard)])
    here.editors.append(editor)
    await editor.initialize()
    await serves(editor)
    here.kill_daemon()
    await eventually(partial(_was_told, editor, 1))
    await serves(editor)


def _was_told(editor: RawDaemon, count: int) -> bool:
    return len(shown(editor)) >= count


async def test_after_a_stop_the_next_question_starts_another(here: Desk) -> None:
    editor = await here.editor()
    editor.notify("textDocument/didOpen", opened("ab"))
    pid = await serves(editor)
    code, out, _ = await here.run("stop")
    assert (code, out) == (0, f"The daemon (process {pid}) has ended.\n")
    await editor.told("window/showMessage")
    editor.notify("textDocument/didChange", typed(2, "x"))
    assert here.processes() == []
    assert await text_of(editor) == "xab"
    assert await here.alone() != pid
    assert [message["type"] for message in shown(editor)] == [3]


async def test_goodbye_after_a_stop_starts_none(here: Desk) -> None:
    editor = await here.editor()
    await here.run("stop")
    await editor.told("window/showMessage")
    assert (await editor.ask("shutdown"))["result"] is None
    editor.notify("exit")
    assert (await editor.leave())[0] == 0
    assert here.processes() == []


async def test_an_editor_that_has_said_nothing_before_a_stop_is_answered_once(here: Desk) -> None:
    early = await here.connect()
    await greeted(here)
    await here.run("stop")
    await early.told("window/showMessage")
    assert "result" in await early.initialize()
    await serves(early)
    assert [len(early.answers(message["id"])) for message in early.got if "id" in message] == [1, 1]


async def test_what_comes_in_one_piece_after_a_stop_is_all_answered(here: Desk) -> None:
    editor = await here.editor()
    await here.run("stop")
    await editor.told("window/showMessage")
    ask = {"jsonrpc": "2.0", "method": "ploked/status"}
    last = [{"jsonrpc": "2.0", "id": "bye", "method": "shutdown"}, {"jsonrpc": "2.0", "method": "exit"}]
    editor.send({**ask, "id": "a"}, {**ask, "id": "b"}, *last)
    assert (await editor.leave())[0] == 0
    assert [len(editor.answers(message_id)) for message_id in ("a", "b", "bye")] == [1, 1, 1]


async def test_a_restart_moves_every_editor_to_the_new_daemon(here: Desk) -> None:
    editors = [await here.editor() for _ in range(3)]
    before = await serves(editors[0])
    code, out, _ = await here.run("restart")
    assert code == 0
    assert out.startswith(f"The daemon (process {before}) has ended.\n")
    now = await here.alone()
    assert out.endswith(f"The daemon (process {now}) serves now.\n")
    for editor in editors:
        assert await serves(editor) == now != before
        assert [message["type"] for message in shown(editor)] == [3]


@pytest.mark.parametrize("command", [["stop"], ["stop", "--now"], ["restart"]])
async def test_who_waits_for_an_answer_of_a_daemon_that_leaves_is_told_to_ask_again(
    supplied: Desk, upstream: UpstreamProcess, command: list[str]
) -> None:
    editor = await supplied.editor()
    await editor.result("ploked/status", {})
    upstream.faults.add("latency", seconds=60, path="/models/")
    waiting = editor.request("ploked/refreshCatalog", {"model": KIMI})
    await eventually(lambda: upstream.log[-1]["status"] is None)
    assert (await supplied.run(*command))[0] == 0
    error = (await editor.answer(waiting))["error"]
    assert error["code"] == control.REQUEST_FAILED
    assert error["message"].endswith("before it answered; ask again.")


@pytest.mark.parametrize("command", ["stop", "restart"])
async def test_a_sweep_outlives_the_place_of_its_daemon(
    supplied: Desk, upstream: UpstreamProcess, command: str
) -> None:
    upstream.faults.add("latency", seconds=0.1, path="/chat/completions")
    editor = await supplied.editor()
    axis = {"parameter": "temperature", "start": 0, "stop": 1, "steps": 11}
    launched = await editor.result(
        "ploked/launchSweep",
        {"model": KIMI, "prompt": "x", "grid": [axis], "selectedEndpoints": ["deepinfra/fp4"], "concurrency": 1},
    )
    await editor.told("ploked/sweepProgress")
    code, out, _ = await supplied.run(command)
    assert code == 0
    assert "ends once its sweeps have, of which 1 run" in out
    ask = {"sweepId": launched["sweepId"]}
    async with asyncio.timeout(30):
        while (results := await asked(editor, "ploked/sweepResults", ask))["state"] == "running":
            await asyncio.sleep(0.05)
    assert results["state"] == "done"
    assert len({row["requestId"] for row in results["rows"]}) == 11
    await supplied.alone()


async def test_a_long_journal_is_folded_without_the_editor_noticing(here: Desk) -> None:
    editor = await here.editor()
    editor.notify("textDocument/didOpen", opened(""))
    for version in range(2, 800):
        editor.notify("textDocument/didChange", typed(version, "ab"[version % 2]))
    text = await text_of(editor)
    here.kill_daemon()
    assert await text_of(editor) == text == "ba" * 399
    assert not [message for message in editor.got if control.OWN_ID in json.dumps(message)]
