"""Catalogs, preferences and calls at random, for the properties of plans.

A case is read out of a row of bytes, each byte one choice, the first option the plainest. Drawn so, ten thousand cases
take seconds, and a failing one still shrinks: bytes go to zero.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from ploked_protocol.catalog import EndpointRecord, Freshness, PriceOverride
from ploked_protocol.keys import EndpointKey
from ploked_protocol.money import Money
from ploked_protocol.plans import RoutePlanParams
from ploked_protocol.preferences import LLMParameters, RegistryPrefs, RoutingPrefs
from routing_cases import FRESH, KIMI, endpoint

T = TypeVar("T")

IN_CI = bool(os.environ.get("CI"))
TEN_THOUSAND = settings(max_examples=10_000 if IN_CI else 200)
THOUSAND = settings(max_examples=1_000 if IN_CI else 50)

SUFFIXES = ["", "/fp8", "/eu", "/flex", "/eu/priority"]
TAGS = [slug + suffix for slug in ("a", "b", "c") for suffix in SUFFIXES]
SERVED = [tag for tag in TAGS if "flex" not in tag] * 2 + TAGS
ENTRIES = [*TAGS, "d"]
PARAMETERS = ["tools", "tool_choice", "seed", "top_k", "max_completion_tokens"]
TOOL = {"type": "function", "function": {"name": "f"}}
BYTES = 256


class Case(NamedTuple):
    """One plan to make."""

    rows: list[EndpointRecord]
    prefs: RegistryPrefs
    call: RoutePlanParams
    freshness: Freshness = FRESH


class Choices:
    """Reads choices out of bytes; once they are used up, always the first option."""

    def __init__(self, data: bytes) -> None:
        self._data = iter(data)

    def pick(self, options: Sequence[T]) -> T:
        return options[next(self._data, 0) % len(options)]

    def once_in(self, n: int) -> bool:
        return next(self._data, 0) % n == n - 1

    def several(self, options: Sequence[T], most: int) -> list[T]:
        """Return up to `most` options, none twice."""
        return list(
            {str(each): each for each in (self.pick(options) for _ in range(self.pick(range(most + 1))))}.values()
        )

    def some_of(self, most: int, fields: dict[str, Any]) -> dict[str, Any]:
        """Return values for up to `most` of `fields`: with all at once, nothing would be left of any plan."""
        return {name: fields[name]() for name in self.several(sorted(fields), most)}


def case_of(data: bytes) -> Case:
    """Return the case that the bytes stand for."""
    choose = Choices(data)
    call = _call(choose)
    prefs = msgspec.convert(_registry(choose), RegistryPrefs)
    stale = msgspec.structs.replace(FRESH, stale=True)
    return Case(_rows(choose), prefs, call, stale if choose.once_in(8) else FRESH)


def layers_of(data: bytes) -> list[RoutingPrefs]:
    """Return three layers of routing preferences."""
    choose = Choices(data)
    return [msgspec.convert(_routing(choose, 9), RoutingPrefs) for _ in range(3)]


case_bytes = st.binary(min_size=BYTES, max_size=BYTES)
cases = case_bytes.map(case_of)
three_layers = st.binary(min_size=120, max_size=120).map(layers_of)


def _rows(choose: Choices) -> list[EndpointRecord]:
    count = 1 + choose.pick(range(7))
    return [_row(choose, tag) for tag in dict.fromkeys(choose.pick(SERVED) for _ in range(count))]


def _row(choose: Choices, tag: str) -> EndpointRecord:
    usd = [None if choose.once_in(8) else choose.pick(["0.5", "0.1", "1.1", "2", "2.5"]) for _ in range(2)]
    tier = tag.endswith(("flex", "priority"))
    row = endpoint(
        tag,
        *[name for name in PARAMETERS if choose.once_in(2)],
        usd_per_1m=(usd[0], usd[1]),
        most=choose.pick([None, 300, None, 200, 100]),
        quantization=choose.pick([None, "fp8", "fp4"]),
        source="house" if choose.once_in(6) and not tier else "openrouter",  # who runs a model at home sells no tiers
        known=not choose.once_in(6),
    )
    return msgspec.structs.replace(
        row,
        status=choose.pick([0, None, 0, -2, 0, None, -5]),
        zdr=choose.pick([None, True, False]),
        context_length=choose.pick([1000, None, 400, 0]),
        max_prompt_tokens=choose.pick([None, None, 350]),
        pricing=msgspec.structs.replace(row.pricing, overrides=_overrides(choose), other=_other(choose)),
    )


def _other(choose: Choices) -> dict[str, Money]:
    return {"image": Money(choose.pick(["0.001", "0.01"]))} if choose.once_in(4) else {}


def _overrides(choose: Choices) -> tuple[PriceOverride, ...]:
    if not choose.once_in(3):
        return ()
    asked = {"prompt": Money(choose.pick(["0.000001", "0.0000002"]))}
    size = PriceOverride(min_prompt_tokens=choose.pick([200, 300]), prices=asked)
    hours = PriceOverride(utc_start=choose.pick([1100, 2200]), utc_end=choose.pick([1300, 600]), prices=asked)
    return choose.pick([(size,), (hours,), (hours, size)])


def _params(choose: Choices, most: int) -> dict[str, Any]:
    return choose.some_of(
        most,
        {
            "temperature": lambda: choose.pick([0.0, 0.7]),
            "top_k": lambda: choose.pick([0, 40]),
            "seed": lambda: 1,
            "max_tokens": lambda: choose.pick([50, 150, 250]),
            "max_completion_tokens": lambda: choose.pick([150, 350]),
            "tools": lambda: [TOOL],
            "tool_choice": lambda: "auto",
            "tools_required": lambda: choose.pick([True, False]),
        },
    )


def _entries(choose: Choices, most: int = 5) -> list[str]:
    return choose.several(ENTRIES, most)


def _caps(choose: Choices) -> dict[str, Any]:
    return choose.some_of(
        2,
        {
            "prompt": lambda: choose.pick([0.5, 1, 2]),
            "completion": lambda: choose.pick([0, 1.5]),
            "image": lambda: 0.005,
        },
    )


def _routing(choose: Choices, most: int) -> dict[str, Any]:
    return choose.some_of(
        most,
        {
            "order": lambda: _entries(choose),
            "only": lambda: _entries(choose),
            "ignore": lambda: _entries(choose, 3),
            "allow_fallbacks": lambda: choose.pick([False, True]),
            "require_parameters": lambda: choose.pick([True, False]),
            "data_collection": lambda: choose.pick(["deny", "allow"]),
            "zdr": lambda: choose.pick([True, False]),
            "enforce_distillable_text": lambda: choose.pick([True, False]),
            "quantizations": lambda: choose.several(["fp8", "fp4", "unknown"], 2),
            "sort": lambda: choose.pick(["price", {"by": "latency", "partition": "none"}, {"by": "throughput"}]),
            "preferred_min_throughput": lambda: choose.pick([20, {"p50": 10.0, "p99": 1.0}, {}]),
            "preferred_max_latency": lambda: choose.pick([2.5, {"p90": 3.0}]),
            "max_price": lambda: _caps(choose),
        },
    )


def _profiles(choose: Choices, names: str) -> list[dict[str, Any]]:
    parents = [{}, {}, {"extends": "p"}, {"extends": "q"}, {"extends": "r"}, {"extends": "gone"}]
    return [{"name": name, "params": _params(choose, 2), **choose.pick(parents)} for name in names]


def _model(choose: Choices) -> dict[str, Any]:
    fields = {
        "default_profile": lambda: choose.pick(["p", "q", "default", "gone"]),
        "allowed_providers": lambda: _entries(choose),
        "banned_providers": lambda: _entries(choose, 3),
        "required_supported_params": lambda: choose.several(PARAMETERS, 2),
        "selected_endpoints": lambda: _entries(choose),
        "routing": lambda: _routing(choose, 3),
        "profiles": lambda: _profiles(choose, choose.pick(["p", "pq", "qp"])),
    }
    return {"model": KIMI, **choose.some_of(3, fields)}


def _registry(choose: Choices) -> dict[str, Any]:
    return choose.some_of(
        4,
        {
            "global_default_profile": lambda: choose.pick(["p", "q", "gone"]),
            "strictness": lambda: choose.pick(["AllowCustom", "OpenRouterOnly", "AllowAny"]),
            "allow_down": lambda: choose.pick([True, False]),
            "routing": lambda: _routing(choose, 4),
            "profiles": lambda: _profiles(choose, "pqr"),
            "models": lambda: [{"model": "some/other"}, _model(choose)],
        },
    )


def _call(choose: Choices) -> RoutePlanParams:
    entries = choose.pick([None, None, None, _entries(choose)])
    as_keys = choose.once_in(3)
    chosen = None if entries is None else [EndpointKey(KIMI, tag) if as_keys else tag for tag in entries]
    routing = _routing(choose, 2) if choose.once_in(3) else {}
    return RoutePlanParams(
        model=choose.pick([KIMI, f"{KIMI}:nitro"]),
        profile=choose.pick([None, None, "default"]),
        params=msgspec.convert(_params(choose, 3) if choose.once_in(2) else {}, LLMParameters),
        selected_endpoints=chosen,
        prompt=choose.pick([None, "hello"]),
        routing=msgspec.convert(routing, RoutingPrefs),
        prompt_tokens=choose.pick([None, None, 100, 250, 380]),
        at=choose.pick([None, None, "2026-08-22T23:30:00Z"]),
    )
