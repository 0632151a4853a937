"""What a request may cost before it is sent, by example."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from ploked.routing.cost import cost_range, plan_cost
from ploked.routing.effective import effective
from ploked.routing.order import try_order
from ploked_protocol.catalog import EndpointRecord, PriceOverride, Pricing
from ploked_protocol.money import Money
from ploked_protocol.plans import Cost, CostRange, PlanCost, RoutePlanParams
from ploked_protocol.preferences import LLMParameters, RegistryPrefs
from routing_cases import KIMI, NOW, endpoint

NOON = "2026-08-22T12:00:00Z"


def usd(per_million: str) -> Money:
    return Money(Decimal(per_million) / 1_000_000)


def row(tag: str = "a", *, most: int | None = None, known: bool = True, **pricing: Any) -> EndpointRecord:
    """Return an endpoint at $1 and $2 per million; `pricing` are further prices and overrides."""
    overrides = pricing.pop("overrides", ())
    other = {name: usd(price) if name != "request" else Money(price) for name, price in pricing.items()}
    priced = Pricing.per_token(usd("1"), usd("2"), other=other, overrides=overrides)
    return msgspec.structs.replace(endpoint(tag, most=most, known=known), pricing=priced)


def costs(of: EndpointRecord, params: LLMParameters | None = None, **call: Any) -> CostRange:
    asked = RoutePlanParams(**{"model": KIMI, "prompt_tokens": 1000, "at": NOON, **call})
    asked = msgspec.structs.replace(asked, params=params or LLMParameters())
    return cost_range(of, effective(RegistryPrefs(), KIMI, asked, now=NOW))


def shown(cost: Cost | None) -> list[tuple[str, int]]:
    assert cost is not None
    return [(part.fact, part.units) for part in cost.parts]


def micro(cost: Cost | None) -> Decimal:
    """Return a cost in millionths of a dollar."""
    assert cost is not None
    return cost.amount * 1_000_000


def test_without_a_size_of_the_prompt_nothing_is_known() -> None:
    assert costs(row(most=100), prompt_tokens=None) == CostRange()


def test_the_answer_is_one_token_at_least_half_of_what_is_allowed_and_all_of_it() -> None:
    found = costs(row(most=100))
    assert [micro(each) for each in (found.lowest, found.expected, found.highest)] == [1002, 1100, 1200]
    assert shown(found.highest) == [("pricing.prompt", 1000), ("pricing.completion", 100)]


def test_the_limit_of_the_request_comes_before_that_of_the_endpoint() -> None:
    assert micro(costs(row(most=100), LLMParameters(max_tokens=10)).highest) == 1020
    assert micro(costs(row(), LLMParameters(max_completion_tokens=10)).highest) == 1020


def test_a_limit_that_the_endpoint_does_not_take_limits_nothing() -> None:
    deaf = msgspec.structs.replace(row(most=100), supported_parameters=("temperature",))
    assert micro(costs(deaf, LLMParameters(max_tokens=10)).highest) == 1200


def test_without_any_limit_there_is_no_highest_cost_and_an_expected_one_only_for_a_stated_answer() -> None:
    found = costs(row())
    assert (found.expected, found.highest) == (None, None)
    assert micro(found.lowest) == 1002
    stated = costs(row(), output_tokens=50)
    assert micro(stated.expected) == 1100
    assert stated.highest is None


def test_cached_tokens_cost_what_reading_costs() -> None:
    found = costs(row(most=100, input_cache_read="0.1"), cached_tokens=900, output_tokens=50)
    assert shown(found.expected) == [
        ("pricing.input_cache_read", 900),
        ("pricing.prompt", 100),
        ("pricing.completion", 50),
    ]
    assert micro(found.expected) == 90 + 100 + 100
    assert micro(found.lowest) == 100 + 2
    assert micro(found.highest) == 1000 + 200


def test_without_a_price_for_reading_cached_tokens_cost_what_others_do() -> None:
    assert micro(costs(row(most=100), cached_tokens=900, output_tokens=50).expected) == 1100


def test_at_most_the_whole_prompt_is_cached() -> None:
    assert micro(costs(row(most=2, input_cache_read="0.1"), cached_tokens=5000).expected) == 102


def test_writing_to_the_cache_is_in_the_highest_cost_where_it_costs_more() -> None:
    found = costs(row(most=100, input_cache_write="1.25", input_cache_write_1h="2"))
    assert shown(found.highest) == [("pricing.input_cache_write_1h", 1000), ("pricing.completion", 100)]
    assert micro(found.highest) == 2200


def test_a_price_for_writing_below_that_of_the_prompt_is_for_storage_and_comes_on_top() -> None:
    assert micro(costs(row(most=100, input_cache_write="0.5")).highest) == 1700


def test_requests_are_charged_once_and_reasoning_by_its_own_price() -> None:
    found = costs(row(most=100, request="0.01", internal_reasoning="3"))
    assert micro(found.highest) == 1000 + 300 + 10_000
    assert micro(found.lowest) == 1000 + 2 + 10_000


def test_overrides_hold_at_the_stated_size_and_hour() -> None:
    by_size = PriceOverride(min_prompt_tokens=999, prices={"prompt": usd("3")})
    by_hour = PriceOverride(utc_start=1100, utc_end=1300, prices={"completion": usd("5")})
    found = costs(row(most=100, overrides=(by_size, by_hour)))
    assert shown(found.highest) == [("pricing.overrides[0].prompt", 1000), ("pricing.overrides[1].completion", 100)]
    assert micro(found.highest) == 3500
    assert micro(costs(row(most=100, overrides=(by_size, by_hour)), prompt_tokens=999).highest) == 999 + 500


def test_a_price_that_is_unknown_makes_the_cost_unknown() -> None:
    router = msgspec.structs.replace(row(most=100), pricing=Pricing(varies=True))
    assert costs(router) == CostRange()


# of a plan


def whole(*rows: EndpointRecord, **call: Any) -> PlanCost:
    asked = effective(RegistryPrefs(), KIMI, RoutePlanParams(model=KIMI, prompt_tokens=1000, at=NOON, **call), now=NOW)
    found, _, shares = try_order(rows, asked)
    return plan_cost(found, [cost_range(each, asked) for each in found], shares)


def test_a_plan_costs_as_little_as_its_cheapest_and_as_much_as_its_dearest_endpoint() -> None:
    cheap, dear = row("cheap", most=100), row("dear", most=100, request="1")
    cost = whole(dear, cheap)
    assert (cost.lowest, cost.highest) == (Money("0.001002"), Money("1.0012"))
    assert (cost.lowest_at, cost.highest_at) == (cheap.key, dear.key)
    assert cost.message is None


def test_the_expected_cost_weighs_by_share() -> None:
    cost = whole(row("a", most=100), row("b", most=100, request="1"))
    assert cost.expected == Money("0.5011")


def test_one_endpoint_that_nothing_limits_leaves_the_highest_cost_open_and_is_named() -> None:
    cost = whole(row("a", most=100), row("b"))
    assert (cost.highest, cost.highest_at, cost.expected) == (None, None, None)
    assert cost.message == "Nothing limits the answer of b: set max_tokens to know the highest cost."


def test_an_endpoint_without_a_price_is_named() -> None:
    cost = whole(row("a", most=100), msgspec.structs.replace(row("b"), pricing=Pricing()))
    assert (cost.lowest, cost.highest) == (Money("0.001002"), None)
    assert cost.message == "No price is known of b."


def test_a_price_of_another_hour_is_said_to_be_one() -> None:
    night = PriceOverride(utc_start=2200, utc_end=600, prices={"prompt": usd("0.5")})
    message = whole(row("a", most=100, overrides=(night,))).message
    assert message == "Prices of a change by the hour, and those of now were not listed when they were fetched."
    assert whole(row("a", most=100, overrides=(night,)), params=LLMParameters()).message == message


def test_a_plan_without_endpoints_costs_nothing_that_is_known() -> None:
    assert whole() == PlanCost()
