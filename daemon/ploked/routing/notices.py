"""What a person would want to know of a plan before the request is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ploked_protocol.catalog import EndpointRecord, Freshness
from ploked_protocol.errors import ReasonCode
from ploked_protocol.keys import SLUGS_OF_AUTHORS, InvalidKeyError, ModelKey, is_tier
from ploked_protocol.plans import PlanWarning, Verdict

from .capabilities import untaken
from .effective import Effective, Entries
from .rules import names

STALE: ReasonCode = "staleFact"


def warnings(
    effective: Effective,
    endpoints: Sequence[EndpointRecord],
    kept: Sequence[EndpointRecord],
    verdicts: Sequence[Verdict],
    freshness: Freshness,
) -> list[PlanWarning]:
    """Return what is odd about a plan over `endpoints`, of which `kept` are left with `verdicts`."""
    found = [PlanWarning(code="staleFacts", message=f"{stale(freshness)}.")] if freshness.stale and endpoints else []
    return [*found, *_parameters(effective, kept, verdicts), *_unmatched(effective, endpoints)]


def unsupported(effective: Effective, endpoints: Sequence[EndpointRecord]) -> list[PlanWarning]:
    """Return the parameters in effect that none of the `endpoints` takes."""
    return [
        PlanWarning(
            "parameterUnsupported",
            f"No endpoint takes {name}: {'it would be dropped in silence' if name in effective.sent else 'none fits'}.",
            *effective.param_source(name),
        )
        for name in untaken(effective.profile.params, endpoints)
    ]


def stale(freshness: Freshness) -> str:
    """Return how old facts are that are older than they may be."""
    if freshness.refreshed_at is None:
        return f"the facts are of unknown age (from {freshness.source})"
    why = f"; the last refresh failed: {freshness.error}" if freshness.error else ""
    return f"the facts are of {freshness.refreshed_at}, older than they may be{why}"


def _parameters(
    effective: Effective, kept: Sequence[EndpointRecord], verdicts: Sequence[Verdict]
) -> Iterator[PlanWarning]:
    none = untaken(effective.profile.params, kept)
    if none:
        yield from unsupported(effective, kept)
    dropped = {name for verdict in verdicts for name in verdict.dropped}
    for name in effective.sent if dropped else ():
        if name in dropped and name not in none:
            by = [each for each, verdict in zip(kept, verdicts, strict=True) if name in verdict.dropped]
            message = f"{names(by)} would drop {name} in silence: set routing.require_parameters to leave them out."
            yield PlanWarning("parameterDropped", message, *effective.param_source(name))


def _unmatched(effective: Effective, endpoints: Sequence[EndpointRecord]) -> Iterator[PlanWarning]:
    """Yield every entry of a list that covers no endpoint of the model; none for models that list no endpoints."""
    tags = {endpoint.key.tag for endpoint in endpoints}
    covering = tags | {endpoint.provider for endpoint in endpoints if not is_tier(endpoint.key.tag)}
    for listed in _lists(effective) if endpoints else ():
        for entry in listed.known - covering and dict.fromkeys(listed.entries):
            if entry not in covering:
                message = f"{entry} in {listed.name} matches no endpoint of {effective.call.model}."
                message += _hint(entry, effective.call.model, endpoints, covering)
                yield PlanWarning("preferenceMatchesNothing", message, *effective.entry_source(listed, entry))


def _lists(effective: Effective) -> tuple[Entries, ...]:
    by_name = (effective.allowed, effective.denied, effective.only, effective.ignored)
    return (*by_name, effective.order, effective.selected)


def _hint(entry: str, model_id: str, endpoints: Sequence[EndpointRecord], covering: set[str]) -> str:
    """Return what the entry may stand for, as a sentence; empty when there is no guess."""
    folded = entry.casefold()
    slug = folded.partition("/")[0]
    for endpoint in endpoints:
        if endpoint.provider_name.casefold() == folded and endpoint.provider != entry:
            return f" That is a display name: write {endpoint.provider}."
    if folded in covering:
        return f" Write {folded}."
    if meant := [each for each in SLUGS_OF_AUTHORS.get(slug, ()) if each in covering]:
        return f" {slug} is the author of models: the provider is {' or '.join(meant)}."
    if beside := sorted({each.key.tag for each in endpoints if each.provider == slug}):
        return f" {slug} serves it as {', '.join(beside)}."
    if slug == _author(model_id):
        return f" {slug} is the author of the model, and not a provider of it."
    return ""


def _author(model_id: str) -> str | None:
    try:
        return ModelKey.parse(model_id).author
    except InvalidKeyError:
        return None
