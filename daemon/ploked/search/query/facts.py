"""What the predicates are about: for each name of the protocol's table, where a record says it.

A fact of endpoints has `of_endpoint`; where endpoints are not known, `of_model` stands in for one. A fact of a model
has `of_model` alone. None is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

from ploked_protocol.catalog import EndpointRecord, ModelRecord, Percentiles, Pricing, Support
from ploked_protocol.keys import EndpointKey, is_tier
from ploked_protocol.searching import QUANTIZATION_BITS

T = TypeVar("T")
Endpoints = Sequence[EndpointRecord] | None
"""None when they are not known; none at all say as little about each as that."""
Number = int | float | Decimal

NOWHERE = EndpointRecord(EndpointKey("", ""), "", "", "")
"""Stands where there is no endpoint; what is read off it means nothing."""
NEVER = 10_000_000
"""The day, as an ordinal, on which a model goes that is not said to go: after all others."""
_EPOCH = date(1970, 1, 1).toordinal()
_MILLION = 1_000_000


@dataclass(frozen=True)
class Fact(Generic[T]):
    """How one fact is read off the records."""

    of_model: Callable[[ModelRecord, Endpoints], T]
    of_endpoint: Callable[[EndpointRecord], T] | None = None

    def of(self, model: ModelRecord, endpoints: Endpoints, endpoint: EndpointRecord | None) -> T:
        """Return the fact of `endpoint`, of the model where that is None or has no say."""
        if endpoint is None or self.of_endpoint is None:
            return self.of_model(model, endpoints)
        return self.of_endpoint(endpoint)


def _unknown(_model: ModelRecord, _endpoints: Endpoints) -> None:
    return None


def _price(read: Callable[[Pricing], Number | None]) -> Fact[Number | None]:
    return Fact(lambda model, _: read(model.pricing), lambda endpoint: read(endpoint.pricing))


def _other(name: str, factor: int = 1) -> Fact[Number | None]:
    def read(pricing: Pricing) -> Number | None:
        amount = pricing.other.get(name)
        return None if amount is None else Decimal(amount * factor)

    return _price(read)


def _cost(pricing: Pricing) -> Number | None:
    prompt, completion = pricing.prompt_per_1m, pricing.completion_per_1m
    return None if prompt is None or completion is None else prompt + completion


def _discount(endpoint: EndpointRecord) -> Number | None:
    share = endpoint.pricing.discount
    return None if share is None else float(100 * share)


def _endpoint(field: str) -> Fact[Number | None]:
    return Fact(_unknown, attrgetter(field))


def _percentile(field: str, name: str) -> Fact[Number | None]:
    percentiles: Callable[[EndpointRecord], Percentiles | None] = attrgetter(field)
    value: Callable[[Percentiles], Number | None] = attrgetter(name)

    def read(endpoint: EndpointRecord) -> Number | None:
        found = percentiles(endpoint)
        return None if found is None else value(found)

    return Fact(_unknown, read)


def _day(text: str | None) -> int | None:
    try:
        return date.fromisoformat((text or "")[:10]).toordinal()
    except ValueError:
        return None


def _created(model: ModelRecord, _: Endpoints) -> int | None:
    return None if model.created is None else model.created // 86_400 + _EPOCH


def _count(_model: ModelRecord, endpoints: Endpoints) -> int | None:
    return None if endpoints is None else len(endpoints)


NUMBERS: dict[str, Fact[Number | None]] = {
    "ctx": Fact(lambda model, _: model.context_hint, attrgetter("context_length")),
    "maxin": _endpoint("max_prompt_tokens"),
    "maxout": Fact(lambda model, _: model.max_completion_hint, attrgetter("max_completion_tokens")),
    "in": Fact(lambda model, _: model.pricing.prompt_per_1m, attrgetter("pricing.prompt_per_1m")),
    "out": Fact(lambda model, _: model.pricing.completion_per_1m, attrgetter("pricing.completion_per_1m")),
    "cost": _price(_cost),
    "cacheread": _other("input_cache_read", _MILLION),
    "cachewrite": _other("input_cache_write", _MILLION),
    "perrequest": _other("request"),
    "perimage": _other("image"),
    "persearch": _other("web_search"),
    "discount": Fact(_unknown, _discount),
    "up": _endpoint("uptime_30m"),
    "up5m": _endpoint("uptime_5m"),
    "up1d": _endpoint("uptime_1d"),
    "p50": _percentile("latency_ms", "p50"),
    "p75": _percentile("latency_ms", "p75"),
    "p90": _percentile("latency_ms", "p90"),
    "p99": _percentile("latency_ms", "p99"),
    "tps": _percentile("throughput_tps", "p50"),
    "tps75": _percentile("throughput_tps", "p75"),
    "tps90": _percentile("throughput_tps", "p90"),
    "tps99": _percentile("throughput_tps", "p99"),
    "status": _endpoint("status"),
    "endpoints": Fact(_count),
    "created": Fact(_created),
    "cutoff": Fact(lambda model, _: _day(model.knowledge_cutoff)),
    "expires": Fact(lambda model, _: NEVER if model.expires is None else _day(model.expires)),
    "bits": Fact(_unknown, lambda endpoint: QUANTIZATION_BITS.get((endpoint.quantization or "").lower())),
}
"""Numbers in the units of the protocol's table; dates as ordinals of days. `bits` is what `quant` compares."""


SORTED: dict[str, Fact[Any]] = {
    **NUMBERS,
    "name": Fact(lambda model, _: model.name.casefold()),
    "id": Fact(lambda model, _: model.id),
}
"""What rows can be sorted by."""
SMALLEST_IS_BEST = frozenset({"in", "out", "cost", "cacheread", "p50"})
"""Of several endpoints, that with the smallest; of the other facts, that with the largest."""

SERVED: Fact[bool | None] = Fact(lambda *_: False, lambda endpoint: None if endpoint is NOWHERE else True)
"""Whether a place is an endpoint, False being the hint of a model. None is no place."""


def _variant(model: ModelRecord, _: Endpoints) -> str:
    return model.id.partition(":")[2].lower() or "none"


def _author(model: ModelRecord, _: Endpoints) -> str:
    return model.id.removeprefix("~").rpartition("/")[0].lower()


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None


LABELS: dict[str, Fact[str | None]] = {
    "provider": Fact(_unknown, lambda endpoint: "" if is_tier(endpoint.key.tag) else endpoint.provider.lower()),
    "tag": Fact(_unknown, lambda endpoint: endpoint.key.tag.lower()),
    "quant": Fact(_unknown, lambda endpoint: (endpoint.quantization or "unknown").lower()),
    "author": Fact(_author),
    "variant": Fact(_variant),
    "tokenizer": Fact(lambda model, _: _lower(model.tokenizer)),
    "source": Fact(lambda model, _: model.source.lower()),
}
"""Texts of which a record has one, in lower case. A tier has no provider: only its whole tag names it."""

Names = frozenset[str] | None


def _names(names: Sequence[str] | None) -> Names:
    return frozenset(map(str.lower, names)) if names else None


@lru_cache(maxsize=4_096)
def _frozen(names: tuple[str, ...] | None) -> Names:
    return None if names is None else frozenset(names)


SETS: dict[str, Fact[Names]] = {
    "param": Fact(
        lambda model, _: _frozen(model.supported_parameters),
        lambda endpoint: _frozen(endpoint.supported_parameters),
    ),
    "modality": Fact(lambda model, _: _names((*model.input_modalities, *model.output_modalities))),
    "input": Fact(lambda model, _: _names(model.input_modalities)),
    "output": Fact(lambda model, _: _names(model.output_modalities)),
}
"""Texts of which a record has many. Of a model, `param` is the union over endpoints: what is in it is uncertain."""


def _tools(endpoint: EndpointRecord) -> Support:
    names, said = endpoint.supported_parameters, endpoint.supports_tools
    if said == "no" or (names is not None and "tools" not in names):
        return "no"
    return "uncertain" if names is None and said == "uncertain" else "yes"


def _support(known: bool | None) -> Support:
    return "uncertain" if known is None else "yes" if known else "no"


def _free(pricing: Pricing) -> Support:
    prices = (pricing.prompt_per_1m, pricing.completion_per_1m)
    if prices[0] or prices[1]:
        return "no"
    return "uncertain" if None in prices else "yes"


def _vision(model: ModelRecord, _: Endpoints) -> Support:
    return _support("image" in model.input_modalities if model.input_modalities else None)


FLAGS: dict[str, Fact[Support]] = {
    "tools": Fact(lambda model, _: model.tools_hint, _tools),
    "vision": Fact(_vision),
    "free": Fact(lambda model, _: _free(model.pricing), lambda endpoint: _free(endpoint.pricing)),
    "zdr": Fact(lambda *_: "uncertain", lambda endpoint: _support(endpoint.zdr)),
    "caching": Fact(lambda *_: "uncertain", lambda endpoint: _support(endpoint.implicit_caching)),
    "is:alias": Fact(lambda model, _: _support(model.id.startswith("~"))),
    "is:router": Fact(lambda model, _: _support(model.id.startswith("openrouter/"))),
    "is:moderated": Fact(lambda model, _: _support(model.is_moderated)),
    "is:open": Fact(lambda model, _: _support(bool(model.hugging_face_id))),
}
