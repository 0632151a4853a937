"""What endpoints ask, in the units of `max_price`, at the prompt size and hour of a call."""

from __future__ import annotations

from ploked_protocol.catalog import EndpointRecord, PriceOverride
from ploked_protocol.money import Money, scaled

from .prices import PriceBook

PER_MILLION = ("prompt", "completion")
OPTIONAL = ("request", "image", "audio")
"""Prices that the upstream leaves out where nothing is charged."""


class Asking:
    """The prices in force for one call."""

    def __init__(self, prices: PriceBook) -> None:
        self._prices = prices

    def price(self, endpoint: EndpointRecord, name: str) -> Money | None:
        """Return what a field of `max_price` caps, in its unit; None when it is unknown, or nothing is charged."""
        pricing = endpoint.pricing
        if pricing.overrides:
            fact = self._prices[pricing].get(name)
            return scaled(fact.price, 1_000_000 if name in PER_MILLION else 1) if fact else None
        if name == "prompt":
            return pricing.prompt_per_1m
        return pricing.completion_per_1m if name == "completion" else pricing.other.get(name)

    def which(self, endpoint: EndpointRecord, name: str) -> str:
        """Return which of several prices that is, in brackets; nothing where there is but one."""
        overrides = endpoint.pricing.overrides
        fact = self._prices[endpoint.pricing][name].fact if overrides else ""
        index = fact.removeprefix("pricing.overrides[").partition("]")[0]
        return f" ({_condition(overrides[int(index)])}, {fact})" if index.isdigit() else ""


def _condition(override: PriceOverride) -> str:
    """Return when an override holds."""
    said = []
    if override.min_prompt_tokens is not None:
        said.append(f"prompts over {override.min_prompt_tokens} tokens")
    if override.utc_start is not None or override.utc_end is not None:
        said.append(f"from {_clock(override.utc_start or 0)} to {_clock(override.utc_end or 0)} UTC")
    return " ".join(said) or "always"


def _clock(hhmm: int) -> str:
    return f"{hhmm // 100:02}:{hhmm % 100:02}"
