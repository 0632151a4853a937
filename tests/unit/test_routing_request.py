"""The exact body of a request: what is sent, and what is left to the upstream."""

from __future__ import annotations

from typing import Any

import pytest
from chat_request import schema_problems
from ploked.routing import pinned_body
from ploked.routing.request import common_entries
from ploked_protocol.plans import DEFAULT_PROMPT
from ploked_protocol.preferences import LLMParameters
from routing_cases import KIMI, LISTED, TOOLS, endpoint, plan_of

OF_MODEL = f'[[registry.models]]\nmodel = "{KIMI}"\n'
ROUTING = "[registry.routing]\n"


def request(text: str = "", **call: Any) -> dict[str, Any]:
    body = plan_of(text, **call).request
    assert body is not None
    return body


def provider(text: str = "", **call: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = request(text, **call).get("provider")
    return found


def test_without_preferences_there_is_no_provider_object() -> None:
    assert request(prompt="hi") == {"model": KIMI, "messages": [{"role": "user", "content": "hi"}]}


def test_the_id_is_sent_as_it_was_asked_for() -> None:
    assert request(model=f"{KIMI}:nitro")["model"] == f"{KIMI}:nitro"


def test_messages_win_over_a_prompt_and_one_of_ours_stands_in_for_neither() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    assert request(messages=messages, prompt="hi")["messages"] == messages
    assert request()["messages"] == [{"role": "user", "content": DEFAULT_PROMPT}]


def test_parameters_are_sent_in_the_apis_spelling_and_only_those_that_are_set() -> None:
    params = {"temperature": 0.2, "seed": 0, "stop": ["x"], "logprobs": False}
    able = [endpoint("a", *TOOLS, "seed", "stop", "logprobs")]
    body = request(endpoints=able, params={**params, "tools_required": True}, prompt="hi")
    assert body == {
        "model": KIMI,
        "messages": [{"role": "user", "content": "hi"}],
        **params,
        "provider": {"require_parameters": True},
    }


def test_whole_numbers_are_sent_as_integers_where_the_api_takes_nothing_else() -> None:
    floats: dict[str, Any] = {"top_k": 40.0, "max_tokens": 512.0, "temperature": 1.0}
    body = request(params=LLMParameters(**floats))
    assert [repr(body[name]) for name in ("top_k", "max_tokens", "temperature")] == ["40", "512", "1.0"]


def test_every_field_of_the_routing_table_goes_through_as_it_stands() -> None:
    text = """
        [registry.routing]
        order = ["moonshotai"]
        ignore = ["groq"]
        allow_fallbacks = true
        data_collection = "deny"
        zdr = false
        quantizations = ["fp8", "unknown"]
        sort = { by = "latency", partition = "none" }
        preferred_min_throughput = 40
        preferred_max_latency = { p90 = 2.5 }
        max_price = { prompt = 0.6, completion = 3 }
        """
    assert provider(text) == {
        "order": ["moonshotai"],
        "ignore": ["groq"],
        "allow_fallbacks": True,
        "data_collection": "deny",
        "zdr": False,
        "quantizations": ["fp8", "unknown"],
        "sort": {"by": "latency", "partition": "none"},
        "preferred_min_throughput": 40,
        "preferred_max_latency": {"p90": 2.5},
        "max_price": {"prompt": 0.6, "completion": 3},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ROUTING + "only = ['deepinfra']", {"only": ["deepinfra"]}),
        (ROUTING + "only = []\nmax_price = {}\nignore = []", None),
        (OF_MODEL + "banned_providers = ['novita']", {"ignore": ["novita"]}),
        (
            ROUTING + "ignore = ['groq', 'novita']\n" + OF_MODEL + "banned_providers = ['novita', 'baseten']",
            {"ignore": ["groq", "novita", "baseten"]},
        ),
        (OF_MODEL + "allowed_providers = ['deepinfra']", {"only": ["deepinfra/fp4", "deepinfra/fp8"]}),
        (OF_MODEL + "selected_endpoints = ['moonshotai/priority']", {"only": ["moonshotai/priority"]}),
        (
            ROUTING + "only = ['deepinfra', 'groq']\n" + OF_MODEL + "allowed_providers = ['deepinfra']",
            {"only": ["deepinfra/fp4", "deepinfra/fp8"]},
        ),
    ],
)
def test_only_lists_whole_tags_where_a_list_of_ours_narrows(text: str, expected: dict[str, Any] | None) -> None:
    assert provider(text) == expected


def test_what_the_upstream_cannot_check_is_turned_into_only() -> None:
    # seed is required but not sent, so require_parameters alone would let baseten through
    assert provider(OF_MODEL + "required_supported_params = ['seed']") == {
        "only": ["novita/fp8", "deepinfra/fp8", "moonshotai", "groq"],
        "require_parameters": True,
    }
    assert provider(OF_MODEL + "required_supported_params = ['seed']", params={"seed": 1}) == {
        "require_parameters": True
    }


def test_the_upstream_is_known_to_filter_by_max_tokens_alone() -> None:
    assert provider(params={"max_tokens": 100_000}) is None
    assert provider(params={"max_completion_tokens": 100_000}) == {"only": ["deepinfra/fp8", "moonshotai", "baseten"]}


@pytest.mark.parametrize("required", ["required_supported_params = ['temperature']", "default_profile = 'p'"])
def test_whatever_requires_a_parameter_sets_require_parameters(required: str) -> None:
    profiles = "profiles = [{ name = 'p', params = { tools_required = true } }]"
    found = provider(f"{ROUTING}require_parameters = false\n{OF_MODEL}{required}\n{profiles}")
    assert found is not None
    assert found["require_parameters"] is True


def test_a_tag_that_is_a_bare_slug_does_not_let_its_neighbours_in() -> None:
    rows = [endpoint("novita", "seed"), endpoint("novita/fp8")]
    found = provider(OF_MODEL + "required_supported_params = ['seed']", endpoints=rows)
    assert found == {"only": ["novita"], "ignore": ["novita/fp8"], "require_parameters": True}


def test_an_endpoint_that_shares_the_tag_of_an_eligible_one_is_owned_up_to() -> None:
    rows = [endpoint("novita/fp8", "seed"), endpoint("novita/fp8", ordinal=1)]
    found = plan_of(OF_MODEL + "required_supported_params = ['seed']", endpoints=rows)
    assert [each.key.ordinal for each in found.endpoints] == [0]
    assert found.message == "The request cannot keep novita/fp8#1 out: novita/fp8 has the same tag."


# pinning


def test_pinning_lets_one_endpoint_serve_and_keeps_the_other_preferences() -> None:
    body = {
        "model": KIMI,
        "messages": [],
        "temperature": 0.1,
        "provider": {
            "order": ["groq"],
            "only": ["groq", "moonshotai"],
            "ignore": ["novita"],
            "require_parameters": True,
            "data_collection": "deny",
        },
    }
    assert pinned_body(body, "moonshotai") == {
        **body,
        "provider": {
            "only": ["moonshotai"],
            "ignore": ["novita"],
            "allow_fallbacks": False,
            "require_parameters": True,
            "data_collection": "deny",
        },
    }


def test_pinning_leaves_the_body_it_was_given_alone() -> None:
    body = request()
    assert pinned_body(body, "groq")["provider"] == {"only": ["groq"], "allow_fallbacks": False}
    assert "provider" not in body


def test_pinning_a_bare_slug_keeps_the_providers_other_endpoints_out() -> None:
    others = ["novita", "novita/fp8", "novita/flex", "groq"]
    assert pinned_body({"model": KIMI}, "novita", others)["provider"] == {
        "only": ["novita"],
        "ignore": ["novita/fp8"],
        "allow_fallbacks": False,
    }


def test_pinning_every_endpoint_of_a_plan_names_each_once() -> None:
    body = request()
    assert [pinned_body(body, each.key.tag)["provider"]["only"] for each in LISTED] == [[e.key.tag] for e in LISTED]


@pytest.mark.parametrize(
    ("lists", "common"),
    [
        ([["a", "b"]], ["a", "b"]),
        ([["a", "b"], ["b", "c"]], ["b"]),
        ([["a"], ["a/fp8", "b/fp8"]], ["a/fp8"]),
        ([["a/fp8", "b"], ["a", "b/eu"]], ["a/fp8", "b/eu"]),
        ([["a"], ["a/flex"]], []),
        ([["a", "a/flex"], ["a/flex"], ["a/flex", "b"]], ["a/flex"]),
    ],
)
def test_entries_in_common_go_by_slug_tag_and_tier(lists: list[list[str]], common: list[str]) -> None:
    assert common_entries(lists) == common


# the schema


def test_both_strategies_send_the_same_but_for_the_name_of_the_model() -> None:
    text = ROUTING + "only = ['groq']"
    one, many = request(text, prompt="hi"), request(text, prompt="hi", strategy="models")
    assert many == {"models": [KIMI], **{name: value for name, value in one.items() if name != "model"}}
    assert schema_problems(one) == schema_problems(many) == []


@pytest.mark.parametrize(
    "body",
    [
        {"model": KIMI},
        {"messages": [{"role": "user"}]},
        {"model": KIMI, "messages": [{"role": "user"}], "allow": ["groq"]},
        {"model": KIMI, "messages": [{"role": "user"}], "provider": {"allow": ["groq"]}},
        {"model": KIMI, "messages": [{"role": "user"}], "provider": {"sort": {"by": "price", "order": "up"}}},
        {"model": KIMI, "messages": [{"role": "user"}], "top_k": 4.5},
        {"model": KIMI, "messages": [{"role": "user"}], "seed": "1"},
        {"model": KIMI, "messages": [{"role": "user"}], "response_format": "json_object"},
        {"model": KIMI, "messages": [{"role": "user"}], "tools_required": True},
    ],
)
def test_the_schema_refuses_what_the_upstream_does(body: dict[str, Any]) -> None:
    assert schema_problems(body)
