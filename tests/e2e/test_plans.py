"""Route plans over the wire: every reason, a body that the upstream takes, and what to do when nothing is left."""

from __future__ import annotations

import json
import urllib.request
from decimal import Decimal
from typing import Any

import pytest
from e2e.places import DEEPSEEK, KEY, KIMI, Daemon, Home, Json
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.errors import InvalidParams

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL_REASONS = f"""version = 1

[registry.routing]
quantizations = ["fp8", "unknown", "fp4"]
max_price = {{ prompt = 0.6, completion = 4.0 }}

[[registry.models]]
model = "{DEEPSEEK}"
allowed_providers = ["baidu", "streamlake", "siliconflow", "deepinfra", "atlas-cloud", "novita", "sambanova",
  "friendli"]
banned_providers = ["novita"]
required_supported_params = ["seed"]
selected_endpoints = ["baidu/fp8", "deepinfra/fp4"]
profiles = [{{ name = "tooled", params = {{ temperature = 0.8, tools_required = true }} }}]
default_profile = "tooled"
"""


async def plan(daemon: Daemon, model: str = DEEPSEEK, **params: Any) -> Any:
    return await daemon.request("ploked/routePlan", {"model": model, "prompt": "Hi", **params})


def tags(endpoints: list[Json]) -> list[str]:
    return [endpoint["key"]["tag"] for endpoint in endpoints]


def reasons(found: Json) -> dict[str, set[str]]:
    """Return the codes of every excluded endpoint, by its tag."""
    return {
        excluded["endpoint"]["key"]["tag"]: {reason["code"] for reason in excluded["reasons"]}
        for excluded in found["excluded"]
    }


def post(upstream: UpstreamProcess, body: Json) -> Json:
    """Return what the upstream answers to a completions body."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    request = urllib.request.Request(f"{upstream.url}/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer))


async def test_each_endpoint_is_kept_or_has_every_reason_why_not(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, ALL_REASONS)
    found = await plan(shared)
    assert tags(found["endpoints"]) == ["baidu/fp8", "deepinfra/fp4"]
    assert found["request"]["provider"]["only"] == ["baidu/fp8", "deepinfra/fp4"]
    assert reasons(found) == {
        "streamlake": {"lacksParameter", "toolsRequired", "notSelected"},
        "siliconflow/fp8": {"lacksParameter", "notSelected"},
        "atlas-cloud/fp8": {"notSelected"},
        "novita/fp8": {"denied", "notSelected"},
        "parasail/fp8": {"notAllowed", "toolsRequired", "notSelected"},
        "alibaba": {"notAllowed", "notSelected"},
        "friendli": {"notSelected"},
        "digitalocean": {"notAllowed", "lacksParameter", "toolsRequired", "notSelected"},
        "google-vertex": {"notAllowed", "notSelected"},
        "sambanova": {"lacksParameter", "toolsRequired", "priceAboveCap", "notSelected"},
    }
    every = [reason for excluded in found["excluded"] for reason in excluded["reasons"]]
    origins = {reason["code"]: reason["origin"] for reason in every}
    assert origins["denied"] == "registry.models[0].banned_providers"
    assert origins["toolsRequired"] == "registry.models[0].profiles[0].params.tools_required"
    assert origins["priceAboveCap"].startswith("registry.routing.max_price")


async def test_every_value_of_the_profile_says_where_it_is_from(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, ALL_REASONS)
    profile = (await plan(shared, params={"top_p": 0.5}))["profile"]
    assert profile["name"] == "tooled"
    assert profile["params"] == {"temperature": 0.8, "top_p": 0.5, "tools_required": True}
    assert profile["origins"]["top_p"]["layer"] == "call"
    assert profile["origins"]["temperature"] == {
        "layer": "model", "profile": "tooled", "file": str(place.config), "line": 14,
        "key": "registry.models[0].profiles[0].params.temperature",
    }  # fmt: skip


ROUTING = """version = 1
[registry.routing]
order = ["deepinfra", "novita"]
ignore = ["alibaba"]
data_collection = "deny"
sort = "price"
max_price = { prompt = 1.0, completion = 4.0 }
quantizations = ["fp4", "fp8"]
preferred_max_latency = { p90 = 5 }
"""


@pytest.mark.parametrize("config", ["version = 1\n", ALL_REASONS, ROUTING], ids=["plain", "all", "routing"])
@pytest.mark.parametrize(
    "call",
    [
        {},
        {"params": {"seed": 3, "temperature": 0.2, "max_tokens": 20, "stop": ["END"], "top_k": 4}},
        {"selectedEndpoints": ["deepinfra"]},
        {"params": {"tools_required": True}},
    ],
    ids=["bare", "params", "selected", "tools"],
)
async def test_the_request_is_one_that_upstream_takes_and_serves_from_the_plan(
    shared: Daemon, place: Home, upstream: UpstreamProcess, config: str, call: Json
) -> None:
    await shared.obeys(place, config)
    found = await plan(shared, **call)
    answer = post(upstream, found["request"])
    assert answer["provider"] in [endpoint["providerName"] for endpoint in found["endpoints"]]
    assert "tools_required" not in found["request"]


@pytest.mark.parametrize(
    ("config", "call", "required"),
    [
        ("version = 1\n", {"params": {"temperature": 0.2}}, None),
        ("version = 1\n", {"params": {"tools_required": True}}, True),
        (f'version = 1\n[[registry.models]]\nmodel = "{DEEPSEEK}"\nrequired_supported_params = ["seed"]\n', {}, True),
    ],
)
async def test_parameters_are_required_whenever_something_requires_one(
    shared: Daemon, place: Home, config: str, call: Json, required: bool | None
) -> None:
    await shared.obeys(place, config)
    request = (await plan(shared, **call))["request"]
    assert request.get("provider", {}).get("require_parameters") is required


async def test_when_nothing_is_left_the_plan_says_what_removed_the_last_and_what_to_loosen(
    shared: Daemon, place: Home
) -> None:
    await shared.obeys(place, f'version = 1\n[[registry.models]]\nmodel = "{KIMI}"\nallowed_providers = ["baidu"]\n')
    found = await plan(shared, KIMI)
    assert (found["endpoints"], found["request"], len(found["excluded"])) == ([], None, 12)
    (removed,) = found["nothingLeft"]["removedLast"]
    assert (removed["code"], removed["origin"]) == ("notAllowed", "registry.models[0].allowed_providers")
    assert "11 endpoints come back" in found["nothingLeft"]["loosen"][0]
    assert removed["message"] in found["message"]
    assert found["nothingLeft"]["loosen"][0] in found["message"]


async def test_a_default_profile_that_does_not_exist_is_passed_over_and_named(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, 'version = 1\n[registry]\nglobal_default_profile = "gone"\n')
    found = await plan(shared)
    assert (found["profile"]["name"], found["profile"]["params"]) == ("default", {})
    assert "'gone'" in found["message"]


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"params": {"temperature": 2.5}}, "$.params.temperature"),
        ({"params": {"seed": "one"}}, "$.params.seed"),
        ({"selectedEndpoints": "novita"}, "$.selectedEndpoints"),
        ({"messages": [5]}, "$.messages[0]"),
    ],
)
async def test_params_out_of_range_are_refused_with_their_path(shared: Daemon, params: Json, path: str) -> None:
    with pytest.raises(InvalidParams) as raised:
        await plan(shared, **params)
    assert raised.value.data.path == path


async def test_what_an_endpoint_is_called_in_an_answer_can_be_handed_back(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, "version = 1\n")
    key = (await plan(shared))["endpoints"][0]["key"]
    found = await plan(shared, selectedEndpoints=[key])
    assert tags(found["endpoints"]) == [key["tag"]]


async def test_the_request_can_be_had_as_a_command_without_the_key(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, "version = 1\n")
    assert (await plan(shared))["curl"] is None
    command = (await plan(shared, asCurl=True))["curl"]
    assert command.startswith("curl ")
    assert f"{place.upstream}/chat/completions" in command
    assert '"Authorization: Bearer $OPENROUTER_API_KEY"' in command
    assert KEY not in command


async def test_the_model_may_be_named_in_either_way(shared: Daemon, place: Home, upstream: UpstreamProcess) -> None:
    await shared.obeys(place, "version = 1\n")
    found = await plan(shared, strategy="models")
    assert found["request"]["models"] == [DEEPSEEK]
    assert "model" not in found["request"]
    assert post(upstream, found["request"])["choices"]


async def test_endpoints_say_whether_they_keep_data(shared: Daemon, place: Home) -> None:
    listed = await shared.request("ploked/listEndpoints", {"model": DEEPSEEK})
    zdr = {endpoint["provider"]: endpoint["zdr"] for endpoint in listed["endpoints"]}
    assert (zdr["deepinfra"], zdr["novita"]) == (True, False)


async def test_no_request_costs_more_than_its_plan_said(shared: Daemon, place: Home, upstream: UpstreamProcess) -> None:
    await shared.obeys(place, "version = 1\n")
    params = {"max_tokens": 40}
    launched = await shared.request("ploked/launchSweep", {"model": DEEPSEEK, "prompt": "Hi", "params": params})
    rows = (await shared.swept(launched["sweepId"]))["rows"]
    found = await plan(shared, params=params, promptTokens=rows[0]["promptTokens"], cachedTokens=2)
    costs = {verdict["key"]["tag"]: verdict["cost"] for verdict in found["verdicts"]}
    assert {row["tag"] for row in rows} == set(costs)
    for row in rows:
        cost = costs[row["tag"]]
        lowest, expected, highest = (Decimal(cost[name]["amount"]) for name in ("lowest", "expected", "highest"))
        assert lowest <= Decimal(row["cost"]) <= highest
        assert lowest <= expected <= highest
        assert sum(Decimal(part["amount"]) for part in cost["highest"]["parts"]) == highest
    whole = found["cost"]
    assert Decimal(whole["highest"]) == max(Decimal(cost["highest"]["amount"]) for cost in costs.values())
    assert Decimal(whole["lowest"]) <= Decimal(whole["expected"]) <= Decimal(whole["highest"])


async def test_without_a_size_of_the_prompt_nothing_is_said_of_its_cost(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, "version = 1\n")
    found = await plan(shared)
    assert found["cost"] is None
    assert {verdict["cost"] for verdict in found["verdicts"]} == {None}
