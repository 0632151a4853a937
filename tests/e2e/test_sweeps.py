"""Sweeps: what really goes out, and at which pace."""

from __future__ import annotations

import time

import pytest
from e2e.places import KIMI, Daemon, eventually
from e2e.sweeping import CHAT, HEAT, PAIR, Sent, launch, swept
from ploked_fixtures.serve import UpstreamProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOTH_WAYS = True


# what goes out


async def test_each_variant_is_sent_once_to_each_endpoint_pinned_by_its_whole_tag(shared: Daemon, sent: Sent) -> None:
    results = await swept(shared, grid=[HEAT], seeds=[1, 2])
    asked = [(body["temperature"], body["seed"], body["provider"]["only"]) for body in sent.bodies()]
    product = [(heat, seed, [tag]) for heat in (0.1, 0.2, 0.3) for seed in (1, 2) for tag in PAIR]
    assert sorted(asked) == sorted(product)
    for body in sent.bodies():
        assert body["model"] == KIMI
        assert body["messages"] == [{"role": "user", "content": "Name a colour."}]
        assert body["provider"]["allow_fallbacks"] is False
        assert body["provider"]["require_parameters"] is True
        assert not body.get("stream")
    assert {row["servedBy"] for row in results["rows"]} == {"DeepInfra", "Chutes"}


async def test_values_are_decimals_and_not_what_binary_makes_of_them(shared: Daemon, sent: Sent) -> None:
    axis = {"parameter": "temperature", "start": 0, "stop": 1, "steps": 11}
    results = await swept(shared, grid=[axis], selectedEndpoints=PAIR[:1])
    shown = sorted(repr(body["temperature"]) for body in sent.bodies())
    assert shown == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]
    assert {row["label"] for row in results["rows"]} >= {"temperature=0.3", "temperature=0.7"}


async def test_two_axes_make_a_product_and_whole_numbers_stay_whole(shared: Daemon, sent: Sent) -> None:
    axes = [HEAT, {"parameter": "max_tokens", "start": 8, "stop": 16, "steps": 2}]
    results = await swept(shared, grid=axes, selectedEndpoints=PAIR[:1])
    assert len(results["rows"]) == 6
    assert {repr(body["max_tokens"]) for body in sent.bodies()} == {"8", "16"}


async def test_a_routed_sweep_sends_one_request_per_variant_and_pins_none(shared: Daemon, sent: Sent) -> None:
    results = await swept(shared, grid=[HEAT], perEndpoint=False)
    assert [row["tag"] for row in results["rows"]] == [None] * 3
    for body in sent.bodies():
        assert sorted(body["provider"]["only"]) == sorted(PAIR)
        assert "allow_fallbacks" not in body["provider"]


async def test_request_ids_are_readable_unique_and_stable(shared: Daemon) -> None:
    once, again = [await swept(shared, grid=[HEAT], seeds=[1, 1]) for _ in range(2)]
    ids = [row["requestId"] for row in once["rows"]]
    assert len(set(ids)) == len(ids) == 12
    assert set(ids) == {row["requestId"] for row in again["rows"]}
    assert any(one.startswith(f"{KIMI}|deepinfra/fp4|temperature=0.2 seed=1#") for one in ids)


async def test_endpoints_that_would_drop_a_swept_parameter_are_left_out_and_named(shared: Daemon, sent: Sent) -> None:
    launched = await launch(shared, seeds=[1], selectedEndpoints=None)
    assert launched["requests"] == 6
    assert "siliconflow/int4 does not take seed" in launched["message"]
    await shared.swept(launched["sweepId"])
    assert ["siliconflow/int4"] not in [body["provider"]["only"] for body in sent.bodies()]


# the pace


async def test_no_more_requests_are_under_way_than_asked_for(
    shared: Daemon, upstream: UpstreamProcess, sent: Sent
) -> None:
    await eventually(lambda: all(each["status"] or each["fault"] for each in upstream.log))
    upstream.faults.add("latency", seconds=0.15, path=CHAT)
    await swept(shared, grid=[HEAT], seeds=[1, 2], concurrency=3)
    assert max(request["inFlight"] for request in sent.requests()) == 2


async def test_latency_is_that_of_the_upstream_and_not_of_the_queue(shared: Daemon, upstream: UpstreamProcess) -> None:
    upstream.faults.add("latency", seconds=0.2, path=CHAT)
    results = await swept(shared, grid=[HEAT], seeds=[1, 2], concurrency=1)
    latencies = sorted(row["latencyMs"] for row in results["rows"])
    assert latencies[0] >= 200
    assert latencies[len(latencies) // 2] < 1000  # the last one has waited for eleven others


async def test_progress_counts_up_and_brings_every_row(shared: Daemon) -> None:
    since = len(shared.told)
    results = await swept(shared, grid=[HEAT])
    told = [one for one in shared.heard("ploked/sweepProgress", since) if one["sweepId"] == results["sweepId"]]
    *rows, last = told
    assert [one["done"] for one in rows] == [1, 2, 3, 4, 5, 6]
    assert {one["total"] for one in told} == {6}
    assert [one["row"] for one in rows] == results["rows"]
    assert (last["row"], last["state"], last["done"], last["failed"]) == (None, "done", 6, 0)


async def test_a_cancelled_sweep_sends_nothing_more_and_keeps_what_came_back(
    shared: Daemon, upstream: UpstreamProcess, sent: Sent
) -> None:
    launched = await launch(shared, grid=[HEAT], seeds=[1, 2], concurrency=1)
    since = len(shared.told)
    await shared.until(
        "ploked/sweepProgress", lambda told: told["sweepId"] == launched["sweepId"] and told["done"] >= 2
    )
    upstream.faults.add("latency", seconds=30, path=CHAT)
    await eventually(lambda: [request for request in sent.requests() if request["status"] is None])
    began = time.monotonic()
    cancelled = await shared.request("ploked/cancelSweep", {"sweepId": launched["sweepId"]})
    assert time.monotonic() - began < 15
    assert cancelled == {"sweepId": launched["sweepId"], "state": "cancelled", "message": None}
    asked = len(sent.requests())
    assert asked < 12
    results = await shared.request("ploked/sweepResults", {"sweepId": launched["sweepId"]})
    assert results["state"] == "cancelled"
    by_status = [row["status"] for row in results["rows"]]
    assert by_status.count("ok") >= 2
    assert len(by_status) == 12
    assert any("may have billed it" in (row["error"] or "") for row in results["rows"])
    ended = await shared.until("ploked/sweepProgress", lambda told: told["state"] == "cancelled", since)
    assert ended["sweepId"] == launched["sweepId"]
    assert len(sent.requests()) == asked
    assert (await shared.request("ploked/status", {}))["runningSweeps"] == 0
