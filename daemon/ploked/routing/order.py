"""In which order the upstream tries the endpoints of a plan, and how the first requests spread over them. Pure.

Follows the guide on provider selection: `order` first, else `sort`, else balancing by the inverse square of the price
among endpoints without outages. Where the guide says "price" it does not say which; the upstream lists endpoints by
their prompt price, so that is taken here, and the completion price decides between equal ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from ploked_protocol.catalog import EndpointRecord, Percentiles
from ploked_protocol.keys import InvalidKeyError, ModelKey, entry_matches
from ploked_protocol.plans import TryOrder
from ploked_protocol.preferences import PercentilePrefs, RoutingPrefs, SortPrefs

from .effective import Effective

Sort = Literal["price", "throughput", "latency", "exacto"]

VARIANTS: dict[str | None, Sort] = {"nitro": "throughput", "floor": "price", "exacto": "exacto"}
"""Variants of an id that stand for a `sort`."""
SORTS = ("price", "throughput", "latency", "exacto")
MS = 1000

MESSAGES = {
    "order": "The upstream tries the entries of routing.order in turn, and what else it may try by {then}.",
    "price": "The upstream tries the cheapest endpoint first.",
    "throughput": "The upstream tries the fastest writer first, by figures that change from minute to minute.",
    "latency": "The upstream tries the quickest to begin first, by figures that change from minute to minute.",
    "exacto": "The upstream sorts by its own measure of tool calls (exacto), which it does not publish.",
    "default": "The upstream spreads requests over endpoints without outages, by the inverse square of the price.",
}
UNMEASURED = " Nothing is known of those figures here (they come with an API key), so this goes by price."


class Rank(NamedTuple):
    """What decides the place of an endpoint, most important first."""

    entry: int
    """The first entry of `routing.order` that covers it."""
    degraded: bool
    unpreferred: bool
    """Whether it is not known to meet `preferred_min_throughput` and `preferred_max_latency`."""
    unmeasured: bool
    figure: float
    """Of the sort, lower is better."""
    unpriced: bool
    price: float
    """USD per prompt token."""
    completion: float


def try_order(
    endpoints: Sequence[EndpointRecord], effective: Effective
) -> tuple[list[EndpointRecord], TryOrder, list[float | None]]:
    """Return `endpoints` as the upstream would try them, how it decides, and the share of requests each gets first.

    Shares add up to 1. Where balancing is off the first endpoint gets all; under balancing they follow the inverse
    square of the price, free endpoints get all between them, and those that saw outages or miss a preferred speed
    none while there are others. None stands where nothing is known: no price, or a sort by unknown figures.
    """
    sort = sort_of(effective)
    ranked = sorted(((_rank(each, effective, sort), each) for each in endpoints), key=lambda pair: pair[0])
    ranks = [rank for rank, _ in ranked]
    if effective.routing.order or sort is not None:
        shares = _first_gets_all(ranks, sort, len(effective.routing.order or ()))
    else:
        shares = _balanced(ranks)
    return [each for _, each in ranked], _in_words(ranks, effective, sort), [1.0] if len(ranked) == 1 else shares


def sort_of(effective: Effective) -> Sort | None:
    """Return what endpoints are sorted by: `routing.sort`, else the variant of the id; None: by nothing.

    A sort that the upstream does not know counts as none.
    """
    sort = effective.routing.sort
    by = sort.by if isinstance(sort, SortPrefs) else sort
    if by is not None:
        return cast("Sort", by) if by in SORTS else None
    try:
        return VARIANTS.get(ModelKey.parse(effective.call.model).variant)
    except InvalidKeyError:
        return None


def _rank(endpoint: EndpointRecord, effective: Effective, sort: Sort | None) -> Rank:
    order = effective.routing.order or ()
    figure = _figure(endpoint, sort)
    prices = effective.prices[endpoint.pricing]
    prompt, completion = prices.get("prompt"), prices.get("completion")
    return Rank(
        entry=_place(order, endpoint.key.tag) if order else 0,
        degraded=not order and sort is None and (endpoint.status or 0) < 0,
        unpreferred=not _is_preferred(endpoint, effective.routing),
        unmeasured=figure is None,
        figure=figure or 0.0,
        unpriced=prompt is None,
        price=float(prompt.price) if prompt else 0.0,
        completion=float(completion.price) if completion else 0.0,
    )


def _place(order: Sequence[str], tag: str) -> int:
    """Return the place of the first entry that covers `tag`; behind all others where none does."""
    return next((place for place, entry in enumerate(order) if entry_matches(entry, tag)), len(order))


def _figure(endpoint: EndpointRecord, sort: Sort | None) -> float | None:
    """Return the median of the last 30 minutes that a sort goes by; 0 where it goes by none."""
    if sort == "throughput":
        speed = _percentile(endpoint.throughput_tps, "p50")
        return None if speed is None else -speed
    return _percentile(endpoint.latency_ms, "p50") if sort == "latency" else 0.0


def _is_preferred(endpoint: EndpointRecord, routing: RoutingPrefs) -> bool:
    if routing.preferred_min_throughput is None and routing.preferred_max_latency is None:
        return True
    fast, quick = _bounds(routing.preferred_min_throughput), _bounds(routing.preferred_max_latency)
    speeds = [(_percentile(endpoint.throughput_tps, name), bound) for name, bound in fast.items()]
    waits = [(_percentile(endpoint.latency_ms, name), bound * MS) for name, bound in quick.items()]
    return all(speed is not None and speed >= least for speed, least in speeds) and all(
        wait is not None and wait <= most for wait, most in waits
    )


def _bounds(preferred: float | PercentilePrefs | None) -> dict[str, float]:
    """Return a preference percentile by percentile; a number is of the median."""
    if isinstance(preferred, PercentilePrefs):
        return {name: bound for name in preferred.__struct_fields__ if (bound := getattr(preferred, name)) is not None}
    return {} if preferred is None else {"p50": preferred}


def _percentile(figures: Percentiles | None, name: str) -> float | None:
    value: float | None = getattr(figures, name, None)
    return value


def _first_gets_all(ranks: Sequence[Rank], sort: Sort | None, rest: int) -> list[float | None]:
    """Return the shares where balancing is off; None for all when nothing says which endpoint is first.

    `rest` is the place of endpoints that no entry of `routing.order` covers.
    """
    first = ranks[0] if ranks else None
    alone = first is not None and first.entry < rest and [rank.entry for rank in ranks].count(first.entry) == 1
    by_price = sort in (None, "price")
    unknown = first is None or sort == "exacto" or first.unmeasured or (by_price and first.unpriced)
    if unknown and not alone:
        return [None] * len(ranks)
    return [1.0, *[0.0] * (len(ranks) - 1)]


def _balanced(ranks: Sequence[Rank]) -> list[float | None]:
    """Return the shares by the inverse square of the price, among the best group that has prices."""
    priced = [rank for rank in ranks if not rank.unpriced]
    best = min(((rank.degraded, rank.unpreferred) for rank in priced), default=None)
    weighed = [rank for rank in priced if (rank.degraded, rank.unpreferred) == best]
    cheapest = min((rank.price for rank in weighed), default=0.0)
    free = cheapest == 0

    def weight(rank: Rank) -> float:
        if (rank.degraded, rank.unpreferred) != best or (free and rank.price):
            return 0.0
        return 1.0 if free else (cheapest / rank.price) ** 2

    total = sum(weight(rank) for rank in weighed)
    return [None if rank.unpriced else weight(rank) / total for rank in ranks]


def _in_words(ranks: Sequence[Rank], effective: Effective, sort: Sort | None) -> TryOrder:
    order = effective.routing.order
    by = "order" if order else sort or "default"
    message = MESSAGES[by].format(then=sort or "price")
    if sort in ("throughput", "latency") and all(rank.unmeasured for rank in ranks):
        message += UNMEASURED
    entries = [rank.entry for rank in ranks]
    settled = sort in (None, "price") or len(set(entries)) == len(entries)
    return TryOrder(by=by, estimate=not settled or by == "default", message=message)
