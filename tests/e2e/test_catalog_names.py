"""Ids of every form, and ids that nobody knows."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.places import DEEPSEEK, KIMI, Daemon
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.errors import InvalidParams, UnknownModel

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALIAS, TARGET = "~deepseek/deepseek-v4-flash-latest", "deepseek/deepseek-v4-flash-0731"


async def endpoints(daemon: Daemon, model: str) -> Any:
    return await daemon.request("ploked/listEndpoints", {"model": model})


@pytest.mark.parametrize("method", ["listEndpoints", "routePlan", "launchSweep", "refreshCatalog"])
@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("moonshotai/kimi-k2.55", KIMI),
        ("moonshotia/kimi-k2.5", KIMI),
        ("kimi-k2.5", KIMI),
        ("Moonshotai/Kimi-K2.5", KIMI),
        ("moonshotai/kimi-k2.5:fre", KIMI),
    ],
)
async def test_a_slip_is_answered_with_what_may_be_meant_and_never_with_itself(
    shared: Daemon, method: str, slip: str, meant: str
) -> None:
    with pytest.raises(UnknownModel) as raised:
        await shared.request(f"ploked/{method}", {"model": slip})
    suggestions = raised.value.data.suggestions
    assert meant in suggestions[:3]
    assert slip not in suggestions
    assert meant in raised.value.message
    assert raised.value.data.next_step


async def test_a_retired_id_is_answered_with_its_successor_once_the_upstream_has_named_it(
    shared: Daemon, upstream: UpstreamProcess
) -> None:
    since, before = len(shared.told), len(upstream.log)
    retired = "google/gemini-2.5-pro-exp-03-25"
    for method in ("routePlan", "listEndpoints"):
        with pytest.raises(UnknownModel):
            await shared.request(f"ploked/{method}", {"model": f"{retired}:nitro"})
    told = await shared.until("ploked/catalogChanged", lambda told: told["refreshed"].get("model") == retired, since)
    assert told["refreshed"]["message"] == f"google/gemini-2.5-pro took the place of {retired}."
    with pytest.raises(UnknownModel) as raised:
        await endpoints(shared, f"{retired}:nitro")
    assert raised.value.data.suggestions[0] == "google/gemini-2.5-pro:nitro"
    assert "google/gemini-2.5-pro:nitro took its place" in raised.value.message
    asked = [one["path"] for one in upstream.log[before:] if retired in one["path"]]
    assert asked == [f"/api/v1/models/{retired}/endpoints"]


async def test_every_suggestion_is_a_model_that_can_be_asked_for(shared: Daemon) -> None:
    with pytest.raises(UnknownModel) as raised:
        await endpoints(shared, "deepseek/deepseek-v3.22")
    for suggestion in raised.value.data.suggestions:
        assert (await endpoints(shared, suggestion))["model"] == suggestion


@pytest.mark.parametrize(
    "model", ["", "x", "no such\nmodel", "a/b/c/d", "@preset/", "😀/\u202e", "x" * 5000, "a/" + "b" * 5000]
)
async def test_what_is_no_id_at_all_is_unknown_too_in_few_and_printable_words(shared: Daemon, model: str) -> None:
    with pytest.raises(UnknownModel) as raised:
        await endpoints(shared, model)
    assert raised.value.message.isprintable()
    assert len(raised.value.message) < 400


async def test_a_model_of_the_wrong_type_is_refused_with_its_path(shared: Daemon) -> None:
    with pytest.raises(InvalidParams) as raised:
        await shared.request("ploked/listEndpoints", {"model": ["a"]})
    assert raised.value.data.path == "$.model"


async def test_a_virtual_variant_has_the_endpoints_of_its_base(shared: Daemon) -> None:
    base, nitro = await endpoints(shared, KIMI), await endpoints(shared, f"{KIMI}:nitro")
    assert nitro["model"] == f"{KIMI}:nitro"
    assert [one["key"]["tag"] for one in nitro["endpoints"]] == [one["key"]["tag"] for one in base["endpoints"]]
    plan = await shared.request("ploked/routePlan", {"model": f"{KIMI}:nitro"})
    assert plan["request"]["model"] == f"{KIMI}:nitro"


async def test_a_listed_variant_has_endpoints_of_its_own(shared: Daemon, upstream: UpstreamProcess) -> None:
    before = len(upstream.log)
    free = await endpoints(shared, "z-ai/glm-5.2:free")
    assert len(free["endpoints"]) == 1
    assert free["endpoints"][0]["pricing"]["promptPerToken"] == "0"
    assert "/api/v1/models/z-ai/glm-5.2:free/endpoints" in [one["path"] for one in upstream.log[before:]]


async def test_an_alias_shows_the_endpoints_of_what_it_stands_for_and_says_so(shared: Daemon) -> None:
    alias, target = await endpoints(shared, ALIAS), await endpoints(shared, TARGET)
    assert alias["endpoints"] == target["endpoints"] != []
    assert TARGET in alias["message"]
    plan = await shared.request("ploked/routePlan", {"model": ALIAS})
    assert plan["request"]["model"] == ALIAS


@pytest.mark.parametrize("model", ["openrouter/auto", "@preset/mine", f"{KIMI}@preset/mine"])
async def test_routers_and_presets_can_be_planned_and_sent(
    shared: Daemon, upstream: UpstreamProcess, model: str
) -> None:
    listed = await endpoints(shared, model)
    assert listed["endpoints"] or "no endpoints of its own" in listed["message"]
    plan = await shared.request("ploked/routePlan", {"model": model, "prompt": "Hi"})
    assert plan["request"]["model"] == model
    assert plan["endpoints"] or plan["message"]


async def test_endpoints_that_differ_only_in_their_tag_are_told_apart(shared: Daemon) -> None:
    keys = [one["key"] for one in (await endpoints(shared, "anthropic/claude-sonnet-4.6"))["endpoints"]]
    assert len({(key["tag"], key["ordinal"]) for key in keys}) == len(keys) == 8
    assert len([key for key in keys if key["tag"].startswith("google-vertex")]) > 1


async def test_a_model_that_becomes_known_in_full_is_shown_by_its_endpoints(shared: Daemon) -> None:
    await endpoints(shared, DEEPSEEK)
    (row,) = (await shared.request("ploked/searchModels", {"query": DEEPSEEK, "limit": 1}))["rows"]
    assert (row["id"], row["basis"], row["supportsTools"]) == (DEEPSEEK, "endpoints", "yes")
