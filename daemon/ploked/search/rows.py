"""Rows of an answer: encoded once for each model, and extended by what one answer alone says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, Support
from ploked_protocol.money import Money
from ploked_protocol.queries import SearchRow
from ploked_protocol.wire import encode

Endpoints = Sequence[EndpointRecord] | None
"""None when they are not known."""


class Served(msgspec.Struct, frozen=True):
    """What a row says of the endpoints of a model, so that the endpoints themselves need not be held for it."""

    supports_tools: Support
    context: int | None
    """Tokens; None when no endpoint says it."""
    prompt_per_1m: Money | None
    completion_per_1m: Money | None


def served(endpoints: Endpoints) -> Served | None:
    """Return what a row says of `endpoints`; None when there are none, or none are known."""
    return Served(_tools(endpoints), _largest_context(endpoints), *_cheapest(endpoints)) if endpoints else None


def search_row(model: ModelRecord, by: Served | None) -> SearchRow:
    """Return `model` as a picker shows it: by its endpoints where they are known, else by the model list."""
    # Not ModelKey: a row whose id has none of the forms must be listed all the same.
    author, _, slug = model.id.removeprefix("~").rpartition("/")
    price = by or model.pricing
    return SearchRow(
        id=model.id,
        name=model.name,
        author=author,
        slug=slug,
        context_hint=(by.context if by else None) or model.context_hint,
        supports_tools=by.supports_tools if by else model.tools_hint,
        basis="endpoints" if by else "hint",
        prompt_per_1m=price.prompt_per_1m,
        completion_per_1m=price.completion_per_1m,
        description=model.description,
        expires=model.expires,
        source=model.source,
    )


def extended(row: msgspec.Raw, fields: Mapping[str, object]) -> msgspec.Raw:
    """Return an encoded `row`, which is an object and not empty, with `fields` (wire names) after its own."""
    return msgspec.Raw(b"%b,%b" % (bytes(row)[:-1], encode(fields)[1:])) if fields else row


def _tools(endpoints: Sequence[EndpointRecord]) -> Support:
    said = {endpoint.supports_tools for endpoint in endpoints}
    return "yes" if "yes" in said else "no" if said == {"no"} else "uncertain"


def _largest_context(endpoints: Sequence[EndpointRecord]) -> int | None:
    return max((endpoint.context_length or 0 for endpoint in endpoints), default=0) or None


def _cheapest(endpoints: Sequence[EndpointRecord]) -> tuple[Money | None, Money | None]:
    """Return the prices of the endpoint with the cheapest prompt, then completion; unknown prices come last."""
    prices = ((endpoint.pricing.prompt_per_1m, endpoint.pricing.completion_per_1m) for endpoint in endpoints)
    return min(prices, key=lambda price: tuple(map(_sortable, price)))


def _sortable(amount: Money | None) -> tuple[bool, Money]:
    return amount is None, amount or Money(0)
