"""Why an endpoint does not qualify, and what to do when none does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from ploked.routing import plan
from ploked_protocol.catalog import ModelRecord
from ploked_protocol.keys import EndpointKey
from ploked_protocol.plans import Reason, RoutePlan, RoutePlanParams
from ploked_protocol.preferences import Origin
from routing_cases import FRESH, KIMI, LISTED, NOW, TOOLS, endpoint, plan_of, prefs_of, reasons, tags

OF_MODEL = f'[[registry.models]]\nmodel = "{KIMI}"\n'
PROFILE = '[registry]\nglobal_default_profile = "p"\n[[registry.profiles]]\nname = "p"\nparams = {{ {} }}\n'
ALL = [each.key.tag for each in LISTED]


def test_without_preferences_everything_but_a_service_tier_qualifies() -> None:
    found = plan_of()
    assert tags(found) == ALL[:-1]
    assert found.message is None
    assert reasons(found, "moonshotai/priority") == [
        (
            "tierNotAskedFor",
            "moonshotai/priority is a service tier: it has to be asked for by its whole tag",
            None,
        )
    ]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('allowed_providers = ["moonshotai", "deepinfra/fp8"]', ["deepinfra/fp8", "moonshotai"]),
        ('allowed_providers = ["moonshotai/priority"]', ["moonshotai/priority"]),
        ('selected_endpoints = ["deepinfra"]', ["deepinfra/fp4", "deepinfra/fp8"]),
        ('banned_providers = ["deepinfra", "groq"]', ["novita/fp8", "moonshotai", "baseten"]),
        ('banned_providers = ["deepinfra/fp4"]', ["novita/fp8", "deepinfra/fp8", "moonshotai", "baseten", "groq"]),
        ('required_supported_params = ["tools", "top_k"]', ["novita/fp8", "deepinfra/fp8"]),
    ],
)
def test_preferences_of_the_model(text: str, left: list[str]) -> None:
    assert tags(plan_of(OF_MODEL + text)) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('only = ["moonshotai"]', ["moonshotai"]),
        ('ignore = ["moonshotai", "deepinfra/fp4"]', ["novita/fp8", "deepinfra/fp8", "baseten", "groq"]),
        ('order = ["groq"]', ALL[:-1]),
        ('order = ["groq"]\nallow_fallbacks = false', ["groq"]),
        ('order = ["moonshotai/priority"]', ALL),
        ('quantizations = ["fp8"]', ["novita/fp8", "deepinfra/fp8"]),
        ('quantizations = ["unknown"]', ["moonshotai", "groq"]),
        ("max_price = { prompt = 0.58 }", ["deepinfra/fp4", "novita/fp8", "deepinfra/fp8"]),
        ("max_price = { completion = 2.2 }", ["deepinfra/fp4", "deepinfra/fp8"]),
    ],
)
def test_preferences_of_the_routing_table(text: str, left: list[str]) -> None:
    assert sorted(tags(plan_of(f"[registry.routing]\n{text}"))) == sorted(left)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("tools_required = true", ["deepinfra/fp4", "novita/fp8", "deepinfra/fp8", "moonshotai", "groq"]),
        ("max_tokens = 20000", ["novita/fp8", "deepinfra/fp8", "moonshotai", "baseten"]),
        ("max_completion_tokens = 100000", ["deepinfra/fp8", "moonshotai", "baseten"]),
        ("top_k = 40", ALL[:-1]),  # the upstream drops it in silence: nothing requires it
        ("top_k = 40, tools_required = true", ["novita/fp8", "deepinfra/fp8"]),
    ],
)
def test_parameters_of_the_profile(text: str, left: list[str]) -> None:
    assert tags(plan_of(PROFILE.format(text))) == left


def test_strictness_goes_by_the_source() -> None:
    mixed = [*LISTED[:1], endpoint("house", source="house")]
    only = '[registry]\nstrictness = "OpenRouterOnly"\n'
    found = plan_of(only + OF_MODEL, endpoints=mixed)
    assert tags(found) == ["deepinfra/fp4"]
    assert reasons(found, "house") == [
        ("strictness", "house comes from house, and strictness is OpenRouterOnly", "registry.strictness")
    ]
    assert [each.message for each in found.relaxations] == [
        "set registry.strictness to AllowCustom: 1 endpoint comes back (house)"
    ]
    assert tags(plan_of('[registry]\nstrictness = "AllowAny"', endpoints=mixed)) == ["deepinfra/fp4", "house"]


def test_a_custom_source_is_allowed_for_models_that_config_names() -> None:
    mixed = [*LISTED[:1], endpoint("house", source="house")]
    assert tags(plan_of(OF_MODEL, endpoints=mixed)) == ["deepinfra/fp4", "house"]
    found = plan_of(endpoints=mixed)
    why = f"house comes from house, and strictness is AllowCustom and config.toml does not name {KIMI}"
    assert reasons(found, "house") == [("strictness", why, "registry.strictness")]
    assert [each.message for each in found.relaxations] == [
        "set registry.strictness to AllowAny: 1 endpoint comes back (house)"
    ]


def test_an_endpoint_lists_every_reason_with_the_values_and_the_place_of_each() -> None:
    text = f"""
        [registry.routing]
        max_price = {{ prompt = 0.3 }}
        quantizations = ["fp8"]
        {OF_MODEL}
        allowed_providers = ["moonshotai", "deepinfra/fp8"]
        banned_providers = ["baseten"]
        required_supported_params = ["seed"]
        """
    found = plan_of(text, params={"tools_required": True, "temperature": 0.5}, selected_endpoints=["deepinfra"])
    at = "registry.models[0]"
    assert reasons(found, "baseten") == [
        (
            "notAllowed",
            "baseten is not in allowed_providers (moonshotai, deepinfra/fp8)",
            f"{at}.allowed_providers",
        ),
        ("denied", "baseten is in banned_providers (baseten)", f"{at}.banned_providers"),
        (
            "quantization",
            "baseten has quantization fp4, which is not in routing.quantizations (fp8)",
            "registry.routing.quantizations",
        ),
        (
            "lacksParameter",
            "baseten does not take seed (required_supported_params)",
            f"{at}.required_supported_params",
        ),
        ("toolsRequired", "baseten does not take tools (tools_required)", "call"),
        (
            "priceAboveCap",
            "baseten asks 0.6 USD per million prompt tokens, above routing.max_price.prompt (0.3)",
            "registry.routing.max_price.prompt",
        ),
        ("notSelected", "baseten is not among the selected endpoints (deepinfra)", "call"),
    ]


def test_each_missing_parameter_is_a_reason_of_its_own() -> None:
    found = plan_of(OF_MODEL + 'required_supported_params = ["tools", "seed"]')
    assert [message for _, message, _ in reasons(found, "baseten")] == [
        "baseten does not take tools (required_supported_params)",
        "baseten does not take seed (required_supported_params)",
    ]


def test_tool_choice_needs_both_parameters() -> None:
    rows = [endpoint("a", *TOOLS), endpoint("b", "tools")]
    call = {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto"}
    found = plan_of(endpoints=rows, params=call)
    assert tags(found) == ["a"]
    assert reasons(found, "b") == [("toolsRequired", "b does not take tool_choice (tool_choice is sent)", "call")]


def test_a_parameter_sent_under_require_parameters_is_named_where_an_endpoint_lacks_it() -> None:
    found = plan_of("[registry.routing]\nrequire_parameters = true\n", params={"top_k": 40})
    assert tags(found) == ["novita/fp8", "deepinfra/fp8", "baseten"]
    assert reasons(found, "groq") == [
        ("lacksParameter", "groq does not take top_k (sent under require_parameters)", "call")
    ]


def test_what_is_unknown_of_an_endpoint_does_not_exclude_it() -> None:
    silent = endpoint("silent", known=False, usd_per_1m=(None, None))
    text = f"[registry.routing]\nmax_price = {{ prompt = 0 }}\n{OF_MODEL}required_supported_params = ['tools']"
    assert tags(plan_of(text, endpoints=[silent], params={"max_tokens": 10**6, "tools_required": True})) == ["silent"]


def test_the_selection_of_the_call_takes_the_place_of_the_configured_one() -> None:
    text = OF_MODEL + 'selected_endpoints = ["groq"]'
    assert tags(plan_of(text)) == ["groq"]
    assert tags(plan_of(text, selected_endpoints=["moonshotai"])) == ["moonshotai"]
    assert tags(plan_of(text, selected_endpoints=[EndpointKey(KIMI, "baseten")])) == ["baseten"]
    assert tags(plan_of(text, selected_endpoints=[])) == ALL[:-1]


def test_preferences_of_the_id_asked_for_win_over_those_of_the_model_that_serves_it() -> None:
    text = f"""
        {OF_MODEL}
        allowed_providers = ["groq"]
        [[registry.models]]
        model = "~moonshotai/kimi-latest"
        allowed_providers = ["moonshotai"]
        """
    assert tags(plan_of(text)) == ["groq"]
    assert tags(plan_of(text, model=f"{KIMI}:nitro")) == ["groq"]
    assert tags(plan_of(text, model="~moonshotai/kimi-latest")) == ["moonshotai"]
    assert tags(plan_of(OF_MODEL + 'allowed_providers = ["groq"]', model="~moonshotai/kimi-latest")) == ["groq"]


# nothing left


def test_nothing_left_says_which_constraint_removed_the_last_endpoint() -> None:
    text = OF_MODEL + 'allowed_providers = ["novita", "baseten"]\nbanned_providers = ["novita"]'
    found = plan_of(text, params={"tools_required": True})
    assert found.nothing_left is not None
    assert found.request is None
    message = "tools (tools_required) removed the last endpoint (baseten)"
    assert found.nothing_left.removed_last == [Reason("toolsRequired", message, "call", Origin(layer="call"))]


def test_each_single_change_that_brings_an_endpoint_back_is_offered() -> None:
    text = OF_MODEL + 'allowed_providers = ["novita", "baseten"]\nbanned_providers = ["novita"]'
    found = plan_of(text, params={"tools_required": True})
    assert found.nothing_left is not None
    assert found.nothing_left.loosen == [
        "remove registry.models[0].allowed_providers: 4 endpoints come back "
        "(deepinfra/fp4, deepinfra/fp8, moonshotai, groq)",
        "remove novita from registry.models[0].banned_providers: 1 endpoint comes back (novita/fp8)",
        "set params.tools_required of the call to false: 1 endpoint comes back (baseten)",
        "add moonshotai/priority to registry.models[0].allowed_providers: 1 endpoint comes back (moonshotai/priority)",
    ]
    assert found.message == (
        f"No endpoint of {KIMI} is left: tools (tools_required) removed the last endpoint (baseten). "
        f"Smallest change: {found.nothing_left.loosen[0]}."
    )


@pytest.mark.parametrize(
    ("text", "call", "change"),
    [
        (
            "[registry.routing]\nmax_price = { prompt = 0.1 }",
            {},
            "set registry.routing.max_price.prompt to 0.4: 1 endpoint comes back (deepinfra/fp4)",
        ),
        (
            PROFILE.format("max_tokens = 500000") + OF_MODEL + "allowed_providers = ['groq', 'novita']",
            {},
            "set registry.profiles[0].params.max_tokens to 32768: 1 endpoint comes back (novita/fp8)",
        ),
        (
            "[registry.routing]\nquantizations = ['int4']",
            {"selected_endpoints": ["groq"]},
            "add unknown to registry.routing.quantizations: 1 endpoint comes back (groq)",
        ),
        (
            "",
            {"selected_endpoints": ["moonshot"]},
            "remove selectedEndpoints of the call: 6 endpoints come back "
            "(deepinfra/fp4, novita/fp8, deepinfra/fp8, moonshotai and 2 more)",
        ),
        (
            OF_MODEL + "selected_endpoints = ['groq']",
            {"selected_endpoints": ["moonshot"]},
            "set selectedEndpoints of the call to []: 6 endpoints come back "
            "(deepinfra/fp4, novita/fp8, deepinfra/fp8, moonshotai and 2 more)",
        ),
        (
            "[registry.routing]\norder = ['moonshot']\nallow_fallbacks = false",
            {},
            "set registry.routing.allow_fallbacks to true: 6 endpoints come back "
            "(deepinfra/fp4, novita/fp8, deepinfra/fp8, moonshotai and 2 more)",
        ),
    ],
)
def test_a_change_offered(text: str, call: dict[str, Any], change: str) -> None:
    found = plan_of(text, **call)
    assert found.nothing_left is not None
    assert change in found.nothing_left.loosen


def test_when_no_single_change_helps_pairs_are_offered() -> None:
    text = OF_MODEL + "allowed_providers = ['moonshotai', 'groq']\nbanned_providers = ['moonshotai', 'groq']"
    found = plan_of(text, endpoints=[LISTED[1]], params={"max_tokens": 65_536})
    assert found.nothing_left is not None
    assert found.nothing_left.loosen == [
        "remove registry.models[0].allowed_providers and set params.max_tokens of the call to 32768: "
        "1 endpoint comes back (novita/fp8)"
    ]


def test_requiring_less_can_be_the_smaller_change_than_sending_less() -> None:
    found = plan_of(
        PROFILE.format("top_k = 40, min_p = 0.1") + OF_MODEL + "required_supported_params = ['tools']",
        endpoints=[endpoint("a", "tools")],
    )
    assert found.nothing_left is not None
    assert found.nothing_left.loosen == [
        "remove tools from registry.models[0].required_supported_params: 1 endpoint comes back (a)",
        "remove registry.profiles[0].params.top_k and remove registry.profiles[0].params.min_p: "
        "1 endpoint comes back (a)",
    ]


def test_a_value_is_not_lowered_where_it_has_to_go_anyway() -> None:
    found = plan_of(
        "[registry.routing]\nrequire_parameters = true",
        endpoints=[endpoint("a", most=100)],
        params={"max_completion_tokens": 200},
    )
    assert found.nothing_left is not None
    assert found.nothing_left.loosen == [
        "remove params.max_completion_tokens of the call: 1 endpoint comes back (a)",
        "remove registry.routing.require_parameters and set params.max_completion_tokens of the call to 100: "
        "1 endpoint comes back (a)",
    ]


def test_a_change_counts_the_endpoints_that_a_lesser_one_would_bring_back_as_well() -> None:
    cheap = endpoint("cheap", "max_completion_tokens", usd_per_1m=("1", "0.1"), most=100)
    dear = endpoint("dear", usd_per_1m=("1", "0.2"))
    text = "[registry.routing]\nrequire_parameters = true\nmax_price = { completion = 0 }"
    found = plan_of(text, endpoints=[cheap, dear], params={"max_completion_tokens": 150})
    cap = "set registry.routing.max_price.completion to"
    assert found.nothing_left is not None
    assert found.nothing_left.loosen == [
        f"remove params.max_completion_tokens of the call and {cap} 0.2: 2 endpoints come back (cheap, dear)",
        f"set params.max_completion_tokens of the call to 100 and {cap} 0.1: 1 endpoint comes back (cheap)",
        f"remove registry.routing.require_parameters and {cap} 0.2: 1 endpoint comes back (dear)",
    ]


def test_a_tier_that_another_list_asks_for_comes_back_like_any_endpoint() -> None:
    found = plan_of(OF_MODEL + "allowed_providers = ['moonshotai/priority']\nselected_endpoints = ['groq']")
    assert found.nothing_left is not None
    assert "remove registry.models[0].selected_endpoints: 1 endpoint comes back (moonshotai/priority)" in (
        found.nothing_left.loosen
    )


def test_a_tier_comes_back_by_its_whole_tag_in_the_list_that_leaves_it_out() -> None:
    only_tiers = [LISTED[-1]]
    add = "add moonshotai/priority to {}: 1 endpoint comes back (moonshotai/priority)"
    configured = plan_of(OF_MODEL + "allowed_providers = ['moonshotai']", endpoints=only_tiers)
    bare = plan_of(endpoints=only_tiers)
    assert configured.nothing_left is not None
    assert bare.nothing_left is not None
    assert configured.nothing_left.loosen == [add.format("registry.models[0].allowed_providers")]
    assert bare.nothing_left.loosen == [add.format(f'registry.models["{KIMI}"].routing.order')]


# models without endpoints of their own


def routed(text: str = "", **call: Any) -> RoutePlan:
    router = ModelRecord(id="openrouter/auto", name="Auto", source="openrouter")
    asked = msgspec.structs.replace(RoutePlanParams(model="openrouter/auto"), **call)
    return plan(router, [], prefs_of(text), asked, FRESH, now=NOW)


def test_a_router_is_sent_the_preferences_and_the_upstream_chooses() -> None:
    text = '[[registry.models]]\nmodel = "openrouter/auto"\nallowed_providers = ["groq", "novita"]\n'
    found = routed(text + 'required_supported_params = ["tools"]', selected_endpoints=["novita/fp8", "together"])
    assert found.endpoints == []
    assert found.nothing_left is None
    assert found.request is not None
    assert found.request["provider"] == {"only": ["novita/fp8"], "require_parameters": True}
    assert found.message == (
        "openrouter/auto lists no endpoints: the upstream chooses them, within the preferences sent. "
        "Whether they take tools cannot be checked here."
    )


def test_a_router_with_lists_that_have_nothing_in_common_is_not_sent() -> None:
    found = routed('[registry.routing]\nonly = ["groq"]', selected_endpoints=["novita"])
    assert found.request is None
    assert found.nothing_left is not None
    assert found.nothing_left.loosen == ["remove registry.routing.only", "remove selectedEndpoints of the call"]
    assert "routing.only (groq) and the selected endpoints (novita) have nothing in common" in (found.message or "")


def test_strictness_holds_for_a_model_without_endpoints_too() -> None:
    local = ModelRecord(id="house/model", name="House", source="house")
    asked = RoutePlanParams(model="house/model")

    def sent(text: str) -> bool:
        return plan(local, [], prefs_of(text), asked, FRESH, now=NOW).request is not None

    named = '[[registry.models]]\nmodel = "house/model"'
    assert not sent(f'[registry]\nstrictness = "OpenRouterOnly"\n{named}')
    assert not sent("")
    assert sent(named)
    assert sent('[registry]\nstrictness = "AllowAny"')
