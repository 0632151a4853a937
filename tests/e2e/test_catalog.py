"""The catalog as a client sees it: first starts, later starts, and what endpoints cost the network."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.conftest import Start
from e2e.places import DEEPSEEK, KIMI, Daemon, Home, Json, own_process
from ploked_fixtures.serve import UpstreamProcess

SNAPSHOT_MODELS = 455


def asked(upstream: UpstreamProcess, path: str, since: int = 0) -> list[Json]:
    """Return the requests for a path that the upstream has got."""
    return [request for request in upstream.log[since:] if request["path"] == f"/api/v1{path}"]


async def search(daemon: Daemon, query: str = "kimi") -> Any:
    return await daemon.request("ploked/searchModels", {"query": query})


async def refreshed(daemon: Daemon, kind: str) -> Json:
    """Return what the daemon says of the refresh of a kind of rows, waiting for it."""
    told = await daemon.until("ploked/catalogChanged", lambda told: told["refreshed"]["kind"] == kind)
    return dict(told["refreshed"])


@pytest.fixture
def no_network(tmp_path: Path) -> Home:
    """Give a home whose upstream refuses every connection."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return Home(tmp_path, f"http://127.0.0.1:{port}/api/v1")


@pytest.fixture
def black_hole(tmp_path: Path) -> Iterator[Home]:
    """Give a home whose upstream takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield Home(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}/api/v1")


# first starts


async def test_a_first_start_answers_from_the_network(start: Start, home: Home) -> None:
    daemon = await start(home)
    found = await search(daemon)
    assert found["freshness"]["source"] == "openrouter"
    assert found["freshness"]["stale"] is False
    assert found["freshness"]["ageS"] < 60


async def test_a_row_is_a_hint_of_the_new_list_until_its_endpoints_are_as_new(start: Start, home: Home) -> None:
    daemon = await start(home)
    assert (await row(daemon, KIMI))["basis"] == "hint"  # the snapshot has endpoints of it, which are older
    await daemon.request("ploked/listEndpoints", {"model": KIMI})
    assert (await row(daemon, KIMI))["basis"] == "endpoints"


async def row(daemon: Daemon, model: str) -> Json:
    """Return the row of a model."""
    (found,) = (await daemon.request("ploked/searchModels", {"query": model, "limit": 1}))["rows"]
    assert found["id"] == model
    return dict(found)


async def test_a_first_start_without_a_network_answers_from_the_snapshot(start: Start, no_network: Home) -> None:
    daemon = await start(no_network)
    whole = await search(daemon, "")
    assert whole["total"] == SNAPSHOT_MODELS
    assert_from_snapshot(whole["freshness"])
    assert "cannot be reached" in whole["freshness"]["error"]
    listed = await daemon.request("ploked/listEndpoints", {"model": KIMI})
    assert len(listed["endpoints"]) == 12
    assert_from_snapshot(listed["freshness"])
    assert (await row(daemon, DEEPSEEK))["basis"] == "endpoints"  # of the same snapshot
    plan = await daemon.request("ploked/routePlan", {"model": KIMI})
    assert plan["request"]["model"] == KIMI
    assert_from_snapshot(plan["freshness"])


def assert_from_snapshot(freshness: Json) -> None:
    assert freshness["source"].startswith("snapshot 20")
    assert freshness["stale"] is True


async def test_endpoints_that_nobody_has_are_an_error_that_says_so(start: Start, no_network: Home) -> None:
    daemon = await start(no_network)
    with pytest.raises(Exception, match="cannot be reached") as raised:
        await daemon.request("ploked/listEndpoints", {"model": "moonshotai/kimi-k3"})
    assert raised.value.code == -32015  # type: ignore[attr-defined]  # UpstreamUnavailable has one


async def test_no_answer_waits_until_a_silent_upstream_is_given_up(start: Start, black_hole: Home) -> None:
    daemon = await start(black_hole)
    answers = [await search(daemon)]
    answers += [await daemon.request("ploked/listEndpoints", {"model": model}) for model in (KIMI, DEEPSEEK)]
    for answer in answers:
        assert_from_snapshot(answer["freshness"])
        assert answer["freshness"]["error"] is None, "the fetch is still in the air"


# later starts


async def fill(start: Start, home: Home, *, age_s: int) -> None:
    """Leave the cache behind that a daemon would have written so long ago."""
    daemon = await start(home)
    await daemon.request("ploked/listEndpoints", {"model": KIMI})
    await daemon.close()
    (path,) = home.cache.glob("catalog*.db")
    with sqlite3.connect(path) as db:
        for table in ("models", "endpoints", "providers"):
            db.execute(f"UPDATE {table} SET last_refreshed_s = last_refreshed_s - {age_s}")


@own_process
@pytest.mark.parametrize("ttl_s", [None, 50])
async def test_rows_are_stale_once_they_are_older_than_the_config_allows(
    start: Start, home: Home, upstream: UpstreamProcess, ttl_s: int | None
) -> None:
    await fill(start, home, age_s=100)
    upstream.faults.add("connection-reset")
    before = len(upstream.log)
    if ttl_s:
        home.write(f"version = 1\n[registry.cache]\nmodels_ttl_s = {ttl_s}\nendpoints_ttl_s = {ttl_s}\n")
    daemon = await start(home)
    found = await search(daemon)
    listed = await daemon.request("ploked/listEndpoints", {"model": KIMI})
    assert len(listed["endpoints"]) == 12
    for freshness in (found["freshness"], listed["freshness"]):
        assert freshness["source"] == "openrouter"
        assert 100 <= freshness["ageS"] < 200
        assert freshness["stale"] is (ttl_s is not None)
    if ttl_s is None:
        assert upstream.log[before:] == []
        return
    assert (await refreshed(daemon, "models"))["outcome"] == "failed"
    again = await search(daemon)
    assert again["rows"] == found["rows"]
    assert "cannot be reached" in again["freshness"]["error"]


async def test_what_the_facts_say_against_a_closed_config_is_told_at_the_start(start: Start, home: Home) -> None:
    await fill(start, home, age_s=0)  # a later start fetches nothing, so that no news has it checked again
    home.write(f'version = 1\n[[registry.models]]\nmodel = "{KIMI}"\nbanned_providers = ["novta"]\n')
    daemon = await start(home)
    told = await daemon.until("textDocument/publishDiagnostics")
    assert [one["code"] for one in told["diagnostics"]] == ["unknownProvider"]
    (problem,) = (await daemon.request("ploked/status", {}))["config"]["problems"]
    assert problem["suggestion"] == '"novita"'


@own_process
async def test_many_questions_about_stale_rows_start_one_refresh_and_are_told_once(
    start: Start, home: Home, upstream: UpstreamProcess
) -> None:
    await fill(start, home, age_s=100_000)
    before = len(upstream.log)
    upstream.faults.add("latency", seconds=0.5)  # so that all questions come while the refreshes are in the air
    daemon = await start(home)
    listing = (daemon.request("ploked/listEndpoints", {"model": KIMI}) for _ in range(20))
    answers = await asyncio.gather(*(search(daemon) for _ in range(20)), *listing)
    assert {answer["freshness"]["source"] for answer in answers} == {"openrouter"}
    kinds = ["endpoints", "models", "providers"]
    for kind in kinds:
        await refreshed(daemon, kind)
    await search(daemon)
    paths = ["/models", f"/models/{KIMI}/endpoints", "/providers"]
    assert [len(asked(upstream, path, before)) for path in paths] == [1, 1, 1]
    assert sorted(told["refreshed"]["kind"] for told in daemon.heard("ploked/catalogChanged")) == kinds
    assert (await search(daemon))["freshness"]["stale"] is False


# endpoints


async def test_endpoints_are_fetched_when_asked_for_and_once(
    start: Start, home: Home, upstream: UpstreamProcess
) -> None:
    daemon = await start(home)
    before = len(upstream.log)
    await search(daemon)
    assert asked(upstream, f"/models/{DEEPSEEK}/endpoints", before) == []
    upstream.faults.add("latency", seconds=0.3, path="/models/deepseek")
    lists = await asyncio.gather(*(daemon.request("ploked/listEndpoints", {"model": DEEPSEEK}) for _ in range(10)))
    await daemon.request("ploked/routePlan", {"model": DEEPSEEK})
    assert len({repr(one["endpoints"]) for one in lists}) == 1
    assert {one["freshness"]["source"] for one in lists} == {"openrouter"}
    assert len(asked(upstream, f"/models/{DEEPSEEK}/endpoints", before)) == 1
