"""What a person would want to know of a plan before the request is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from ploked_protocol.catalog import EndpointRecord, Freshness
from ploked_protocol.errors import ReasonCode
from ploked_protocol.keys import SLUGS_OF_AUTHORS, InvalidKeyError, ModelKey, is_tier
from ploked_protocol.plans import PlanWarning, Verdict

from .capabilities import untaken
from .effective import Effective
from .entries import Entries
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
    served = _Served(effective.call.model, endpoints)
    for listed in _lists(effective) if endpoints else ():
        for entry in dict.fromkeys(listed.entries):
            if entry not in served.covering:
                message = f"{entry} in {listed.name} matches no endpoint of {effective.call.model}.{served.hint(entry)}"
                yield PlanWarning("preferenceMatchesNothing", message, *effective.entry_source(listed, entry))


def _lists(effective: Effective) -> tuple[Entries, ...]:
    by_name = (effective.allowed, effective.denied, effective.only, effective.ignored)
    return (*by_name, effective.order, effective.selected)


class _Served:
    """Who serves a model, to guess what an entry stands for that covers none of them."""

    def __init__(self, model_id: str, endpoints: Sequence[EndpointRecord]) -> None:
        self._model_id = model_id
        self._endpoints = endpoints
        slugs = {endpoint.provider for endpoint in endpoints if not is_tier(endpoint.key.tag)}
        self.covering = slugs | {endpoint.key.tag for endpoint in endpoints}
        """Every entry that covers one of the endpoints."""

    @cached_property
    def _tags(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for endpoint in self._endpoints:
            found.setdefault(endpoint.provider, []).append(endpoint.key.tag)
        return found

    @cached_property
    def _slugs_of_names(self) -> dict[str, str]:
        return {endpoint.provider_name.casefold(): endpoint.provider for endpoint in self._endpoints}

    def hint(self, entry: str) -> str:
        """Return what the entry may stand for, as a sentence; empty when there is no guess."""
        folded = entry.casefold()
        slug = folded.partition("/")[0]
        named = self._slugs_of_names.get(folded, entry)
        if named not in (entry, folded):
            return f" That is a display name: write {named}."
        if folded in self.covering:
            return f" Write {folded}."
        if meant := [each for each in SLUGS_OF_AUTHORS.get(slug, ()) if each in self._tags]:
            return f" {slug} is the author of models: the provider is {' or '.join(meant)}."
        if beside := self._tags.get(slug):
            return f" {slug} serves it as {', '.join(beside)}."
        if slug == _author(self._model_id):
            return f" {slug} is the author of the model, and not a provider of it."
        return ""


def _author(model_id: str) -> str | None:
    try:
        return ModelKey.parse(model_id).author
    except InvalidKeyError:
        return None
