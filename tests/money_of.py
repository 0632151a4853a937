"""Every amount in a price list, for tests that hold them all to one promise."""

from __future__ import annotations

from collections.abc import Iterator

from ploked_protocol.catalog import Pricing
from ploked_protocol.money import Money


def amounts(pricing: Pricing) -> Iterator[Money]:
    """Yield the listed and scaled prices, the further ones, the discount and those of the overrides."""
    fields = [getattr(pricing, name) for name in Pricing.__struct_fields__]
    yield from (value for value in fields if isinstance(value, Money))
    yield from pricing.other.values()
    yield from (value for override in pricing.overrides for value in override.prices.values())
