"""The constraints of a call that go by the source of an endpoint, by what it does with data, and by outages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.errors import ReasonCode
from ploked_protocol.preferences import Strictness

from .effective import Effective
from .rules import UNKNOWN, Constraint, Edit, Edits, Said, label

OPENROUTER = "openrouter"

DOWN = -5
"""Statuses from here down stand for fewer than 80 % of requests answered in the last 30 minutes."""


def is_down(endpoint: EndpointRecord) -> bool:
    """Return whether an endpoint answers too few requests; one without a status does not say so."""
    return endpoint.status is not None and endpoint.status <= DOWN


def outage(endpoint: EndpointRecord) -> str:
    """Return how badly a down endpoint fares."""
    share = endpoint.uptime_30m
    known = share is not None and share < 80
    return f"it answered {share:.4g} % of requests in 30 minutes" if known else f"its status is {endpoint.status}"


def enough(effective: Effective) -> Strictness:
    """Return the strictest setting that admits endpoints of sources other than OpenRouter for the model.

    `OpenRouterOnly` admits none, `AllowCustom` those of models that have a table in config.toml, `AllowAny` all.
    """
    return "AllowAny" if effective.table is None else "AllowCustom"


def source(effective: Effective, tables_made: Sequence[Edits]) -> Iterator[Constraint]:
    """Require that the endpoint comes from OpenRouter, where `strictness` admits no other source for the model.

    `tables_made` are edits for other ends that would give the model a table, and so have it named.
    """
    strictness, needed = effective.prefs.strictness, enough(effective)
    if strictness in ("AllowAny", needed):
        return
    why = f"strictness is {strictness}"
    if strictness == "AllowCustom":
        why += f" and config.toml does not name {effective.call.model}"
    custom = () if strictness == "AllowCustom" else (Edit("set", "registry.strictness", "AllowCustom"),)
    ways = ((Edit("set", "registry.strictness", needed),), *((*custom, *edits) for edits in tables_made))

    def check(endpoint: EndpointRecord) -> Said:
        if endpoint.source == OPENROUTER:
            return None
        return f"{label(endpoint)} comes from {endpoint.source}, and {why}"

    at = effective.source("registry", "strictness")
    yield Constraint("strictness", at, f"strictness = {strictness}", check, lambda _: ways)


def data(effective: Effective) -> Iterator[Constraint]:
    """Require what `routing` asks about data: the upstream filters by it, and tells of zero data retention alone."""
    routing = effective.routing
    if routing.data_collection == "deny":
        yield _asked(effective, "dataPolicy", "data_collection", "allow", _collects_nothing, "collects no data")
    if routing.zdr:
        yield _asked(effective, "zdr", "zdr", "false", lambda each: each.zdr, "retains no data")
    if routing.enforce_distillable_text:
        says = "allows distillation"
        yield _asked(effective, "distillable", "enforce_distillable_text", "false", lambda _: None, says)


def _collects_nothing(endpoint: EndpointRecord) -> bool | None:
    """Return True where nothing is retained, for then nothing is collected; else the upstream does not say."""
    return True if endpoint.zdr else None


def _asked(
    effective: Effective,
    code: ReasonCode,
    field: str,
    neutral: str,
    fact: Callable[[EndpointRecord], bool | None],
    promise: str,
) -> Constraint:
    says = f"routing.{field}"
    edits = ((effective.taken_off(field, neutral),),)

    def check(endpoint: EndpointRecord) -> Said:
        kept = fact(endpoint)
        if kept is None:
            return UNKNOWN
        if kept:
            return None
        return f"{label(endpoint)} is not one that {promise} ({says})"

    doubt = f"does not say whether it {promise} ({says})"
    return Constraint(code, effective.routing_source(field), says, check, lambda _: edits, upstream=True, doubt=doubt)
