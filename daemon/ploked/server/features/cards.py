"""Hover cards in Markdown. Text of others is escaped: descriptions hold links, tags and worse."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord, Pricing, ProviderRecord
from ploked_protocol.plans import RoutePlan

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&=-])")
_MARKUP = re.compile(r"\\([^\w\s])|\[([^\]]*)\]\(<([^>]*)>\)|[*`]")
"""What cards consist of: escapes, links, and signs of emphasis and code."""
_LINK = re.compile(r"https?://[^\s<>]+")


def escaped(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def plain(card: str) -> str:
    """Return a card as plain text."""
    return _MARKUP.sub(lambda found: found[1] or (f"{found[2]}: {found[3]}" if found[2] else ""), card)


def price(pricing: Pricing) -> str:
    """Return the price of prompt and completion per million tokens, for one line."""
    if pricing.varies:
        return "price varies"
    if pricing.prompt_per_1m is None or pricing.completion_per_1m is None:
        return "price unknown"
    return f"${pricing.prompt_per_1m} in, ${pricing.completion_per_1m} out per 1M"


def tokens(count: int | None) -> str:
    """Return a context length for one line."""
    return "context unknown" if count is None else f"{count:,} tokens"


def model_card(model: ModelRecord, plan: RoutePlan | None, freshness: Freshness) -> str:
    """Return what is known of a model, and how many of its endpoints qualify when they are known."""
    lines = [f"**{escaped(model.name)}** `{model.id}`", ""]
    if model.description:
        lines += [escaped(model.description), ""]
    lines.append(f"- {tokens(model.context_hint)}, {price(model.pricing)} (hints of the model list)")
    lines.append(f"- tools: {_tools(model, plan)}")
    if model.alias_target:
        lines.append(f"- stands for `{model.alias_target}`")
    if model.expires:
        lines.append(f"- goes away on {model.expires}")
    if plan is not None:
        lines += _eligible(plan)
    return "\n".join([*lines, "", f"*{_age(freshness)}*"])


def provider_card(slug: str, provider: ProviderRecord | None, endpoints: Sequence[EndpointRecord]) -> str:
    """Return what is known of a provider, and its endpoints of the model at hand."""
    lines = [f"**{escaped(provider.name if provider else slug)}** `{slug}`", ""]
    if provider and provider.headquarters:
        lines.append(f"- headquarters: {escaped(provider.headquarters)}")
    if provider and _LINK.fullmatch(provider.privacy_policy_url or ""):
        lines.append(f"- [privacy policy](<{provider.privacy_policy_url}>)")
    lines += [
        f"- `{endpoint.key.tag}`: {price(endpoint.pricing)}, {tokens(endpoint.context_length)}"
        for endpoint in endpoints
    ]
    return "\n".join(lines)


def _tools(model: ModelRecord, plan: RoutePlan | None) -> str:
    if plan is None or not (plan.endpoints or plan.excluded):
        return {"no": "no", "yes": "yes"}.get(model.tools_hint, "some endpoints may (hint)")
    endpoints = [*plan.endpoints, *(excluded.endpoint for excluded in plan.excluded)]
    able = sum(endpoint.supports_tools == "yes" for endpoint in endpoints)
    return f"{able} of {len(endpoints)} endpoints"


def _eligible(plan: RoutePlan) -> list[str]:
    count = len(plan.endpoints) + len(plan.excluded)
    if not count:
        return []
    prices = [
        endpoint.pricing.prompt_per_1m for endpoint in plan.endpoints if endpoint.pricing.prompt_per_1m is not None
    ]
    ends = dict.fromkeys([min(prices), max(prices)] if prices else [])
    spread = f", {' to '.join(f'${end}' for end in ends)} per 1M in" if prices else ""
    return [f"- {len(plan.endpoints)} of {count} endpoints qualify under these preferences{spread}"]


def _age(freshness: Freshness) -> str:
    if freshness.age_s is None:
        return freshness.source
    minutes = int(freshness.age_s // 60)
    age = f"{freshness.source}, {minutes} min old" if minutes else f"{freshness.source}, just now"
    return f"{age}, stale" if freshness.stale else age
