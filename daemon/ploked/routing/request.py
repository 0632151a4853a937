"""The chat-completions body of a plan, as the upstream takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import entry_matches
from ploked_protocol.preferences import RoutingPrefs

from .effective import Effective
from .relax import Excluded


def request_body(
    effective: Effective, endpoints: Sequence[EndpointRecord], excluded: Sequence[Excluded]
) -> dict[str, Any]:
    """Return the body to POST so that the upstream chooses among `endpoints` and no others.

    `model` is the id as asked for, or `models` holds it alone (`strategy`); parameters are those that are set;
    `provider` is left out when it would say nothing. What the upstream applies itself is left to it: every field of
    the routing preferences goes through as it stands, banned providers go into `ignore`, and `require_parameters` is
    true when anything requires a parameter. `only` lists the whole tags of `endpoints` when a list of ours narrows
    them (`allowed_providers`, selected endpoints), or when the upstream, given the rest of the body, would admit an
    endpoint that the plan excludes.

    A model without endpoints of its own gets the entries of those lists instead of tags.
    """
    provider = _provider(effective, endpoints, excluded)
    call = effective.call
    named = {"models": [call.model]} if call.strategy == "models" else {"model": call.model}
    body: dict[str, Any] = {**named, "messages": call.chat(), **effective.sent}
    return {**body, "provider": provider} if provider else body


def pinned_body(body: dict[str, Any], tag: str, others: Iterable[str] = ()) -> dict[str, Any]:
    """Return a copy of `body` that only the endpoint `tag` may serve, without fallbacks.

    All other preferences stay, except `order`. A tag that is a bare slug also covers the provider's other endpoints,
    so the tags of the model's `others` that it covers go into `ignore`.
    """
    provider = {name: value for name, value in body.get("provider", {}).items() if name != "order"}
    pinned = {**provider, "only": [tag], "allow_fallbacks": False}
    beside = [other for other in others if other != tag and entry_matches(tag, other)]
    if beside:
        pinned["ignore"] = _unique([*provider.get("ignore", []), *beside])
    return {**body, "provider": _in_field_order(pinned)}


def common_entries(lists: Sequence[Sequence[str]]) -> list[str]:
    """Return entries that cover what every one of `lists` covers; empty when they have nothing in common."""
    common, *rest = (list(entries) for entries in lists)
    for entries in rest:
        pairs = [(ours, theirs) for ours in common for theirs in entries]
        narrower = (_narrower(ours, theirs) for ours, theirs in pairs)
        common = _unique(entry for entry in narrower if entry is not None)
    return common


def _narrower(one: str, other: str) -> str | None:
    """Return the entry that the other one covers too; None when neither covers the other."""
    if entry_matches(one, other):
        return other
    return one if entry_matches(other, one) else None


def _provider(
    effective: Effective, endpoints: Sequence[EndpointRecord], excluded: Sequence[Excluded]
) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(effective.routing)
    fields["ignore"] = _unique([*fields.get("ignore", []), *(entry for entry, _, _ in effective.banned)])
    if effective.requirements:
        fields["require_parameters"] = True
    lists = [each.entries for each in (effective.allowed, effective.only, effective.selected) if each.entries]
    let_through = [e.key.tag for e, failed in excluded if not any(rule.upstream for rule, _ in failed)]
    if not endpoints and not excluded:
        fields["only"] = common_entries(lists) if lists else []
    elif effective.allowed.entries or effective.selected.entries or let_through:
        fields["only"] = _unique(endpoint.key.tag for endpoint in endpoints)
        fields["ignore"] = _unique([*fields["ignore"], *_still_covered(fields["only"], let_through)])
    return _in_field_order(fields)


def _still_covered(only: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Return those of `tags` that `only` covers without naming them: an entry that is a bare slug does."""
    return [tag for tag in tags if tag not in only and any(entry_matches(entry, tag) for entry in only)]


def _in_field_order(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that say something, in the order of the upstream's schema."""
    return {name: fields[name] for name in RoutingPrefs.__struct_fields__ if fields.get(name) not in (None, [], {})}


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
