"""Sweeps that cannot go on: keys, a daemon that is killed, a person who cancels; and keys that must not leak."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from e2e.conftest import Start
from e2e.places import KEY, KIMI, Home, Json, RawDaemon, own_process
from e2e.sweeping import CHAT, HEAT, PAIR, Sent, launch, swept
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.errors import MissingKey


@pytest.fixture
async def raw(home: Home) -> AsyncIterator[RawDaemon]:
    daemon = await RawDaemon.at(home)
    await daemon.initialize({"window": {"workDoneProgress": True}})
    yield daemon
    if daemon.process.returncode is None:
        daemon.process.kill()
        await daemon.leave()


# keys


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("sk-or-v1-bad0key0canary", "refused the key. Set another"),
        ("sk-or-v1-broke0canary", "no credits left"),
        ("sk-or-v1 with blanks", "characters that no key has"),
    ],
)
async def test_a_key_that_does_not_do_stops_the_sweep_at_once_and_says_why(
    start: Start, home: Home, sent: Sent, key: str, said: str
) -> None:
    home.more = {"OPENROUTER_API_KEY": key}
    daemon = await start(home)
    results = await swept(daemon, grid=[{**HEAT, "steps": 20}], seeds=[1, 2], concurrency=4)
    assert results["state"] == "failed"
    assert said in results["message"]
    assert key not in repr(results)
    assert len(sent.requests()) <= 4
    told = await daemon.until("ploked/sweepProgress", lambda told: told["state"] == "failed")
    assert told["message"] == results["message"]


async def test_without_a_key_a_sweep_is_refused_with_the_next_step_and_all_else_works(
    start: Start, home: Home, sent: Sent
) -> None:
    home.more = {"OPENROUTER_API_KEY": ""}
    daemon = await start(home)
    with pytest.raises(MissingKey) as raised:
        await launch(daemon, grid=[HEAT])
    assert raised.value.code == -32016
    assert "OPENROUTER_API_KEY" in str(raised.value.data.next_step)
    assert sent.requests() == []
    assert (await daemon.request("ploked/status", {}))["hasKey"] is False
    assert (await daemon.request("ploked/routePlan", {"model": KIMI}))["request"]


async def test_the_key_appears_nowhere_but_in_the_requests(
    home: Home, upstream: UpstreamProcess, raw: RawDaemon
) -> None:
    await raw.result("ploked/status")
    grid = {"model": KIMI, "grid": [HEAT], "selectedEndpoints": PAIR}
    for fault in ("connection-reset", "500", "html"):  # errors are where keys leak
        upstream.faults.add(fault, path=CHAT, times=1)
        upstream.faults.add(fault, path="/models", times=1)
    launched = await raw.result("ploked/launchSweep", grid)
    await raw.ask("ploked/refreshCatalog")
    await raw.until(lambda message: (message.get("params") or {}).get("state") == "done")
    results = await raw.result("ploked/sweepResults", {"sweepId": launched["sweepId"]})
    asked = {"name": "best", "sweepId": launched["sweepId"], "requestId": results["best"]}
    await raw.result("ploked/saveProfile", asked)
    raw.notify("textDocument/didOpen", {"textDocument": KEY})
    await raw.ask("textDocument/hover", {"textDocument": 1})
    await raw.ask("shutdown")
    raw.notify("exit")
    _, log = await raw.leave()
    assert KEY not in log
    assert KEY.encode() not in raw.received
    files = [path for path in home.folder.rglob("*") if path.is_file()]
    assert home.config in files
    assert any(path.name.startswith("sweeps.db") for path in files)
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


# the end of a process


@own_process
async def test_rows_that_came_back_survive_a_daemon_that_is_killed(
    start: Start, home: Home, upstream: UpstreamProcess, raw: RawDaemon
) -> None:
    grid = {"model": KIMI, "grid": [{**HEAT, "steps": 10}], "selectedEndpoints": PAIR, "concurrency": 1}
    upstream.faults.add("latency", seconds=0.1, path=CHAT)
    launched = await raw.result("ploked/launchSweep", grid)
    told = await raw.until(lambda message: (message.get("params") or {}).get("done") == 3)
    raw.process.kill()
    await raw.process.wait()
    daemon = await start(home)
    results = await daemon.request("ploked/sweepResults", {"sweepId": launched["sweepId"]})
    assert results["state"] in ("cancelled", "failed")
    assert results["message"]
    assert results["total"] == 20
    done = [row for row in results["rows"] if row["status"] == "ok"]
    assert 3 <= len(done) < 20
    assert told["params"]["row"]["requestId"] in [row["requestId"] for row in done]
    assert results["best"] in [row["requestId"] for row in done]
    asked = {"name": "best", "sweepId": launched["sweepId"], "requestId": results["best"]}
    assert (await daemon.request("ploked/saveProfile", asked))["changed"] is True


@own_process
async def test_a_sweep_of_a_session_that_ends_is_ended_and_kept(
    start: Start, home: Home, upstream: UpstreamProcess, sent: Sent
) -> None:
    upstream.faults.add("latency", seconds=0.1, path=CHAT)
    first = await start(home)
    launched = await launch(first, grid=[{**HEAT, "steps": 10}], concurrency=1)
    await first.until("ploked/sweepProgress", lambda told: told["done"] == 2)
    await first.close()
    second = await start(home)
    results = await second.request("ploked/sweepResults", {"sweepId": launched["sweepId"]})
    assert results["state"] == "cancelled"
    assert "ploked ended while this sweep ran" in results["message"]
    assert [row["status"] for row in results["rows"]].count("ok") >= 2


async def test_a_sweep_of_another_daemon_is_seen_while_it_runs(
    start: Start, home: Home, upstream: UpstreamProcess
) -> None:
    upstream.faults.add("latency", seconds=0.2, path=CHAT)
    first, second = await start(home), await start(home)
    launched = await launch(first, grid=[{**HEAT, "steps": 10}], concurrency=1)
    await first.until("ploked/sweepProgress", lambda told: told["done"] == 1)
    results = await second.request("ploked/sweepResults", {"sweepId": launched["sweepId"]})
    assert results["state"] == "running"
    assert len(results["rows"]) >= 1


# cancelling and progress of the launch itself


def _progress(daemon: RawDaemon, token: object) -> list[Json]:
    told = [message["params"] for message in daemon.got if message.get("method") == "$/progress"]
    return [params["value"] for params in told if params["token"] == token]


async def test_a_launch_that_waits_for_the_network_shows_progress_and_can_be_cancelled(
    raw: RawDaemon, upstream: UpstreamProcess, sent: Sent
) -> None:
    await raw.result("ploked/status")
    upstream.faults.add("latency", seconds=30, path="/models/moonshotai")
    for cancel in ("$/cancelRequest", "window/workDoneProgress/cancel"):
        asked = {"model": KIMI, "grid": [HEAT], "workDoneToken": cancel}
        request = raw.request("ploked/launchSweep", asked)
        await raw.until(lambda _, token=cancel: "report" in [one["kind"] for one in _progress(raw, token)])  # type: ignore[misc]  # mypy infers no lambda with defaults
        begin, report, *_ = _progress(raw, cancel)
        assert (begin["kind"], begin["title"], begin["cancellable"]) == ("begin", "Launch sweep", True)
        assert KIMI in report["message"]
        raw.notify(cancel, {"id": request} if cancel == "$/cancelRequest" else {"token": cancel})
        answer = await raw.answer(request)
        assert answer["error"]["code"] == -32800
        assert _progress(raw, cancel)[-1] == {"kind": "end"}
    assert sent.requests() == []
    assert (await raw.result("ploked/status"))["runningSweeps"] == 0


async def test_slow_requests_show_progress_and_the_one_who_is_told_need_not_have_asked(
    raw: RawDaemon, upstream: UpstreamProcess
) -> None:
    await raw.result("ploked/status")
    request = raw.request("ploked/refreshCatalog", {})
    created = await raw.told("window/workDoneProgress/create")
    raw.send({"jsonrpc": "2.0", "id": created["id"], "result": None})
    assert "result" in await raw.answer(request)
    kinds = [value["kind"] for value in _progress(raw, created["params"]["token"])]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert "report" in kinds


async def test_a_client_without_progress_is_not_asked_for_it(start: Start, home: Home) -> None:
    daemon = await start(home)
    asked: list[Any] = []
    daemon.peer.requests["window/workDoneProgress/create"] = asked.append
    await daemon.request("ploked/refreshCatalog", {})
    assert asked == []
    assert daemon.heard("$/progress") == []


async def test_a_cancelled_call_of_the_client_leaves_the_fetch_to_others(
    start: Start, home: Home, upstream: UpstreamProcess
) -> None:
    daemon = await start(home)
    upstream.faults.add("latency", seconds=1, path="/models/moonshotai")
    before = len(upstream.log)
    one, other = [asyncio.ensure_future(daemon.request("ploked/listEndpoints", {"model": KIMI})) for _ in range(2)]
    await daemon.request("ploked/status", {})  # answered after both have begun
    one.cancel()
    assert (await other)["freshness"]["source"] == "openrouter"
    assert len([request for request in upstream.log[before:] if request["path"].endswith("endpoints")]) == 1


async def test_the_comparison_outlives_the_daemon(start: Start, home: Home, upstream: UpstreamProcess) -> None:
    first = await start(home)
    upstream.faults.add("misroute", path=CHAT, times=1)
    sweep_id = (await swept(first, seeds=[3], concurrency=1))["sweepId"]
    asked = {"sweepId": sweep_id}
    before = await first.request("ploked/planVersusActual", asked)
    await first.close()
    assert before["deviating"] == 1
    assert await (await start(home)).request("ploked/planVersusActual", asked) == before
