"""What scripts outside of this repository rely on, in raw JSON: names, types and spellings that must not change."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from e2e.places import KEY, KIMI, Home, Json, RawDaemon
from ploked_fixtures.serve import UpstreamProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLAIN_DECIMAL = re.compile(r"(0|[1-9]\d*)(\.\d+)?")
PRICES = ["promptPerToken", "completionPerToken", "promptPer1k", "completionPer1k", "promptPer1m", "completionPer1m"]
CONFIG = """version = 1

[registry]

[[registry.profiles]]
name = "calm"
params = { temperature = 0.1 }

[[registry.models]]
model = "moonshotai/kimi-k2.5"
required_supported_params = ["seed"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talk(place: Home) -> AsyncIterator[RawDaemon]:
    place.write(CONFIG)
    daemon = await RawDaemon.at(place)
    await daemon.initialize()
    yield daemon
    await daemon.ask("shutdown")
    daemon.notify("exit")
    code, log = await daemon.leave()
    assert (code, log) == (0, "")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def config(talk: RawDaemon, place: Home) -> AsyncIterator[None]:
    """Put back what a test has changed in config.toml."""
    yield
    if place.config.read_text(encoding="utf-8") != CONFIG:
        before = set(map(id, talk.got))
        place.write(CONFIG)
        await talk.until(lambda told: id(told) not in before and told.get("method") == "ploked/preferencesChanged")


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def assert_freshness(value: Json) -> None:
    assert type(value["source"]) is str
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value["refreshedAt"])
    assert type(value["ageS"]) in (int, float)
    assert type(value["stale"]) is bool


# ploked/searchModels


async def test_a_search_gives_rows_a_total_and_their_age(talk: RawDaemon) -> None:
    found = await talk.result("ploked/searchModels", {"query": "kimi"})
    assert {"rows", "total", "freshness"} <= found.keys()
    assert type(found["total"]) is int
    assert_freshness(found["freshness"])
    for row in found["rows"]:
        assert {"id", "name", "contextHint", "supportsTools"} <= row.keys()
        assert type(row["id"]) is type(row["name"]) is str
        assert row["contextHint"] is None or type(row["contextHint"]) is int
    assert KIMI in [row["id"] for row in found["rows"]]


async def test_tools_are_yes_no_or_uncertain(talk: RawDaemon) -> None:
    await talk.result("ploked/listEndpoints", {"model": KIMI})
    rows = (await talk.result("ploked/searchModels", {"query": ""}))["rows"]
    assert {row["supportsTools"] for row in rows} == {"yes", "no", "uncertain"}


async def test_an_empty_query_lists_every_model_in_the_order_of_the_catalog(
    talk: RawDaemon, upstream: UpstreamProcess
) -> None:
    ids = [row["id"] for row in get(f"{upstream.url}/models")["data"]]
    found = await talk.result("ploked/searchModels", {"query": ""})
    assert [row["id"] for row in found["rows"]] == ids
    assert found["total"] == len(ids) == 455


async def test_limit_cuts_the_rows_and_not_the_total(talk: RawDaemon) -> None:
    whole = await talk.result("ploked/searchModels", {"query": "kimi"})
    cut = await talk.result("ploked/searchModels", {"query": "kimi", "limit": 2})
    assert cut["rows"] == whole["rows"][:2]
    assert cut["total"] == whole["total"] == len(whole["rows"])


async def test_unknown_fields_of_params_are_ignored(talk: RawDaemon) -> None:
    asked = {"query": "kimi", "limit": 1, "colour": {"of": ["the", 1]}, "workDoneToken": None}
    assert len((await talk.result("ploked/searchModels", asked))["rows"]) == 1


async def test_params_that_do_not_fit_are_refused_with_their_path(talk: RawDaemon) -> None:
    error = (await talk.ask("ploked/searchModels", {"query": 5}))["error"]
    assert error["code"] == -32602
    assert error["data"]["path"] == "$.query"
    assert "$.query" in error["message"]


# ploked/listEndpoints


async def test_endpoints_have_the_pinned_fields(talk: RawDaemon) -> None:
    listed = await talk.result("ploked/listEndpoints", {"model": KIMI})
    assert listed["model"] == KIMI
    assert_freshness(listed["freshness"])
    assert len(listed["endpoints"]) == 12
    for endpoint in listed["endpoints"]:
        assert_endpoint(endpoint)
        assert endpoint["key"]["model"] == KIMI


def assert_endpoint(endpoint: Json) -> None:
    key = endpoint["key"]
    assert [type(key[name]) for name in ("model", "tag", "ordinal")] == [str, str, int]
    assert endpoint["provider"] == key["tag"].split("/")[0]
    assert type(endpoint["providerName"]) is str
    assert endpoint["quantization"] is None or type(endpoint["quantization"]) is str
    assert set(PRICES) <= endpoint["pricing"].keys()
    for name in ("contextLength", "maxPromptTokens", "maxCompletionTokens"):
        assert endpoint[name] is None or type(endpoint[name]) is int
    assert {type(name) for name in endpoint["supportedParameters"]} == {str}
    assert endpoint["supportsTools"] in ("yes", "no", "uncertain")
    assert endpoint["uptime30m"] is None or type(endpoint["uptime30m"]) is float
    assert "status" in endpoint


async def test_money_is_plain_decimals_equal_to_what_upstream_sends(talk: RawDaemon, upstream: UpstreamProcess) -> None:
    model = "meta-llama/llama-3.1-8b-instruct"  # from 0.00000002 USD a token on: where floats say 2e-08
    sent = get(f"{upstream.url}/models/{model}/endpoints")["data"]["endpoints"]
    listed = await talk.result("ploked/listEndpoints", {"model": model})
    for endpoint, source in zip(listed["endpoints"], sent, strict=True):
        pricing = endpoint["pricing"]
        assert all(PLAIN_DECIMAL.fullmatch(pricing[name]) for name in PRICES), pricing
        for name in ("prompt", "completion"):
            amount = Decimal(source["pricing"][name])
            assert Decimal(pricing[f"{name}PerToken"]) == amount
            assert Decimal(pricing[f"{name}Per1k"]) == amount * 1000
            assert Decimal(pricing[f"{name}Per1m"]) == amount * 1_000_000


# ploked/routePlan


async def test_a_route_plan_has_endpoints_exclusions_and_the_body_to_post(talk: RawDaemon) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    asked = {"model": KIMI, "profile": "calm", "params": {"top_p": 0.9}, "messages": messages}
    plan = await talk.result("ploked/routePlan", asked)
    assert {"model", "endpoints", "excluded", "profile", "request"} <= plan.keys()
    assert plan["model"] == plan["request"]["model"] == KIMI
    assert plan["request"]["messages"] == messages
    assert (plan["request"]["temperature"], plan["request"]["top_p"]) == (0.1, 0.9)
    assert plan["request"]["provider"]["require_parameters"] is True
    assert "allow" not in plan["request"]["provider"]
    for endpoint in plan["endpoints"]:
        assert_endpoint(endpoint)


async def test_each_exclusion_names_its_endpoint_and_every_reason(talk: RawDaemon) -> None:
    plan = await talk.result("ploked/routePlan", {"model": KIMI, "prompt": "Hi"})
    assert len(plan["endpoints"]) + len(plan["excluded"]) == 12
    assert plan["excluded"]
    for exclusion in plan["excluded"]:
        assert_endpoint(exclusion["endpoint"])
        assert exclusion["reasons"]
        for reason in exclusion["reasons"]:
            assert type(reason["code"]) is type(reason["message"]) is str
            assert exclusion["endpoint"]["key"]["tag"] in reason["message"]


async def test_selected_endpoints_of_the_call_narrow_the_plan(talk: RawDaemon) -> None:
    plan = await talk.result("ploked/routePlan", {"model": KIMI, "selectedEndpoints": ["novita"], "prompt": "Hi"})
    assert [endpoint["key"]["tag"] for endpoint in plan["endpoints"]] == ["novita"]
    assert plan["request"]["provider"]["only"] == ["novita"]
    assert plan["request"]["messages"] == [{"role": "user", "content": "Hi"}]


# sweeps


async def test_a_sweep_can_be_launched_followed_and_read(talk: RawDaemon) -> None:
    asked = {
        "model": KIMI, "grid": [{"parameter": "temperature", "start": 0.2, "stop": 0.4, "steps": 2}], "seeds": [1],
        "perEndpoint": True, "messages": [{"role": "user", "content": "Hi"}], "concurrency": 4, "profile": "calm",
    }  # fmt: skip
    launched = await talk.result("ploked/launchSweep", asked)
    assert type(launched["sweepId"]) is str
    assert launched["requests"] == 12
    await talk.until(lambda told: _ended(told, launched["sweepId"]))
    results = await talk.result("ploked/sweepResults", {"sweepId": launched["sweepId"]})
    assert (results["sweepId"], results["state"]) == (launched["sweepId"], "done")
    assert len(results["rows"]) == 12
    for row in results["rows"]:
        assert_row(row)
    assert await talk.result("ploked/cancelSweep", {"sweepId": launched["sweepId"]})


def _ended(message: Json, sweep_id: str) -> bool:
    told = message.get("params") or {}
    return message.get("method") == "ploked/sweepProgress" and told["sweepId"] == sweep_id and told["state"] == "done"


def assert_row(row: Json) -> None:
    assert type(row["requestId"]) is type(row["label"]) is type(row["tag"]) is str
    assert row["params"].keys() == {"temperature", "seed"}
    assert type(row["latencyMs"]) is float
    assert type(row["promptTokens"]) is type(row["completionTokens"]) is int
    assert PLAIN_DECIMAL.fullmatch(row["cost"])
    assert row["costSource"] in ("reported", "estimated")
    assert type(row["finishReason"]) is type(row["summary"]) is str
    assert row["error"] is None


# the rest of the table


async def test_refresh_and_status_answer(talk: RawDaemon, place: Home, upstream: UpstreamProcess) -> None:
    refreshed = await talk.result("ploked/refreshCatalog", {})
    assert {one["kind"] for one in refreshed["refreshed"]} == {"models", "providers"}
    await talk.until(lambda message: message.get("method") == "ploked/catalogChanged")
    status = await talk.result("ploked/status")
    assert status["config"]["path"] == str(place.config)
    assert status["catalog"]["upstream"] == upstream.url
    assert status["hasKey"] is True
    assert KEY not in json.dumps(status)
    assert list(place.cache.glob("catalog*.db"))


EDITS: list[tuple[str, Json, str]] = [
    ("saveProfile", {"name": "wild", "params": {"temperature": 1.5}}, 'name = "wild"'),
    ("setDefaultProfile", {"name": "calm"}, 'global_default_profile = "calm"'),
    ("selectEndpoints", {"model": KIMI, "endpoints": ["novita"]}, 'selected_endpoints = ["novita"]'),
]


@pytest.mark.parametrize(("method", "params", "written"), EDITS)
async def test_edits_write_the_file_and_are_told(
    talk: RawDaemon, place: Home, method: str, params: Json, written: str
) -> None:
    before = list(map(id, talk.got))
    edited = await talk.result(f"ploked/{method}", params)
    assert edited["changed"] is True
    assert written in place.config.read_text(encoding="utf-8")
    await talk.until(lambda message: message.get("method") == "ploked/preferencesChanged" and id(message) not in before)
