"""The constraints of a call that go by the name or the source of an endpoint, and the list of all constraints.

One preference is one constraint, and one constraint is one small function: endpoint -> why not, or None. A list that
allows is one preference; of a list that bans or requires, every entry is one.
"""

from __future__ import annotations

from collections.abc import Iterator

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.errors import ReasonCode
from ploked_protocol.keys import entry_matches, is_tier

from . import capabilities
from .effective import ROUTING, Effective, Narrowing
from .rules import Constraint, Edit, label

OPENROUTER = "openrouter"


def constraints(effective: Effective) -> list[Constraint]:
    """Return the constraints in force, in the order in which a plan applies them.

    Source, service tier, allowed providers, `only`, `order` without fallbacks, banned providers, `ignore`,
    quantization, required parameters, tools, parameters sent, length of the output, price, selected endpoints.
    """
    return [
        *_source(effective),
        _tier(effective),
        *_not_allowed(effective),
        *_denied(effective),
        *capabilities.quantization(effective),
        *capabilities.required(effective),
        *capabilities.tools(effective),
        *capabilities.sent(effective),
        *capabilities.output(effective),
        *capabilities.price(effective),
        *_not_selected(effective),
    ]


def covered(entries: tuple[str, ...], tag: str) -> bool:
    """Return whether an entry covers the endpoint `tag`, by base slug matching."""
    return any(entry_matches(entry, tag) for entry in entries)


def _source(effective: Effective) -> Iterator[Constraint]:
    """Under `OpenRouterOnly`, require that the endpoint comes from OpenRouter."""
    if effective.strictness != "OpenRouterOnly":
        return

    def check(endpoint: EndpointRecord) -> str | None:
        if endpoint.source == OPENROUTER:
            return None
        return f"{label(endpoint)} comes from {endpoint.source}, and strictness is OpenRouterOnly"

    edit = Edit("set", "registry.strictness", "AllowCustom")
    yield Constraint("strictness", "registry.strictness", "strictness = OpenRouterOnly", check, lambda _: (edit,))


def _tier(effective: Effective) -> Constraint:
    """Require that a list names a service tier by its whole tag: no slug means one, and neither does silence."""
    asked = _asked(effective)
    limited = bool(effective.narrowings)

    def check(endpoint: EndpointRecord) -> str | None:
        tag = endpoint.key.tag
        if tag in asked or not is_tier(tag):
            return None
        return f"{label(endpoint)} is a service tier: it has to be asked for by its whole tag"

    def lift(endpoint: EndpointRecord) -> tuple[Edit, ...]:
        # Where lists limit the plan, none of them covers this tier, and each has its own edit for that.
        return () if limited else (Edit("add", effective.selected.path, endpoint.key.tag),)

    return Constraint(
        "tierNotAskedFor", None, "the rule that service tiers must be asked for", check, lift, upstream=True
    )


def _not_allowed(effective: Effective) -> Iterator[Constraint]:
    """Require that every list of allowed providers covers the endpoint, except empty ones."""
    for listed in effective.narrowings:
        if listed != effective.selected:
            yield _listed("notAllowed", "is not in", listed, effective)


def _not_selected(effective: Effective) -> Iterator[Constraint]:
    """Require that the endpoint is selected, where a selection is made."""
    if effective.selected.entries:
        yield _listed("notSelected", "is not among", effective.selected, effective)


def _listed(code: ReasonCode, relation: str, listed: Narrowing, effective: Effective) -> Constraint:
    says = f"{listed.name} ({', '.join(listed.entries)})"
    asked = _asked(effective)
    whole = Edit("remove", listed.path)
    if listed == effective.order:
        whole = Edit("set", f"{ROUTING}.allow_fallbacks", "true")
        says += " without fallbacks"
    elif listed.origin == "call" and effective.model.selected_endpoints:
        whole = Edit("set", listed.path, "[]")  # removed, it would uncover the configured selection

    def check(endpoint: EndpointRecord) -> str | None:
        covers = covered(listed.entries, endpoint.key.tag)
        return None if covers else f"{label(endpoint)} {relation} {says}"

    def lift(endpoint: EndpointRecord) -> tuple[Edit, ...]:
        tag = endpoint.key.tag
        unasked = is_tier(tag) and tag not in asked
        return (Edit("add", listed.path, tag) if unasked else whole,)

    upstream = listed.path.startswith(ROUTING)
    return Constraint(code, listed.origin, says, check, lift, upstream)


def _denied(effective: Effective) -> Iterator[Constraint]:
    """Require that no entry bans the endpoint; the request sends all of them as `ignore`."""
    for entry, name, path in effective.banned:
        yield _banned(entry, name, path)


def _banned(entry: str, name: str, path: str) -> Constraint:
    def check(endpoint: EndpointRecord) -> str | None:
        return f"{label(endpoint)} is in {name} ({entry})" if entry_matches(entry, endpoint.key.tag) else None

    edit = Edit("remove", path, entry)
    return Constraint("denied", path, f"{name} ({entry})", check, lambda _: (edit,), upstream=True)


def _asked(effective: Effective) -> frozenset[str]:
    """Return every entry that may name a tier: of the lists that limit, and of `order`, which prefers."""
    lists = (effective.allowed, effective.only, effective.order, effective.selected)
    return frozenset(entry for each in lists for entry in each.entries)
