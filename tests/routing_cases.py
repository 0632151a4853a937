"""Endpoints and preferences that the tests of routing share."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from ploked.preferences.load import load
from ploked.routing import plan
from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord, Pricing
from ploked_protocol.keys import EndpointKey, ProviderKey
from ploked_protocol.money import money
from ploked_protocol.plans import RoutePlan, RoutePlanParams
from ploked_protocol.preferences import LLMParameters, RegistryPrefs

KIMI = "moonshotai/kimi-k2"
MODEL = ModelRecord(id=KIMI, name="MoonshotAI: Kimi K2", source="openrouter")
FRESH = Freshness(source="openrouter", refreshed_at="2026-08-22T00:00:00Z", age_s=60.0, stale=False)

NOW = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)

COMMON = ("max_tokens", "temperature", "top_p")
TOOLS = ("tools", "tool_choice")


def endpoint(
    tag: str,
    *parameters: str,
    usd_per_1m: tuple[str | None, str | None] = ("0.5", "2"),
    most: int | None = None,
    quantization: str | None = None,
    source: str = "openrouter",
    ordinal: int = 0,
    known: bool = True,
) -> EndpointRecord:
    """Return an endpoint that takes COMMON and `parameters` (`known=False`: does not say) and writes `most` tokens."""
    prompt, completion = (None if price is None else money(Decimal(price) / 1_000_000) for price in usd_per_1m)
    taken = (*COMMON, *parameters)
    return EndpointRecord(
        key=EndpointKey(KIMI, tag, ordinal),
        provider=str(ProviderKey.of_tag(tag)),
        provider_name=tag.partition("/")[0].title(),
        source=source,
        quantization=quantization,
        pricing=Pricing.per_token(prompt, completion),
        max_completion_tokens=most,
        supported_parameters=taken if known else None,
        supports_tools="uncertain" if not known else "yes" if "tools" in taken else "no",
    )


LISTED = [
    endpoint("deepinfra/fp4", *TOOLS, usd_per_1m=("0.4", "1.6"), quantization="fp4", most=16_384),
    endpoint("novita/fp8", *TOOLS, "seed", "top_k", usd_per_1m=("0.57", "2.3"), quantization="fp8", most=32_768),
    endpoint("deepinfra/fp8", *TOOLS, "seed", "top_k", usd_per_1m=("0.58", "2.2"), quantization="fp8"),
    endpoint("moonshotai", *TOOLS, "seed", usd_per_1m=("0.6", "2.5"), most=131_072),
    endpoint("baseten", "top_k", usd_per_1m=("0.6", "2.5"), quantization="fp4"),
    endpoint("groq", *TOOLS, "seed", usd_per_1m=("1", "3"), most=16_384),
    endpoint("moonshotai/priority", *TOOLS, "seed", usd_per_1m=("1.2", "5"), most=131_072),
]
"""Facts as the upstream might list them, cheapest prompt first."""


def prefs_of(text: str) -> RegistryPrefs:
    """Return the `[registry]` table of a config.toml, decoded strictly."""
    return msgspec.convert(tomllib.loads(text).get("registry", {}), RegistryPrefs)


def plan_of(
    text: str = "",
    *,
    endpoints: list[EndpointRecord] | None = None,
    model: str = KIMI,
    freshness: Freshness = FRESH,
    **call: Any,
) -> RoutePlan:
    """Return the plan over `endpoints` (LISTED) under the config.toml `text`; `call` as on the wire, in snake case."""
    if isinstance(params := call.get("params"), dict):
        call["params"] = msgspec.convert(params, LLMParameters)
    asked = msgspec.structs.replace(RoutePlanParams(model=model), **call)
    rows, loaded = LISTED if endpoints is None else endpoints, load(text, "/home/me/config.toml")
    return plan(MODEL, rows, prefs_of(text), asked, freshness, loaded, now=NOW)


def tags(found: RoutePlan) -> list[str]:
    """Return the tags of the eligible endpoints."""
    return [each.key.tag for each in found.endpoints]


def reasons(found: RoutePlan, tag: str) -> list[tuple[str, str, str | None]]:
    """Return code, message and origin of every reason against the endpoint `tag`."""
    exclusion = next(each for each in found.excluded if each.endpoint.key.tag == tag)
    return [(reason.code, reason.message, reason.origin) for reason in exclusion.reasons]
