"""Routing preferences that fit and mean something else than people think: values, and above all units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from ploked_protocol.money import money
from ploked_protocol.preferences import ConfigProblem, PercentilePrefs, RoutingPrefs, SortPrefs

from ..positions import KeyPath, dotted
from ..wording import closest, did_you_mean, listed
from .context import QUANTIZATIONS, ROOT, Context

SORTS = ("price", "throughput", "latency", "exacto")
"""What the upstream takes in `sort`. It may grow, as `QUANTIZATIONS` may, so that others are only warned about."""

OTHER_WORDS = {
    "cheapest": "price", "cheap": "price", "cost": "price", "floor": "price",
    "fast": "throughput", "fastest": "throughput", "speed": "throughput", "tps": "throughput", "nitro": "throughput",
    "ttft": "latency", "quality": "exacto",
    "4bit": "int4", "8bit": "int8", "float16": "fp16", "half": "fp16", "bfloat16": "bf16", "float32": "fp32",
}  # fmt: skip
"""What people write who know another tool -> the words here, which are spelled too differently."""

LONGEST_LATENCY_S = 120
"""No endpoint takes so long to begin: a larger figure is one of milliseconds."""
FALLBACK_LOWEST = Decimal("0.001")
"""USD per million tokens that no model is as cheap as, where the catalog knows no prices."""
MOST_PER_TOKEN = Decimal("0.00005")
"""USD: what is not above it is a price per token, what is a price per thousand."""


def check_routing(context: Context) -> Iterator[ConfigProblem]:
    """Yield what is odd in the routing preferences of all layers."""
    yield from _routing(context, context.prefs.routing, (*ROOT, "routing"))
    for model in context.models:
        yield from _routing(context, model.prefs.routing, (*model.path, "routing"))


def _routing(context: Context, routing: RoutingPrefs, path: KeyPath) -> Iterator[ConfigProblem]:
    sort = (*path, "sort")
    if isinstance(routing.sort, SortPrefs):
        yield from _word(context, "sort", routing.sort.by, SORTS, (*sort, "by"))
    elif routing.sort is not None:
        yield from _word(context, "sort", routing.sort, SORTS, sort)
    for index, name in enumerate(routing.quantizations or []):
        yield from _word(context, "quantization", name, QUANTIZATIONS, (*path, "quantizations", index))
    for name in ("prompt", "completion"):
        cap = getattr(routing.max_price, name, None)
        yield from _price(context, name, money(cap), (*path, "max_price", name))
    yield from _latency(context, routing.preferred_max_latency, (*path, "preferred_max_latency"))
    for name in ("preferred_max_latency", "preferred_min_throughput"):
        yield from _idle_percentiles(context, getattr(routing, name), (*path, name))


def _word(context: Context, kind: str, word: str, known: Sequence[str], path: KeyPath) -> Iterator[ConfigProblem]:
    if word in known:
        return
    other = OTHER_WORDS.get(word.lower().replace("-", ""))
    near = [other] if other is not None and other in known else closest(word, known)
    message = f"OpenRouter knows no {kind} of this name. There are {listed(known, len(known))}.{did_you_mean(near)}"
    yield context.problem(path, "unknownValue", message, near if len(near) == 1 else [])


def _price(context: Context, name: str, cap: Decimal | None, path: KeyPath) -> Iterator[ConfigProblem]:
    """Warn of a cap below all prices: it is meant per token, or per thousand of them."""
    if not cap:
        return
    lowest = context.catalog.lowest_price(name)
    if cap >= (FALLBACK_LOWEST if lowest is None else lowest):
        return
    unit, factor = ("token", 1_000_000) if cap <= MOST_PER_TOKEN else ("thousand tokens", 1_000)
    meant = _plain(cap * factor)
    least = "no model costs so little" if lowest is None else f"the cheapest model that is not free asks {lowest}"
    message = f"{dotted(path)} is in USD per million tokens, and {least}. {_plain(cap)} per {unit} is {meant} here."
    yield context.problem(path, "unit", message, suggestion=meant)


def _latency(context: Context, bound: float | PercentilePrefs | None, path: KeyPath) -> Iterator[ConfigProblem]:
    for name, value in _bounds(bound):
        if value > LONGEST_LATENCY_S:
            place = (*path, name) if name else path
            meant = _plain(Decimal(repr(value)) / 1_000)
            message = f"{dotted(place)} is in seconds, and this is longer than any endpoint takes to begin."
            message += f" {_plain(Decimal(repr(value)))} milliseconds are {meant} here."
            yield context.problem(place, "unit", message, suggestion=meant)


def _idle_percentiles(
    context: Context, bounds: float | PercentilePrefs | None, path: KeyPath
) -> Iterator[ConfigProblem]:
    """Yield bounds that another one implies: of both figures, a higher percentile is never the smaller one."""
    known = list(_bounds(bounds))
    smallest = path[-1] == "preferred_min_throughput"
    for (low, low_bound), (high, high_bound) in pairwise(known):
        if low_bound <= high_bound:
            continue
        idle, by = (high, low) if smallest else (low, high)
        message = f"This asks for nothing: {high} is never below {low}, so that the bound of {by} is the stricter one."
        yield context.problem((*path, idle), "idlePercentile", message, severity="information")


def _bounds(bounds: float | PercentilePrefs | None) -> Iterator[tuple[str, float]]:
    """Yield each bound with the name of its percentile; a plain number has none."""
    if isinstance(bounds, PercentilePrefs):
        values = ((name, getattr(bounds, name)) for name in bounds.__struct_fields__)
        yield from ((name, value) for name, value in values if value is not None)
    elif bounds is not None:
        yield "", bounds


def _plain(number: Decimal) -> str:
    """Return a number as people and TOML write it: 0.6, 12, 0.0000006."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
