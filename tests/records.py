"""Small records to build tests on, and a clock that stands still until it is told."""

from __future__ import annotations

from ploked_protocol.catalog import EndpointRecord, ModelRecord, Pricing, ProviderRecord
from ploked_protocol.keys import EndpointKey, ProviderKey
from ploked_protocol.money import Money

NOW_S = 1_790_000_000
"""A day in September 2026."""


class FakeClock:
    """Implements `ploked.store.base.Clock`."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self._now_s = now_s
        self._monotonic_s = 0.0

    def now_s(self) -> float:
        return self._now_s

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._now_s += seconds
        self._monotonic_s += seconds

    def set_wall_clock(self, now_s: float) -> None:
        """Let the machine's date jump, as after a wrong one was put right."""
        self._now_s = now_s


def model(id_: str, name: str = "") -> ModelRecord:
    return ModelRecord(id=id_, name=name or id_, source="scripted")


def models(count: int) -> list[ModelRecord]:
    return [model(f"author/model-{number}") for number in range(count)]


def endpoint(model_id: str, tag: str, *, ordinal: int = 0, price: str = "0.000001") -> EndpointRecord:
    slug = ProviderKey.of_tag(tag).slug
    return EndpointRecord(
        key=EndpointKey(model_id, tag, ordinal),
        provider=slug,
        provider_name=slug.title(),
        source="scripted",
        pricing=Pricing.per_token(Money(price), None),
    )


def provider(slug: str) -> ProviderRecord:
    return ProviderRecord(slug=slug, name=slug.title(), source="scripted")
