"""Routing preferences in three layers: which value holds, where it is written, and where an edit of it goes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from ploked.routing.merge import merge
from ploked_protocol.preferences import Origin, RoutingPrefs
from routing_cases import KIMI, endpoint, plan_of, reasons, tags

CONFIG = f"""\
[registry.routing]
sort = "price"
only = ["moonshotai", "groq"]
max_price = {{ prompt = 0.7, completion = 9 }}

[[registry.models]]
model = "{KIMI}"
routing = {{ only = ["deepinfra"], max_price = {{ prompt = 0.5 }} }}
"""


def prefs(**fields: Any) -> RoutingPrefs:
    return msgspec.convert(fields, RoutingPrefs)


@pytest.mark.parametrize(
    ("high", "low", "merged"),
    [
        ({}, {"zdr": True}, {"zdr": True}),
        ({"zdr": False}, {"zdr": True}, {"zdr": False}),
        ({"only": []}, {"only": ["groq"], "order": ["novita"]}, {"only": [], "order": ["novita"]}),
        (
            {"max_price": {"prompt": 1}},
            {"max_price": {"prompt": 2, "completion": 3}},
            {"max_price": {"prompt": 1, "completion": 3}},
        ),
        (
            {"preferred_max_latency": {"p90": 3}},
            {"preferred_max_latency": {"p90": 5, "p99": 9}},
            {"preferred_max_latency": {"p90": 3, "p99": 9}},
        ),
        (
            {"preferred_max_latency": 2},
            {"preferred_max_latency": {"p50": 5, "p99": 9}},
            {"preferred_max_latency": {"p50": 2, "p99": 9}},
        ),
        ({"preferred_min_throughput": 20}, {"preferred_min_throughput": 50}, {"preferred_min_throughput": 20}),
        (
            {"sort": "price"},
            {"sort": {"by": "latency", "partition": "none"}},
            {"sort": {"by": "price", "partition": "none"}},
        ),
        ({"sort": "price"}, {"sort": "latency"}, {"sort": "price"}),
    ],
)
def test_a_higher_layer_holds_value_by_value(high: dict[str, Any], low: dict[str, Any], merged: dict[str, Any]) -> None:
    assert merge(prefs(**high), prefs(**low)) == prefs(**merged)


def test_the_models_table_lies_over_the_shared_one_and_the_call_over_both() -> None:
    assert tags(plan_of(CONFIG)) == ["deepinfra/fp4"]
    assert tags(plan_of(CONFIG, routing=prefs(max_price={"prompt": 0.6}))) == ["deepinfra/fp4", "deepinfra/fp8"]
    assert tags(plan_of(CONFIG, routing=prefs(only=["moonshotai"], max_price={"prompt": 0.7}))) == ["moonshotai"]


def test_every_value_in_effect_says_where_it_is_written() -> None:
    found = plan_of(CONFIG, routing=prefs(zdr=False)).routing
    at = {"file": "/home/me/config.toml"}
    assert found.origins == {
        "only": Origin("model", key="registry.models[0].routing.only", line=8, **at),
        "max_price.prompt": Origin("model", key="registry.models[0].routing.max_price.prompt", line=8, **at),
        "max_price.completion": Origin("global", key="registry.routing.max_price.completion", line=4, **at),
        "sort": Origin("global", key="registry.routing.sort", line=2, **at),
        "zdr": Origin("call"),
    }
    assert found.values.sort == "price"


def test_a_merged_table_names_its_fields_whichever_form_each_layer_has() -> None:
    text = "[registry.routing]\npreferred_max_latency = 3\nsort = 'price'"
    given = prefs(preferred_max_latency={"p99": 9}, sort={"by": "latency"})
    found = plan_of(text, routing=given).routing
    assert {name: origin.key for name, origin in found.origins.items()} == {
        "preferred_max_latency.p50": "registry.routing.preferred_max_latency",
        "preferred_max_latency.p99": None,
        "sort.by": None,
    }


def test_a_reason_names_the_layer_that_holds() -> None:
    found = plan_of(CONFIG)
    says = "routing.max_price.prompt (0.5)"
    assert reasons(found, "deepinfra/fp8") == [
        (
            "priceAboveCap",
            f"deepinfra/fp8 asks 0.58 USD per million prompt tokens, above {says}",
            "registry.models[0].routing.max_price.prompt",
        )
    ]
    of_call = plan_of(CONFIG, routing=prefs(max_price={"prompt": 0.1}))
    assert reasons(of_call, "deepinfra/fp8")[-1][2] == "call"


def test_an_entry_of_a_list_is_placed_on_its_own_line() -> None:
    text = '[registry.routing]\nignore = [\n  "novita",\n  "groq",\n]'
    groq = next(each for each in plan_of(text).excluded if each.endpoint.key.tag == "groq")
    place = groq.reasons[0].place
    assert place is not None
    assert (groq.reasons[0].origin, place.key, place.line) == (
        "registry.routing.ignore",
        "registry.routing.ignore[1]",
        4,
    )


# edits


def loosened(text: str, **call: Any) -> list[tuple[str, bool]]:
    found = plan_of(text, endpoints=[endpoint("groq")], **call)
    return [(each.message.partition(":")[0], each.applicable) for each in found.relaxations]


def test_a_value_that_covers_another_one_is_replaced_rather_than_removed() -> None:
    assert loosened("[registry.routing]\nonly = ['novita']") == [("remove registry.routing.only", True)]
    assert loosened(CONFIG.replace("prompt = 0.5", "prompt = 5")) == [
        ("set registry.models[0].routing.only to []", True)
    ]
    assert loosened(CONFIG.replace("prompt = 0.5", "prompt = 5"), routing=prefs(only=["novita"])) == [
        ("set routing.only of the call to []", False)
    ]


def test_a_cap_is_raised_in_the_layer_that_holds() -> None:
    text = CONFIG.replace('only = ["deepinfra"], ', "").replace("prompt = 0.5", "prompt = 0.2")
    assert loosened(text) == [("set registry.models[0].routing.max_price.prompt to 0.5", True)]


def test_a_model_without_a_table_is_named_by_its_id() -> None:
    found = plan_of(endpoints=[endpoint("groq"), endpoint("groq/flex")])
    assert [msgspec.to_builtins(edit) for each in found.relaxations for edit in each.edits] == [
        {"verb": "add", "path": f'registry.models["{KIMI}"].routing.order', "value": "groq/flex"}
    ]


def test_a_price_of_more_digits_than_a_float_holds_is_still_met_by_the_cap_proposed() -> None:
    long = endpoint("long", usd_per_1m=("0.0833333333333333400001", "1"))
    found = plan_of("[registry.routing]\nmax_price = { prompt = 0.01 }", endpoints=[long])
    value = found.relaxations[0].edits[0].value
    assert tags(plan_of(f"[registry.routing]\nmax_price = {{ prompt = {value} }}", endpoints=[long])) == ["long"]
