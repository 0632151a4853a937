"""What an endpoint asks at a stated prompt size and hour: its listed prices with their overrides applied. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ploked_protocol.catalog import PriceOverride, Pricing
from ploked_protocol.money import Money

MIDNIGHT = 2400


class Fact(NamedTuple):
    """A price and where it stands in the record of its endpoint."""

    price: Money
    """USD per unit."""
    fact: str
    """`pricing.prompt`, `pricing.overrides[1].completion`."""
    by_hour: bool = False
    """Whether it is a listed price of the hour in which it was fetched, and nothing says what holds at another hour.

    While a time window is open, the upstream lists the window's price as the price itself; the one outside of all
    windows cannot be told then.
    """


Prices = dict[str, Fact]
"""What an endpoint asks, by upstream key."""


class PriceBook:
    """The prices of endpoints at one prompt size and hour; each price list is worked out once."""

    def __init__(self, prompt_tokens: int | None, at: datetime) -> None:
        self._prompt_tokens = prompt_tokens
        self._at = at
        self._known: dict[int, tuple[Pricing, Prices]] = {}

    def __getitem__(self, pricing: Pricing) -> Prices:
        """Return what `prices_at` does for `pricing`."""
        found = self._known.get(
            id(pricing)
        )  # it holds dicts, so it cannot be a key; it is held, so its id stays its own
        if found is None:
            found = self._known[id(pricing)] = pricing, prices_at(pricing, self._prompt_tokens, self._at)
        return found[1]


def prices_at(pricing: Pricing, prompt_tokens: int | None, at: datetime) -> Prices:
    """Return the prices in force by upstream key (`prompt`, `input_cache_read`, ...); unknown ones are left out.

    Overrides hold for prompts strictly longer than their `min_prompt_tokens` (without a size: for none) and from
    `utc_start` up to, not including, `utc_end`, over midnight where the end comes first. Later ones win key by key;
    keys that an override does not name keep the price they have. `at` is aware.
    """
    facts = {key: Fact(price, f"pricing.{key}") for key, price in _listed(pricing)}
    if not pricing.overrides:
        return facts
    utc = at.astimezone(UTC)
    time = utc.hour * 100 + utc.minute
    for key in keys_by_hour(pricing) & facts.keys():
        facts[key] = facts[key]._replace(by_hour=True)
    for index, override in enumerate(pricing.overrides):
        if _holds(override, prompt_tokens, time):
            for key, price in override.prices.items():
                facts[key] = Fact(price, f"pricing.overrides[{index}].{key}")
    return facts


def _listed(pricing: Pricing) -> Iterator[tuple[str, Money]]:
    if pricing.prompt_per_token is not None:
        yield "prompt", pricing.prompt_per_token
    if pricing.completion_per_token is not None:
        yield "completion", pricing.completion_per_token
    yield from pricing.other.items()


def keys_by_hour(pricing: Pricing) -> set[str]:
    """Return the keys whose price depends on the hour."""
    return {key for override in pricing.overrides if _is_by_hour(override) for key in override.prices}


def _is_by_hour(override: PriceOverride) -> bool:
    """Return whether an override holds at some hours only."""
    return override.utc_start is not None or override.utc_end is not None


def _holds(override: PriceOverride, prompt_tokens: int | None, time: int) -> bool:
    """Return whether all conditions of an override are met; `time` is HHMM. A window of no length is never open."""
    least = override.min_prompt_tokens
    if least is not None and (prompt_tokens is None or prompt_tokens <= least):
        return False
    if not _is_by_hour(override):
        return True
    start, end = override.utc_start or 0, MIDNIGHT if override.utc_end is None else override.utc_end
    return start <= time < end if start <= end else time >= start or time < end
