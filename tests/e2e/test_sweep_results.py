"""Sweeps: what comes back, in which order, and what is refused."""

from __future__ import annotations

import asyncio
import time
import tomllib
from decimal import Decimal
from typing import Any

import pytest
from e2e.places import DEEPSEEK, KIMI, Daemon, Home, Json
from e2e.sweeping import CHAT, HEAT, PAIR, Sent, launch, swept
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.errors import InvalidParams, NoEligibleEndpoint, UnknownSweep

pytestmark = pytest.mark.asyncio(loop_scope="module")


# what comes back


async def test_costs_are_those_reported(shared: Daemon, upstream: UpstreamProcess) -> None:
    results = await swept(shared, grid=[HEAT])
    assert {row["costSource"] for row in results["rows"]} == {"reported"}
    assert Decimal(results["cost"]) == sum(Decimal(row["cost"]) for row in results["rows"])


async def test_costs_that_are_not_reported_are_tokens_times_price_and_say_so(
    shared: Daemon, upstream: UpstreamProcess
) -> None:
    reported = {row["requestId"]: row for row in (await swept(shared, grid=[HEAT]))["rows"]}
    upstream.faults.add("no-cost", path=CHAT)
    estimated = (await swept(shared, grid=[HEAT]))["rows"]
    assert {row["costSource"] for row in estimated} == {"estimated"}
    for row in estimated:
        assert Decimal(row["cost"]) == Decimal(reported[row["requestId"]]["cost"])


async def test_a_rate_limit_is_waited_out_as_the_upstream_asks(
    shared: Daemon, upstream: UpstreamProcess, sent: Sent
) -> None:
    upstream.faults.add("429-retry-after", path=CHAT, times=1, retry_after=1)
    began = time.monotonic()
    results = await swept(shared, seeds=[5], selectedEndpoints=PAIR[:1])
    assert time.monotonic() - began >= 1
    (row,) = results["rows"]
    assert (row["status"], [request["status"] for request in sent.requests()]) == ("ok", [429, 200])
    assert row["latencyMs"] < 1000  # the wait is not the upstream's latency


async def test_failures_of_single_requests_are_rows_that_say_why(shared: Daemon, upstream: UpstreamProcess) -> None:
    upstream.faults.add("500", path=CHAT, times=1)
    upstream.faults.add("mid-stream-error", path=CHAT, times=1)
    upstream.faults.add("html", path=CHAT, times=1)
    upstream.faults.add("truncate", path=CHAT, times=1)
    results = await swept(shared, grid=[HEAT], concurrency=1)
    assert results["state"] == "done"
    failed = [row["error"] for row in results["rows"] if row["status"] == "error"]
    assert len(failed) == 4
    for said, error in zip(["HTTP 500", "Provider returned error", "not JSON", "broke off"], failed, strict=True):
        assert said in error
    assert [row["status"] for row in results["rows"][4:]] == ["ok", "ok"]


async def test_results_are_sorted_by_any_field_both_ways(shared: Daemon, upstream: UpstreamProcess) -> None:
    upstream.faults.add("500", path=CHAT, times=1)
    sweep_id = (await swept(shared, grid=[HEAT]))["sweepId"]
    for field in ("cost", "latencyMs", "completionTokens", "label", "tag", "finishedAt"):
        up, down = [await _column(shared, sweep_id, sort, field) for sort in (field, f"-{field}")]
        known = [value for value in up if value is not None]
        assert known == sorted(known)
        assert [value for value in down if value is not None] == sorted(known, reverse=True)
        assert None not in up[: len(known)]
        assert None not in down[: len(known)]
    with pytest.raises(InvalidParams) as raised:
        await _column(shared, sweep_id, "latency", "cost")
    assert "latencyMs" in raised.value.data.suggestions


async def _column(daemon: Daemon, sweep_id: str, sort: str, field: str) -> list[Any]:
    """Return a column in the order of the rows; money as numbers."""
    results = await daemon.request("ploked/sweepResults", {"sweepId": sweep_id, "sort": sort})
    return [Decimal(row[field]) if field == "cost" and row[field] else row[field] for row in results["rows"]]


async def test_the_best_row_is_saved_as_a_profile(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, "version = 1\n")
    results = await swept(shared, grid=[HEAT], seeds=[3], params={"max_tokens": 9})
    cheapest = min(results["rows"], key=lambda row: (Decimal(row["cost"]), row["latencyMs"]))
    assert results["best"] == cheapest["requestId"]
    asked = {"name": "best", "sweepId": results["sweepId"], "requestId": results["best"], "setDefault": True}
    await shared.request("ploked/saveProfile", asked)
    (model,) = tomllib.loads(place.config.read_text(encoding="utf-8"))["registry"]["models"]
    assert (model["model"], model["default_profile"]) == (KIMI, "best")
    assert model["profiles"] == [{"name": "best", "params": {**cheapest["params"], "max_tokens": 9}}]
    plan = await shared.request("ploked/routePlan", {"model": KIMI})
    assert plan["request"]["temperature"] == cheapest["params"]["temperature"]


# what is refused


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"grid": [{**HEAT, "parameter": "temprature"}]}, "$.grid[0].parameter"),
        ({"grid": [{**HEAT, "stop": 3}]}, "$.grid[0].stop"),
        ({"grid": [{**HEAT, "steps": 0}]}, "$.grid[0].steps"),
        ({"grid": [HEAT, HEAT]}, "$.grid"),
        ({"grid": [{**HEAT, "steps": 9000}]}, "$.grid"),
        ({"grid": [HEAT], "concurrency": 0}, "$.concurrency"),
    ],
)
async def test_a_grid_that_makes_no_sense_is_refused_with_its_path_and_sends_nothing(
    shared: Daemon, sent: Sent, params: Json, path: str
) -> None:
    with pytest.raises(InvalidParams) as raised:
        await launch(shared, **params)
    assert raised.value.data.path == path
    assert sent.requests() == []


async def test_a_sweep_without_an_eligible_endpoint_says_what_to_loosen(shared: Daemon, sent: Sent) -> None:
    with pytest.raises(NoEligibleEndpoint) as raised:
        await launch(shared, model=DEEPSEEK, selectedEndpoints=["chutes"])
    assert "12 endpoints come back" in raised.value.message
    assert sent.requests() == []


@pytest.mark.parametrize("method", ["sweepResults", "cancelSweep"])
async def test_a_sweep_that_nobody_knows_is_an_error(shared: Daemon, method: str) -> None:
    with pytest.raises(UnknownSweep):
        await shared.request(f"ploked/{method}", {"sweepId": "sweep-nowhere"})


async def test_several_sweeps_at_once_are_kept_apart(shared: Daemon) -> None:
    launched = await asyncio.gather(*(launch(shared, seeds=[n]) for n in range(4)))
    for n, one in enumerate(launched):
        results = await shared.swept(one["sweepId"])
        assert {row["params"]["seed"] for row in results["rows"]} == {n}
