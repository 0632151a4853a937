"""What a plan says of the endpoints that it keeps, and of facts that depend on the size, the hour or the day."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from ploked_protocol.catalog import EndpointRecord, PriceOverride
from ploked_protocol.errors import InvalidParams
from ploked_protocol.money import Money
from ploked_protocol.plans import RoutePlan
from routing_cases import FRESH, KIMI, TOOLS, endpoint, plan_of, reasons, tags

OF_MODEL = f'[[registry.models]]\nmodel = "{KIMI}"\n'
ROUTING = "[registry.routing]\n"


def facts(tag: str, *parameters: str, known: bool = True, **changed: Any) -> EndpointRecord:
    return msgspec.structs.replace(endpoint(tag, *parameters, known=known), **changed)


def doubts(found: RoutePlan, tag: str) -> list[str]:
    verdict = next(each for each in found.verdicts if each.key.tag == tag)
    assert verdict.verdict == ("uncertain" if verdict.uncertain else "eligible")
    return [reason.message for reason in verdict.uncertain]


# unknown facts


@pytest.mark.parametrize(
    ("text", "call", "doubt"),
    [
        (ROUTING + "max_price = { prompt = 1 }", {}, "does not say its prompt price: routing.max_price.prompt (1)"),
        (
            OF_MODEL + "required_supported_params = ['seed']",
            {},
            "does not say which parameters it takes: seed (required_supported_params)",
        ),
        (
            "",
            {"params": {"max_tokens": 9}},
            "does not say how many tokens it writes at most: max_tokens (9)",
        ),
        ("", {"prompt_tokens": 100}, "does not say how long its context is: promptTokens (100)"),
        (ROUTING + "zdr = true", {}, "does not say whether it retains no data (routing.zdr)"),
        (
            ROUTING + 'data_collection = "deny"',
            {},
            "does not say whether it collects no data (routing.data_collection)",
        ),
        (
            ROUTING + "enforce_distillable_text = true",
            {},
            "does not say whether it allows distillation (routing.enforce_distillable_text)",
        ),
    ],
)
def test_an_unknown_fact_that_a_preference_asks_for_leaves_an_endpoint_uncertain(
    text: str, call: dict[str, Any], doubt: str
) -> None:
    silent = endpoint("silent", known=False, usd_per_1m=(None, None))
    found = plan_of(text, endpoints=[silent], **call)
    assert tags(found) == ["silent"]
    assert doubts(found, "silent") == [f"silent {doubt}"]
    assert {reason.code for reason in found.verdicts[0].uncertain} == {"unknownFact"}


def test_what_no_preference_asks_for_may_be_unknown() -> None:
    assert doubts(plan_of(endpoints=[endpoint("silent", known=False, usd_per_1m=(None, None))]), "silent") == []


def test_an_unknown_quantization_is_a_value_to_the_upstream_and_so_not_uncertain() -> None:
    found = plan_of(ROUTING + "quantizations = ['fp8']", endpoints=[endpoint("a"), endpoint("b", quantization="fp8")])
    assert doubts(found, "b") == []
    assert [code for code, _, _ in reasons(found, "a")] == ["quantization"]


def test_an_endpoint_that_is_excluded_for_another_reason_tells_of_no_doubt() -> None:
    found = plan_of(ROUTING + "zdr = true\nignore = ['a']", endpoints=[facts("a")])
    assert [code for code, _, _ in reasons(found, "a")] == ["denied"]


def test_zero_data_retention_is_a_fact_where_the_upstream_tells_and_means_that_nothing_is_collected() -> None:
    rows = [facts("keeps", zdr=False), facts("keeps-none", zdr=True)]
    found = plan_of(ROUTING + 'zdr = true\ndata_collection = "deny"', endpoints=rows)
    assert tags(found) == ["keeps-none"]
    assert doubts(found, "keeps-none") == []
    assert reasons(found, "keeps") == [
        ("zdr", "keeps is not one that retains no data (routing.zdr)", "registry.routing.zdr")
    ]


def test_stale_facts_are_said_of_every_endpoint_and_once_as_a_warning() -> None:
    old = msgspec.structs.replace(FRESH, stale=True, error="no route to host")
    found = plan_of(endpoints=[endpoint("a")], freshness=old)
    why = "the facts are of 2026-08-22T00:00:00Z, older than they may be; the last refresh failed: no route to host"
    assert [(each.code, each.message) for each in found.verdicts[0].uncertain] == [("staleFact", why)]
    assert [(each.code, each.message) for each in found.warnings] == [("staleFacts", f"{why}.")]


# parameters that would be dropped


def test_what_an_endpoint_would_drop_in_silence_is_listed_and_warned_of() -> None:
    rows = [endpoint("a", "seed", "top_k"), endpoint("b", "seed")]
    found = plan_of(endpoints=rows, params={"top_k": 40, "min_p": 0.1, "seed": 1})
    assert {verdict.key.tag: verdict.dropped for verdict in found.verdicts} == {"a": ["min_p"], "b": ["top_k", "min_p"]}
    assert [(each.code, each.message, each.origin) for each in found.warnings] == [
        ("parameterUnsupported", "No endpoint takes min_p: it would be dropped in silence.", "call"),
        (
            "parameterDropped",
            "b would drop top_k in silence: set routing.require_parameters to leave them out.",
            "call",
        ),
    ]


def test_under_require_parameters_nothing_is_dropped() -> None:
    rows = [endpoint("a", "top_k"), endpoint("b")]
    found = plan_of(ROUTING + "require_parameters = true", endpoints=rows, params={"top_k": 40})
    assert [verdict.dropped for verdict in found.verdicts] == [[]]
    assert found.warnings == []


# outages


def test_a_down_endpoint_is_left_out_unless_a_list_names_it_by_its_whole_tag() -> None:
    rows = [facts("a/fp8", status=-5, uptime_30m=41.5), facts("b", status=-2)]
    found = plan_of(endpoints=rows)
    assert reasons(found, "a/fp8") == [
        (
            "down",
            "a/fp8 is down: it answered 41.5 % of requests in 30 minutes, and registry.allow_down is false",
            "registry.allow_down",
        )
    ]
    assert found.request is not None
    assert found.request["provider"] == {"only": ["b"]}
    assert tags(plan_of("[registry]\nallow_down = true", endpoints=rows)) == ["a/fp8", "b"]
    assert tags(plan_of(OF_MODEL + "allowed_providers = ['a']", endpoints=rows)) == []
    assert tags(plan_of(OF_MODEL + "allowed_providers = ['a/fp8']", endpoints=rows)) == ["a/fp8"]
    assert sorted(tags(plan_of(ROUTING + "order = ['a/fp8']", endpoints=rows))) == ["a/fp8", "b"]


# prices


def dear_at(**condition: Any) -> EndpointRecord:
    row = endpoint("a", usd_per_1m=("1", "2"))
    override = PriceOverride(**condition, prices={"prompt": Money("0.000003")})
    return msgspec.structs.replace(row, pricing=msgspec.structs.replace(row.pricing, overrides=(override,)))


@pytest.mark.parametrize(
    ("override", "call", "which"),
    [
        ({"min_prompt_tokens": 1000}, {}, None),
        ({"min_prompt_tokens": 1000}, {"prompt_tokens": 1000}, None),
        ({"min_prompt_tokens": 1000}, {"prompt_tokens": 1001}, "prompts over 1000 tokens"),
        ({"utc_start": 1100, "utc_end": 1300}, {}, "from 11:00 to 13:00 UTC"),
        ({"utc_start": 1100, "utc_end": 1300}, {"at": "2026-08-22T13:00:00Z"}, None),
        ({"utc_start": 2200, "utc_end": 600}, {"at": "2026-08-22T23:30:00"}, "from 22:00 to 06:00 UTC"),
        ({"utc_start": 2200, "utc_end": 600}, {"at": "2026-08-22T09:30:00+05:00"}, "from 22:00 to 06:00 UTC"),
    ],
)
def test_a_cap_goes_by_the_price_at_the_stated_size_and_hour_and_says_which_it_is(
    override: dict[str, int], call: dict[str, Any], which: str | None
) -> None:
    row = msgspec.structs.replace(dear_at(**override), context_length=100_000)
    found = plan_of(ROUTING + "max_price = { prompt = 2 }", endpoints=[row], **call)
    if which is None:
        assert tags(found) == ["a"]
    else:
        asks = f"a asks 3 USD per million prompt tokens ({which}, pricing.overrides[0].prompt)"
        assert reasons(found, "a")[0][1] == f"{asks}, above routing.max_price.prompt (2)"


@pytest.mark.parametrize("name", ["request", "image", "audio"])
def test_other_prices_have_caps_too_and_one_that_is_left_out_charges_nothing(name: str) -> None:
    row = endpoint("a")
    dear = msgspec.structs.replace(row, pricing=msgspec.structs.replace(row.pricing, other={name: Money("0.5")}))
    text = ROUTING + f"max_price = {{ {name} = 0.1 }}"
    assert doubts(plan_of(text, endpoints=[row]), "a") == []
    assert [(code, origin) for code, _, origin in reasons(plan_of(text, endpoints=[dear]), "a")] == [
        ("priceAboveCap", f"registry.routing.max_price.{name}")
    ]


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidParams) as caught:
        plan_of(at="noon")
    assert caught.value.data.path == "$.at"


# context


@pytest.mark.parametrize(
    ("limits", "call", "why"),
    [
        ({"context_length": 1000}, {"prompt_tokens": 1000}, None),
        (
            {"context_length": 1000},
            {"prompt_tokens": 1001},
            "a has a context of 1000 tokens, too few for promptTokens (1001)",
        ),
        (
            {"context_length": 1000, "max_completion_tokens": 900},
            {"prompt_tokens": 600, "params": {"max_tokens": 500}},
            "a has a context of 1000 tokens, too few for promptTokens (600) and max_tokens (500)",
        ),
        (
            {"context_length": 1000, "max_prompt_tokens": 500},
            {"prompt_tokens": 600},
            "a takes prompts of at most 500 tokens, fewer than 600",
        ),
    ],
)
def test_prompt_and_answer_have_to_fit_the_context(
    limits: dict[str, Any], call: dict[str, Any], why: str | None
) -> None:
    found = plan_of(endpoints=[facts("a", **limits)], **call)
    if why is None:
        assert tags(found) == ["a"]
    else:
        assert reasons(found, "a") == [("contextTooSmall", why, "call")]


def test_a_shorter_answer_is_proposed_where_it_fits_and_none_where_only_a_shorter_prompt_would() -> None:
    row = facts("a", context_length=1000, max_completion_tokens=900)
    found = plan_of(endpoints=[row], prompt_tokens=600, params={"max_tokens": 500})
    assert [each.message for each in found.relaxations] == [
        "set params.max_tokens of the call to 400: 1 endpoint comes back (a)"
    ]
    hopeless = plan_of(endpoints=[row], prompt_tokens=2000)
    assert hopeless.relaxations == []
    assert (hopeless.message or "").endswith("No change of preferences brings an endpoint back.")


# preferences that match nothing


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("Google Vertex", " That is a display name: write google-vertex."),
        ("xAI", " Write xai."),
        ("x-ai", " x-ai is the author of models: the provider is xai."),
        ("google", " google is the author of models: the provider is google-vertex."),
        ("google-vertex/eu", " google-vertex serves it as google-vertex/us, google-vertex/us/flex."),
        ("openai", " openai serves it as openai/flex."),
        ("moonshotai", " moonshotai is the author of the model, and not a provider of it."),
        ("novita", ""),
    ],
)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("allowed_providers", OF_MODEL + "allowed_providers = ['xai', {}]"),
        ("banned_providers", OF_MODEL + "banned_providers = ['xai', {}]"),
        ("selected_endpoints", OF_MODEL + "selected_endpoints = ['xai', {}]"),
        ("routing.only", ROUTING + "only = ['xai', {}]"),
        ("routing.ignore", ROUTING + "ignore = ['xai', {}]"),
        ("routing.order", ROUTING + "order = ['xai', {}]"),
    ],
)
def test_an_entry_that_matches_no_endpoint_is_reported_with_what_it_may_stand_for(
    entry: str, hint: str, name: str, text: str
) -> None:
    rows = [
        facts("google-vertex/us", provider_name="Google Vertex"),
        facts("google-vertex/us/flex", provider_name="Google Vertex"),
        facts("xai", provider_name="xAI"),
        facts("openai/flex", provider_name="OpenAI"),
    ]
    found = plan_of(text.format(f'"{entry}"'), endpoints=rows).warnings
    assert [(each.code, each.message) for each in found] == [
        ("preferenceMatchesNothing", f"{entry} in {name} matches no endpoint of {KIMI}.{hint}")
    ]
    assert found[0].place is not None
    assert (found[0].place.key or "").endswith(f"{name}[1]")
    assert found[0].place.line == text.count("\n") + 1


def test_the_cost_of_a_plan_is_worked_out_where_the_size_of_the_prompt_is_known() -> None:
    row = facts("a", *TOOLS, context_length=100_000, max_completion_tokens=1000)
    found = plan_of(endpoints=[row], prompt_tokens=1000)
    assert found.cost is not None
    assert found.cost.highest == Money("0.0025")
    assert found.verdicts[0].cost is not None
    assert plan_of(endpoints=[row]).cost is None
