"""The smallest changes of preferences that bring endpoints back.

An endpoint comes back once every constraint that it fails is lifted, and no sooner. Constraints say by which edits they
are lifted, so every smallest set of edits is among the sets that single endpoints need. All of that is worked out on
sets of bits: an edit that goes further than another one has the bits of that one and more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import entry_matches
from ploked_protocol.plans import PreferenceEdit, Relaxation

from .rules import OF_THE_CALL, Edit, Edits, Failure, names

FEW = 3
"""So many endpoints left, or fewer, and relaxations are looked for."""

Excluded = tuple[EndpointRecord, list[Failure]]
"""An endpoint that does not qualify, with every constraint that it fails."""


class Way(NamedTuple):
    """Edits as sets of bits."""

    edits: Edits
    need: int
    """What has to be done where these edits are asked for."""
    size: int
    """How far they go: the bits of lesser edits, and of entries that an added one covers, are among them."""
    effect: int
    """What they do: their size, and the very names that they add."""


NONE = Way((), 0, 0, 0)


def relaxations(excluded: Sequence[Excluded]) -> list[Relaxation]:
    """Return every smallest set of edits that brings endpoints back, fewest edits first, then most endpoints.

    Smallest: no part of it brings any endpoint back, nor does it with a number set less far, nor with a narrower entry
    added. Applied to the preferences and the call, a set brings back exactly the endpoints that it names.
    """
    lifts = [[rule.lift(endpoint) for rule, _ in failed] for endpoint, failed in excluded]
    bits = _Bits(edit for ways in lifts for way in ways for edits in way for edit in edits)
    needs = [[[bits.way(edits) for edits in way] for way in ways] for ways in lifts]
    smallest = _smallest(way for each in needs for way in _ways(each))
    endpoints = [endpoint for endpoint, _ in excluded]
    found = [_relaxation(bits.without_lesser(way.edits), _back(way.effect, endpoints, needs)) for way in smallest]
    return sorted(found, key=lambda each: (len(each.edits), -len(each.brings_back)))


def in_words(edits: Sequence[Edit], endpoints: Sequence[EndpointRecord]) -> str:
    """Return both in one sentence."""
    count = len(endpoints)
    back = "1 endpoint comes back" if count == 1 else f"{count} endpoints come back"
    return f"{' and '.join(map(str, edits))}: {back} ({names(endpoints)})"


def _relaxation(edits: Edits, back: Sequence[EndpointRecord]) -> Relaxation:
    return Relaxation(
        edits=[PreferenceEdit(verb=edit.verb, path=edit.path, value=edit.value) for edit in edits],
        brings_back=[endpoint.key for endpoint in back],
        message=in_words(edits, back),
        applicable=not any(edit.path.endswith(OF_THE_CALL) for edit in edits),
    )


def _ways(needs: list[list[Way]]) -> list[Way]:
    """Return the smallest sets of edits that lift all constraints; `needs` holds the ways to lift each."""
    found = [NONE]
    for ways in needs:
        found = _smallest(further for done in found for further in _further(done, ways))
    return found


def _further(done: Way, ways: list[Way]) -> list[Way]:
    """Return `done` where it lifts a constraint already, else with each way to lift it."""
    if any(way.need & ~done.effect == 0 for way in ways):
        return [done]
    return [Way(done.edits + way.edits, 0, done.size | way.size, done.effect | way.effect) for way in ways]


def _smallest(ways: Iterable[Way]) -> list[Way]:
    """Return those of which no other one is a part."""
    kept: list[Way] = []
    for way in sorted({way.size: way for way in ways}.values(), key=lambda way: way.size.bit_count()):
        if not any(lesser.size & ~way.size == 0 for lesser in kept):
            kept.append(way)
    return kept


def _back(effect: int, endpoints: Sequence[EndpointRecord], needs: list[list[list[Way]]]) -> list[EndpointRecord]:
    """Return the endpoints of which every constraint is lifted."""
    left = ~effect
    return [
        endpoint
        for endpoint, each in zip(endpoints, needs, strict=True)
        if all(any(way.need & left == 0 for way in ways) for ways in each)
    ]


class _Bits:
    """Gives every edit its bits."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self._ways: dict[Edit, Way] = {}
        self._names: dict[Edit, int] = {}
        self._used = 0
        by_path: dict[str, list[Edit]] = defaultdict(list)
        for edit in dict.fromkeys(edits):
            by_path[edit.path].append(edit)
        for group in by_path.values():
            self._numbers(group)
            self._others([edit for edit in group if edit not in self._ways])

    def way(self, edits: Edits) -> Way:
        """Return edits with the bits of all."""
        if len(edits) == 1 and not edits[0].by_name:
            return self._ways[edits[0]]
        need = size = effect = 0
        for edit in edits:
            one = self._ways[edit]
            need |= self._names[edit] if edit.by_name else one.need
            size |= one.size
            effect |= one.effect
        return Way(edits, need, size, effect)

    def without_lesser(self, edits: Edits) -> Edits:
        """Return each edit once, without those that another one goes beyond."""
        sizes = {edit: self._ways[edit].size for edit in edits}
        return tuple(e for e, size in sizes.items() if not any(size & ~o == 0 for f, o in sizes.items() if f != e))

    def _numbers(self, group: list[Edit]) -> None:
        """Place the numbers set at one path, the nearest first; after them, the removal of what is set there."""
        numbers = sorted((edit for edit in group if edit.away), key=lambda edit: edit.away)
        size = 0
        for edit in [*numbers, *(edit for edit in group if numbers and edit.value is None)]:
            own = self._bit()
            size |= own
            self._ways[edit] = Way((edit,), own, size, size)

    def _others(self, group: list[Edit]) -> None:
        own = {edit: self._bit() for edit in group}
        self._names |= {edit: self._bit() for edit in group if edit.verb == "add"}
        for edit in group:
            size = own[edit]
            for other in group if edit.verb == "add" else ():
                if other.verb == "add" and entry_matches(edit.value or "", other.value or ""):
                    size |= own[other]
            self._ways[edit] = Way((edit,), own[edit], size, size | self._names.get(edit, 0))

    def _bit(self) -> int:
        self._used += 1
        return 1 << self._used
