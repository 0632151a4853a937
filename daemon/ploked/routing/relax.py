"""The smallest changes of preferences that bring an endpoint back, when none is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ploked_protocol.catalog import EndpointRecord

from .effective import Effective
from .rules import Edit, Failure, names

Excluded = tuple[EndpointRecord, list[Failure]]
"""An endpoint that does not qualify, with every constraint that it fails."""

Ways = tuple[EndpointRecord, list[tuple[Edit, ...]]]
"""An endpoint, with every set of edits that brings it back."""


@dataclass(frozen=True)
class Relaxation:
    """Edits that have to be made together, and exactly the endpoints that they bring back."""

    edits: tuple[Edit, ...]
    endpoints: tuple[EndpointRecord, ...]

    def __str__(self) -> str:
        """Return both in one sentence."""
        count = len(self.endpoints)
        back = "1 endpoint comes back" if count == 1 else f"{count} endpoints come back"
        return f"{' and '.join(map(str, self.edits))}: {back} ({names(self.endpoints)})"


def relaxations(excluded: Sequence[Excluded], effective: Effective) -> list[Relaxation]:
    """Return every way to bring back an endpoint with the fewest edits, the one that brings back most first.

    Exact without a search: an endpoint comes back when all constraints it fails are lifted and no sooner, so the
    smallest sets of edits are among the sets that single endpoints need.
    """
    ways = [(endpoint, _ways(endpoint, failed, effective)) for endpoint, failed in excluded]
    fewest = min((len(edits) for _, sets in ways for edits in sets), default=0)
    smallest = {frozenset(edits): edits for _, sets in ways for edits in sets if len(edits) == fewest}
    found = [Relaxation(edits, _brought_back(key, ways)) for key, edits in smallest.items()]
    return sorted(_nearest(found), key=lambda each: -len(each.endpoints))


def _brought_back(made: frozenset[Edit], ways: Sequence[Ways]) -> tuple[EndpointRecord, ...]:
    """Return the endpoints for which the edits `made` are enough."""
    return tuple(endpoint for endpoint, sets in ways if any(all(_done(edit, made) for edit in edits) for edits in sets))


def _done(edit: Edit, made: frozenset[Edit]) -> bool:
    """Return whether `made` holds `edit`, or one that goes further: a value set beyond it, the setting removed."""
    if edit in made or edit.verb != "set":
        return edit in made
    beside = [other for other in made if other.path == edit.path]
    return any(other.value is None or (other.verb == "set" and other.away >= edit.away) for other in beside)


def _ways(endpoint: EndpointRecord, failed: Sequence[Failure], effective: Effective) -> list[tuple[Edit, ...]]:
    """Return the sets of edits that bring `endpoint` back.

    Parameters that it lacks but are sent under `require_parameters` can be taken out, or the requirement can.
    """
    edits = [edit for rule, _ in failed for edit in rule.lift(endpoint)]
    sent = [rule.sent for rule, _ in failed if rule.sent is not None]
    if not sent:
        return [_together(edits)]
    without = _together([*edits, *(edit for name in sent for edit in effective.removals(name))])
    unrequired = _together([*edits, *effective.requirements])
    return [without] if set(without) == set(unrequired) else [without, unrequired]


def _together(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return each edit once, without values set where the whole setting is removed."""
    gone = {edit.path for edit in edits if edit.verb == "remove" and edit.value is None}
    return tuple(dict.fromkeys(edit for edit in edits if edit.verb != "set" or edit.path not in gone))


def _nearest(found: Sequence[Relaxation]) -> list[Relaxation]:
    """Return, of those that differ only in the values they set, the one that changes them least."""
    nearest: dict[frozenset[tuple[str, str, str | None]], Relaxation] = {}
    for each in sorted(found, key=lambda each: sum((edit.away for edit in each.edits), Decimal(0))):
        kind = frozenset((edit.verb, edit.path, None if edit.verb == "set" else edit.value) for edit in each.edits)
        nearest.setdefault(kind, each)
    return list(nearest.values())
