"""Sweeps whose daemon ends, or has given its place away: they are seen, ended and told of through the next one."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any

import pytest
from daemon.desk import Desk
from e2e.places import KIMI, RawDaemon, eventually
from e2e.sweeping import CHAT, Sent
from ploked_fixtures.serve import UpstreamProcess

TOTAL = 40


@pytest.fixture
async def editor(supplied: Desk, upstream: UpstreamProcess) -> RawDaemon:
    """Give an editor before an upstream that takes its time."""
    upstream.faults.add("latency", seconds=0.2, path=CHAT)
    return await supplied.editor()


async def launched(editor: RawDaemon, *, seeds: int = TOTAL) -> str:
    """Return the id of a sweep that sends one request at a time, once a row has come back."""
    asked = {"model": KIMI, "prompt": "x", "seeds": list(range(seeds)), "selectedEndpoints": ["deepinfra/fp4"]}
    sweep = await editor.result("ploked/launchSweep", {**asked, "concurrency": 1})
    await editor.told("ploked/sweepProgress")
    return str(sweep["sweepId"])


def progress(editor: RawDaemon) -> list[dict[str, Any]]:
    return [message["params"] for message in editor.got if message.get("method") == "ploked/sweepProgress"]


async def end_of(editor: RawDaemon) -> dict[str, Any]:
    """Return the last word on the only sweep, waiting for it."""
    await eventually(lambda: progress(editor)[-1:] and progress(editor)[-1]["state"] != "running")
    return progress(editor)[-1]


async def sends_no_more(sent: Sent) -> int:
    """Wait until the upstream is asked for nothing more; return how many requests it got."""
    count = -1
    async with asyncio.timeout(30):
        while count != len(sent.requests()):
            count = len(sent.requests())
            await asyncio.sleep(1)
    return count


# a daemon that has given its place away


async def test_a_sweep_of_the_daemon_before_is_shown_with_its_process(supplied: Desk, editor: RawDaemon) -> None:
    old = supplied.pid()
    sweep_id = await launched(editor)
    await supplied.run("restart")
    async with asyncio.timeout(30):
        while not (status := await supplied.status())["sweeps"]:
            await asyncio.sleep(0.05)
    assert status["runningSweeps"] == 1
    assert status["sweepsElsewhere"] == {sweep_id: old}
    assert [(one["sweepId"], one["state"], one["total"]) for one in status["sweeps"]] == [(sweep_id, "running", TOTAL)]
    assert f", by process {old}\n" in (await supplied.run("status"))[1]
    assert (await editor.result("ploked/status", {}))["runningSweeps"] == 1


async def test_its_editors_hear_of_it_through_the_new_daemon_until_it_has_ended(
    supplied: Desk, editor: RawDaemon
) -> None:
    await launched(editor, seeds=15)
    await supplied.run("restart")
    last = await end_of(editor)
    assert (last["state"], last["done"], last["failed"], last["row"]) == ("done", 15, 0, None)
    done = [each["done"] for each in progress(editor)]
    assert done == sorted(done)
    rows = [each["row"]["requestId"] for each in progress(editor) if each["row"]]
    assert len(rows) - 1 <= len(set(rows)) <= 15  # the last one before the change may be told by both
    await supplied.alone()
    assert (await supplied.status())["runningSweeps"] == 0


async def test_it_is_cancelled_through_the_new_daemon(
    supplied: Desk, editor: RawDaemon, upstream: UpstreamProcess
) -> None:
    sent = Sent(upstream)
    sweep_id = await launched(editor)
    await supplied.run("restart")
    await editor.result("ploked/status", {})
    began_s = time.monotonic()
    cancelled = await editor.result("ploked/cancelSweep", {"sweepId": sweep_id})
    assert cancelled == {"sweepId": sweep_id, "state": "cancelled", "message": None}
    assert time.monotonic() - began_s < 10
    asked = len(sent.requests())
    assert progress(editor)[-1]["state"] == "cancelled"
    await supplied.alone()
    assert await sends_no_more(sent) == asked < TOTAL


async def test_a_process_that_does_not_end_it_is_named(supplied: Desk, editor: RawDaemon) -> None:
    old = supplied.pid()
    sweep_id = await launched(editor)
    await supplied.run("restart")
    await editor.result("ploked/status", {})
    os.kill(old, signal.SIGSTOP)
    cancelled = await editor.result("ploked/cancelSweep", {"sweepId": sweep_id})
    assert cancelled["state"] == "running"
    assert f"Process {old} runs this sweep; it was asked to end it, and has not yet." in cancelled["message"]
    os.kill(old, signal.SIGCONT)
    assert (await end_of(editor))["state"] == "cancelled"


@pytest.mark.parametrize("command", ["stop", "restart"])
async def test_now_means_those_that_have_left_too(
    supplied: Desk, editor: RawDaemon, upstream: UpstreamProcess, command: str
) -> None:
    sent, old = Sent(upstream), supplied.pid()
    sweep_id = await launched(editor)
    await supplied.run("restart")
    code, out, _ = await supplied.run(command, "--now")
    assert code == 0
    assert f"Process {old}, a daemon that had left, has ended {sweep_id}.\n" in out
    asked = len(sent.requests())
    await eventually(lambda: old not in supplied.processes())
    assert await sends_no_more(sent) == asked < TOTAL


async def test_where_none_serves_those_that_have_left_are_named_and_ended(supplied: Desk, editor: RawDaemon) -> None:
    old = supplied.pid()
    sweep_id = await launched(editor)
    await supplied.run("stop")
    code, out, _ = await supplied.run("stop")
    assert code == 0
    named = f"Process {old}, a daemon that has left, still runs {sweep_id}. To end it at once: kill {old}\n"
    assert out == f"No daemon runs at {supplied.place.socket}.\n{named}"
    assert (await supplied.run("status"))[1].endswith(f"`ploked connect` starts one.\n{named}")
    assert f"has ended {sweep_id}.\n" in (await supplied.run("stop", "--now"))[1]
    await eventually(lambda: not supplied.processes())


async def test_an_end_that_nobody_was_there_to_hear_of_is_told_by_the_next_daemon(
    supplied: Desk, editor: RawDaemon
) -> None:
    await launched(editor, seeds=5)
    await supplied.run("stop")
    await eventually(lambda: not supplied.processes())
    assert progress(editor)[-1]["state"] == "running"
    await editor.ask("ploked/status", {})
    last = await end_of(editor)
    assert (last["state"], last["done"]) == ("done", 5)


# a daemon that ends with its sweeps


async def test_of_a_sweep_whose_daemon_was_killed_all_hear_that_it_has_ended_and_why(
    supplied: Desk, editor: RawDaemon
) -> None:
    other = await supplied.editor()
    await launched(editor)
    supplied.kill_daemon()
    for one in (editor, other):
        last = await end_of(one)
        assert (last["state"], last["total"], last["row"]) == ("cancelled", TOTAL, None)
        assert last["message"].startswith("ploked ended while this sweep ran")
    assert last["done"] >= 1


@pytest.mark.parametrize("command", ["stop", "restart"])
async def test_of_a_sweep_that_ends_with_its_daemon_all_hear_that_it_has_ended_and_why(
    supplied: Desk, editor: RawDaemon, upstream: UpstreamProcess, command: str
) -> None:
    sent, other = Sent(upstream), await supplied.editor()
    sweep_id = await launched(editor)
    await supplied.run(command, "--now")
    for one in (editor, other):
        last = await end_of(one)
        assert (last["state"], last["row"]) == ("cancelled", None)
        assert last["message"].startswith("ploked ended while this sweep ran")
    assert await sends_no_more(sent) < TOTAL
    await editor.ask("ploked/status", {})
    assert (await editor.result("ploked/sweepResults", {"sweepId": sweep_id}))["state"] == "cancelled"
    ends = [each for each in progress(editor) if each["state"] != "running"]
    assert len(ends) == 1
