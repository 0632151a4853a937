"""Plan versus actual over the wire: who served, which model, at which price."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from chat_request import schema_problems
from e2e.places import KIMI, Daemon, Json
from e2e.sweeping import CHAT, HEAT, PAIR, Sent, launch, swept
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.errors import UnknownSweep

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def compared(daemon: Daemon, sweep_id: str, **params: Any) -> Any:
    return await daemon.request("ploked/planVersusActual", {"sweepId": sweep_id, **params})


def codes(row: Json) -> list[str]:
    return [deviation["code"] for deviation in row["deviations"]]


async def test_an_upstream_that_goes_by_the_plan_deviates_in_nothing(
    shared: Daemon, upstream: UpstreamProcess, sent: Sent
) -> None:
    results = await swept(shared, grid=[HEAT])
    found = await compared(shared, results["sweepId"])
    assert (found["deviating"], found["message"]) == (0, "What came back went as planned.")
    assert {row["requestId"] for row in found["rows"]} == {row["requestId"] for row in results["rows"]}
    for row in found["rows"]:
        assert row["plannedTags"] == [row["actualTag"]]
        assert row["actualModel"].startswith(KIMI)
        assert Decimal(row["plannedCost"]) == Decimal(row["actualCost"])
    assert {row["servedTag"] for row in results["rows"]} == set(PAIR)
    assert all(row["deviations"] == [] for row in results["rows"])
    assert all(request["headers"]["x-openrouter-metadata"] == "enabled" for request in sent.requests())


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("misroute", "servedOutsidePlan"),
        ("other-model", "otherModel"),
        ("other-price", "otherPrice"),
        ("retried", "retried"),
    ],
)
async def test_what_the_upstream_does_otherwise_is_in_the_rows_and_in_the_comparison(
    shared: Daemon, upstream: UpstreamProcess, fault: str, code: str
) -> None:
    upstream.faults.add(fault, path=CHAT, times=1)
    results = await swept(shared, grid=[{**HEAT, "steps": 1}], concurrency=1)
    found = await compared(shared, results["sweepId"])
    assert found["deviating"] == 1
    assert found["message"] == f"1 of {len(PAIR)} requests did not go as planned: {code} 1."
    (row,) = [row for row in results["rows"] if row["deviations"]]
    (told,) = (await compared(shared, results["sweepId"], requestId=row["requestId"]))["rows"]
    assert codes(row) == codes(told) == [code]
    assert told["deviations"] == row["deviations"]
    assert told["deviations"][0]["message"]


async def test_a_parameter_that_an_endpoint_drops_is_told(shared: Daemon, upstream: UpstreamProcess) -> None:
    listed = await shared.request("ploked/listEndpoints", {"model": KIMI})
    deaf = next(each["key"]["tag"] for each in listed["endpoints"] if "seed" not in each["supportedParameters"])
    results = await swept(shared, selectedEndpoints=[deaf], params={"seed": 5})
    (row,) = (await compared(shared, results["sweepId"]))["rows"]
    assert codes(row) == ["parameterDropped"]
    assert row["deviations"][0]["planned"] == "seed"


async def test_a_routed_request_may_be_served_by_any_endpoint_of_its_plan(
    shared: Daemon, upstream: UpstreamProcess
) -> None:
    results = await swept(shared, perEndpoint=False)
    (row,) = (await compared(shared, results["sweepId"]))["rows"]
    assert sorted(row["plannedTags"]) == sorted(PAIR)
    assert row["actualTag"] in PAIR
    assert row["deviations"] == []


async def test_a_sweep_may_have_routing_preferences_of_its_own(
    shared: Daemon, upstream: UpstreamProcess, sent: Sent
) -> None:
    routing = {"ignore": [PAIR[0]], "data_collection": "deny", "max_price": {"prompt": 9}}
    results = await swept(shared, routing=routing)
    assert [row["tag"] for row in results["rows"]] == PAIR[1:]
    (body,) = sent.bodies()
    assert body["provider"] | {**routing, "only": PAIR[1:]} == body["provider"]
    assert schema_problems(body) == []


async def test_a_router_may_answer_with_any_model(shared: Daemon, upstream: UpstreamProcess) -> None:
    results = await swept(shared, model="openrouter/auto", selectedEndpoints=None)
    (row,) = (await compared(shared, results["sweepId"]))["rows"]
    assert row["actualModel"] != "openrouter/auto"
    assert row["deviations"] == []


async def test_an_alias_is_served_by_its_target(shared: Daemon, upstream: UpstreamProcess) -> None:
    results = await swept(shared, model="~moonshotai/kimi-latest", selectedEndpoints=None)
    found = await compared(shared, results["sweepId"])
    assert found["rows"]
    assert found["deviating"] == 0


async def test_what_is_not_in_the_ledger_is_refused(shared: Daemon, upstream: UpstreamProcess) -> None:
    sweep_id = (await launch(shared, seeds=[1]))["sweepId"]
    await shared.swept(sweep_id)
    for params in ({"sweep_id": "sweep-none"}, {"sweep_id": sweep_id, "requestId": "none"}):
        with pytest.raises(UnknownSweep):
            await compared(shared, **params)
