"""Order, shares and cost over random endpoints: what holds for all of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from chat_request import schema_problems
from hypothesis import given
from hypothesis import strategies as st
from ploked.routing import plan
from ploked.routing.cost import cost_range, plan_cost
from ploked.routing.effective import Effective, effective
from ploked.routing.order import try_order
from ploked.routing.prices import prices_at
from ploked_protocol.catalog import EndpointRecord, Percentiles, PriceOverride, Pricing
from ploked_protocol.money import Money
from ploked_protocol.plans import Cost, CostRange, RoutePlanParams
from ploked_protocol.preferences import LLMParameters, MaxPrice, PercentilePrefs, RegistryPrefs, RoutingPrefs, SortPrefs
from ploked_protocol.wire import encode
from routing_cases import FRESH, KIMI, MODEL, NOW, endpoint

SLUGS = ("a", "a/fp8", "a/turbo", "b", "b/fp4", "c", "d/eu")
KEYS = ("input_cache_read", "input_cache_write", "input_cache_write_1h", "internal_reasoning", "request")

amounts = st.decimals(0, Decimal("0.001"), places=7).map(Money)
figures = st.none() | st.builds(Percentiles, p50=st.none() | st.floats(0, 5000), p90=st.none() | st.floats(0, 5000))
overrides = st.builds(
    PriceOverride,
    min_prompt_tokens=st.none() | st.integers(0, 2000),
    utc_start=st.none() | st.integers(0, 23).map(lambda hour: hour * 100),
    prices=st.dictionaries(st.sampled_from(("prompt", "completion", *KEYS)), amounts),
)
pricings = st.builds(
    Pricing.per_token,
    st.none() | amounts,
    st.none() | amounts,
    other=st.dictionaries(st.sampled_from(KEYS), amounts),
    overrides=st.lists(overrides, max_size=2).map(tuple),
)


@st.composite
def catalogs(draw: st.DrawFn) -> list[EndpointRecord]:
    tags = draw(st.lists(st.sampled_from(SLUGS), unique=True, max_size=5))
    return [
        msgspec.structs.replace(
            endpoint(tag, known=draw(st.booleans()), most=draw(st.none() | st.integers(1, 4000))),
            pricing=draw(pricings),
            status=draw(st.sampled_from([None, 0, -2, -5])),
            latency_ms=draw(figures),
            throughput_tps=draw(figures),
        )
        for tag in tags
    ]


bounds = st.none() | st.floats(0, 100) | st.builds(PercentilePrefs, p90=st.floats(0, 100))
routings = st.builds(
    RoutingPrefs,
    order=st.none() | st.lists(st.sampled_from(SLUGS), max_size=3),
    sort=st.sampled_from([None, "price", "throughput", "latency", "exacto", "shiny", SortPrefs(by="latency")]),
    preferred_min_throughput=bounds,
    preferred_max_latency=bounds,
)
calls = st.builds(
    RoutePlanParams,
    model=st.sampled_from([KIMI, f"{KIMI}:nitro", f"{KIMI}:floor"]),
    params=st.builds(LLMParameters, max_tokens=st.none() | st.integers(1, 4000)),
    prompt_tokens=st.none() | st.integers(0, 3000),
    cached_tokens=st.integers(0, 4000),
    output_tokens=st.none() | st.integers(0, 5000),
    at=st.integers(0, 23).map(lambda hour: datetime(2026, 8, 22, hour, tzinfo=UTC).isoformat()),
)
asked = st.builds(lambda routing, call: effective(RegistryPrefs(routing=routing), KIMI, call, now=NOW), routings, calls)


@given(catalogs(), asked)
def test_trying_loses_and_invents_no_endpoint_and_shares_add_up(rows: list[EndpointRecord], asked: Effective) -> None:
    found, how, shares = try_order(rows, asked)
    assert sorted(map(str, (each.key for each in found))) == sorted(map(str, (each.key for each in rows)))
    known = [share for share in shares if share is not None]
    assert all(0 <= share <= 1 for share in known)
    assert not known or abs(sum(known) - 1) < 1e-9
    assert len(shares) == len(rows)
    assert how.message


@given(catalogs(), asked)
def test_shares_do_not_depend_on_the_order_of_the_catalog(rows: list[EndpointRecord], asked: Effective) -> None:
    one, other = try_order(rows, asked), try_order(rows[::-1], asked)
    assert sorted(map(str, one[2])) == sorted(map(str, other[2]))


@given(catalogs(), asked)
def test_costs_are_ranges_and_every_figure_is_the_sum_of_facts_of_the_record(
    rows: list[EndpointRecord], asked: Effective
) -> None:
    for row in rows:
        costs = cost_range(row, asked)
        known = [cost for cost in (costs.lowest, costs.expected, costs.highest) if cost is not None]
        assert [cost.amount for cost in known] == sorted(cost.amount for cost in known)
        for cost in known:
            check_parts(row, cost)


def check_parts(row: EndpointRecord, cost: Cost) -> None:
    assert cost.amount == sum(part.amount for part in cost.parts)
    for part in cost.parts:
        assert part.amount == part.price * part.units
        assert fact_at(row, part.fact) == part.price


def fact_at(row: EndpointRecord, path: str) -> Any:
    """Return what stands at a path like `pricing.overrides[1].completion`, in the words of the upstream."""
    if "overrides[" in path:
        index, key = path.removeprefix("pricing.overrides[").split("].")
        return row.pricing.overrides[int(index)].prices[key]
    key = path.removeprefix("pricing.")
    listed = {"prompt": row.pricing.prompt_per_token, "completion": row.pricing.completion_per_token}
    return {**row.pricing.other, **listed}[key]


@given(catalogs(), asked, st.data())
def test_nothing_that_can_be_billed_is_above_the_highest_or_below_the_lowest(
    rows: list[EndpointRecord], asked: Effective, data: st.DataObject
) -> None:
    """A bill by the rules of the upstream, for any use of the cache and any length of the answer."""
    size = asked.prompt_tokens
    for row in rows:
        costs = cost_range(row, asked)
        if costs.highest is None or costs.lowest is None or size is None:
            continue
        prices = {key: fact.price for key, fact in prices_at(row.pricing, size, asked.at).items()}
        limit = asked.sent.get("max_tokens") or row.max_completion_tokens or 0
        read = data.draw(st.integers(0, size)) if "input_cache_read" in prices else 0
        written = data.draw(st.integers(0, size - read)) if "input_cache_write" in prices else 0
        answer = data.draw(st.integers(1, limit))
        bill = bill_of(prices, size, read, written, answer)
        assert costs.lowest.amount <= bill <= costs.highest.amount


def bill_of(prices: dict[str, Money], size: int, read: int, written: int, answer: int) -> Decimal:
    prompt = prices["prompt"]
    write = prices.get("input_cache_write", Money(0))
    stored = written * (write if write >= prompt else prompt + write)
    plain = (size - read - written) * prompt
    cached = read * prices.get("input_cache_read", Money(0))
    return stored + plain + cached + answer * prices["completion"] + prices.get("request", Money(0))


@given(catalogs(), asked)
def test_the_cost_of_a_plan_spans_those_of_its_endpoints(rows: list[EndpointRecord], asked: Effective) -> None:
    found, _, shares = try_order(rows, asked)
    ranges = [cost_range(row, asked) for row in found]
    cost = plan_cost(found, ranges, shares)
    lows, highs = amounts_of(ranges, "lowest"), amounts_of(ranges, "highest")
    assert cost.lowest == min(lows, default=None)
    assert cost.highest == (max(highs) if highs and len(highs) == len(rows) else None)
    assert (cost.lowest_at is None) == (cost.lowest is None)
    assert (cost.highest_at is None) == (cost.highest is None)
    if cost.expected is not None:
        expected = amounts_of(ranges, "expected")
        assert min(expected) - Decimal("1e-9") <= cost.expected <= max(expected) + Decimal("1e-9")
    if rows and cost.highest is None:
        assert cost.message


def amounts_of(ranges: list[CostRange], field: str) -> list[Money]:
    found = [getattr(each, field) for each in ranges]
    return [cost.amount for cost in found if cost is not None]


# the request

whole_routings = st.builds(
    RoutingPrefs,
    order=st.none() | st.lists(st.sampled_from(SLUGS), max_size=2),
    only=st.none() | st.lists(st.sampled_from(SLUGS), max_size=2),
    ignore=st.none() | st.lists(st.sampled_from(SLUGS), max_size=2),
    allow_fallbacks=st.none() | st.booleans(),
    require_parameters=st.none() | st.booleans(),
    data_collection=st.sampled_from([None, "allow", "deny"]),
    zdr=st.none() | st.booleans(),
    enforce_distillable_text=st.none() | st.booleans(),
    quantizations=st.none() | st.lists(st.sampled_from(["fp8", "mxfp4", "unknown"]), max_size=2),
    sort=st.sampled_from([None, "price", "exacto", SortPrefs(by="latency", partition="none")]),
    preferred_min_throughput=bounds,
    preferred_max_latency=bounds,
    max_price=st.none() | st.builds(MaxPrice, prompt=st.none() | st.floats(0, 9), image=st.none() | st.floats(0, 9)),
)
parameters = st.builds(
    LLMParameters,
    temperature=st.none() | st.floats(0, 2),
    top_k=st.none() | st.integers(0, 100),
    seed=st.none() | st.integers(),
    max_tokens=st.none() | st.integers(1, 4000),
    stop=st.none() | st.text(max_size=3) | st.lists(st.text(max_size=3), max_size=4),
    response_format=st.sampled_from([None, {"type": "json_object"}]),
    tools=st.sampled_from([None, [{"type": "function", "function": {"name": "f"}}]]),
    tools_required=st.none() | st.booleans(),
)


@given(catalogs(), whole_routings, parameters, st.sampled_from(["model", "models"]))
def test_every_body_fits_the_schema_of_the_upstream(
    rows: list[EndpointRecord], routing: RoutingPrefs, params: LLMParameters, strategy: Any
) -> None:
    call = RoutePlanParams(model=KIMI, params=params, strategy=strategy)
    body = plan(MODEL, rows, RegistryPrefs(routing=routing), call, FRESH, now=NOW).request
    assert body is None or schema_problems(json.loads(encode(body))) == []
