"""What a request may cost, before it is sent: lowest, expected and highest, each with the facts behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import EndpointKey
from ploked_protocol.money import Money
from ploked_protocol.plans import Cost, CostRange, PlanCost

from .capabilities import lacks
from .charges import (
    answer_parts,
    are_known,
    cheapest_answer,
    cheapest_prompt,
    cost_of,
    dearest_answer,
    dearest_prompt,
    prompt_parts,
)
from .effective import Effective
from .prices import keys_by_hour
from .rules import names

LIMITS = ("max_tokens", "max_completion_tokens")
"""Two names of one parameter, the first of them deprecated."""
SMALLEST = Decimal("1e-12")
"""USD; to this an expected cost is rounded, for shares are no exact figures."""


def cost_range(endpoint: EndpointRecord, effective: Effective) -> CostRange:
    """Return what one request of the stated size may cost at `endpoint`, at the stated hour, USD.

    Nothing is known without `promptTokens` or where prompt or answer has no price. Without a `longest_answer` there
    is no `highest`, and `expected` only where `outputTokens` says how long the answer is. Images, audio and searches
    are in none of the figures.
    """
    size, call = effective.prompt_tokens, effective.call
    prices = effective.prices[endpoint.pricing]
    if size is None or not are_known(prices):
        return CostRange()
    most = longest_answer(endpoint, effective)
    lowest = cost_of(prices, cheapest_prompt(prices, size) + cheapest_answer(prices, 1))
    if most is None and call.output_tokens is None:
        return CostRange(lowest)
    output = _expected_answer(call.output_tokens, most)
    expected = cost_of(prices, prompt_parts(prices, size, call.cached_tokens) + answer_parts(prices, output))
    if most is None:
        return CostRange(lowest, expected)
    return CostRange(lowest, expected, cost_of(prices, dearest_prompt(prices, size) + dearest_answer(prices, most)))


def _expected_answer(stated: int | None, most: int | None) -> int:
    """Return the tokens of an answer: as stated, within what may be written, else half of that; at least one."""
    expected = (most or 0) // 2 if stated is None else stated
    return max(1, expected if most is None else min(expected, most))


def longest_answer(endpoint: EndpointRecord, effective: Effective) -> int | None:
    """Return how many tokens the answer may have: what the request allows, else what the endpoint can write.

    A limit that the endpoint does not take is dropped by the upstream, and so limits nothing.
    """
    asked = [effective.sent[name] for name in LIMITS if name in effective.sent]
    if asked and not all(lacks(endpoint, name) for name in LIMITS):
        return int(max(asked))
    return endpoint.max_completion_tokens


def plan_cost(
    endpoints: Sequence[EndpointRecord], ranges: Sequence[CostRange], shares: Sequence[float | None]
) -> PlanCost:
    """Return what one request may cost over all `endpoints`; `ranges` and `shares` are theirs, in the same order.

    `lowest` is over the endpoints whose cost is known. `expected` weighs by share; it is null where no share is known
    or an endpoint with a share has no expected cost. `highest` is null where that of any endpoint is unknown, for that
    one may serve. `message` says what is missing.
    """
    lows = _by_amount(endpoints, [each.lowest for each in ranges])
    highs = _by_amount(endpoints, [each.highest for each in ranges])
    lowest, lowest_at = lows[0] if lows else (None, None)
    highest, highest_at = highs[-1] if highs and len(highs) == len(endpoints) else (None, None)
    return PlanCost(
        lowest=lowest,
        expected=_weighed(ranges, shares),
        highest=highest,
        lowest_at=lowest_at,
        highest_at=highest_at,
        message=" ".join(_notes(endpoints, ranges, shares)) or None,
    )


def _by_amount(endpoints: Sequence[EndpointRecord], costs: Sequence[Cost | None]) -> list[tuple[Money, EndpointKey]]:
    """Return the costs that are known, cheapest first."""
    known = [(cost.amount, endpoint.key) for endpoint, cost in zip(endpoints, costs, strict=True) if cost is not None]
    return sorted(known, key=lambda pair: pair[0])


def _weighed(ranges: Sequence[CostRange], shares: Sequence[float | None]) -> Money | None:
    pairs = [(share, each.expected) for share, each in zip(shares, ranges, strict=True) if share]
    costs = [(Money(repr(share)), cost.amount) for share, cost in pairs if cost is not None]
    if not costs or len(costs) < len(pairs):
        return None
    return Money(sum((share * amount for share, amount in costs), Decimal(0)).quantize(SMALLEST).normalize())


def _notes(
    endpoints: Sequence[EndpointRecord], ranges: Sequence[CostRange], shares: Sequence[float | None]
) -> Iterator[str]:
    """Return what is not in the figures, or may be wrong in them, one sentence each."""
    pairs = list(zip(endpoints, ranges, strict=True))
    if unpriced := [endpoint for endpoint, each in pairs if each.lowest is None]:
        yield f"No price is known of {names(unpriced)}."
    if unbounded := [endpoint for endpoint, each in pairs if each.lowest and each.highest is None]:
        yield f"Nothing limits the answer of {names(unbounded)}: set max_tokens to know the highest cost."
    if endpoints and all(share is None for share in shares):
        yield "Which endpoint serves cannot be told, so no cost is expected."
    if moving := [endpoint for endpoint, each in pairs if _rests_on_the_hour(endpoint, each)]:
        yield f"Prices of {names(moving)} change by the hour, and those of now were not listed when they were fetched."


def _rests_on_the_hour(endpoint: EndpointRecord, costs: CostRange) -> bool:
    """Return whether a figure rests on a listed price that an override replaces at other hours (`Fact.by_hour`)."""
    facts = {f"pricing.{key}" for key in keys_by_hour(endpoint.pricing)}
    parts = [part for cost in (costs.lowest, costs.expected, costs.highest) if cost for part in cost.parts]
    return bool(facts) and any(part.fact in facts for part in parts)
