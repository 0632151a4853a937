"""The smallest changes of preferences that bring endpoints back.

An endpoint comes back once every constraint that it fails is lifted, and no sooner. Constraints say by which edits they
are lifted, so every smallest set of edits is among the sets that single endpoints need. All of that is worked out on
sets of bits, one bit for each thing that an edit can do: an edit that goes further than another one does its thing too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
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
    """Edits that together lift constraints, and what has to be done for that, by these edits or by further ones."""

    need: int
    edits: Edits


def relaxations(excluded: Sequence[Excluded]) -> list[Relaxation]:
    """Return every smallest set of edits that brings endpoints back, fewest edits first, then most endpoints.

    Smallest: no part of it brings any endpoint back, and it sets no number further than one of its endpoints needs.
    Applied to the preferences and the call, a set brings back exactly the endpoints that it names.
    """
    lifts = [[rule.lift(endpoint) for rule, _ in failed] for endpoint, failed in excluded]
    bits = _Bits(edit for ways in lifts for way in ways for edits in way for edit in edits)
    needed = [(endpoint, bits.ways(ways)) for (endpoint, _), ways in zip(excluded, lifts, strict=True)]
    needs = {way.need for _, ways in needed for way in ways}
    sets = {frozenset(edits): edits for _, ways in needed for way in ways if (edits := bits.without_lesser(way.edits))}
    found = [_relaxation(edits, bits, needed) for edits in sets.values() if bits.is_smallest(edits, needs)]
    return sorted(found, key=lambda each: (len(each.edits), -len(each.brings_back)))


def in_words(edits: Sequence[Edit], endpoints: Sequence[EndpointRecord]) -> str:
    """Return both in one sentence."""
    count = len(endpoints)
    back = "1 endpoint comes back" if count == 1 else f"{count} endpoints come back"
    return f"{' and '.join(map(str, edits))}: {back} ({names(endpoints)})"


def _relaxation(edits: Edits, bits: _Bits, needed: Sequence[tuple[EndpointRecord, list[Way]]]) -> Relaxation:
    open_ = ~bits.effect(edits)
    back = [endpoint for endpoint, ways in needed if any(way.need & open_ == 0 for way in ways)]
    return Relaxation(
        edits=[PreferenceEdit(verb=edit.verb, path=edit.path, value=edit.value) for edit in edits],
        brings_back=[endpoint.key for endpoint in back],
        message=in_words(edits, back),
        applicable=not any(edit.path.endswith(OF_THE_CALL) for edit in edits),
    )


def _least(ways: Iterable[Way]) -> list[Way]:
    """Return those of which no other one needs less."""
    kept: list[Way] = []
    for way in sorted({way.need: way for way in ways}.values(), key=lambda way: way.need.bit_count()):
        if not any(lesser.need & ~way.need == 0 for lesser in kept):
            kept.append(way)
    return kept


class _Bits:
    """Gives every edit a bit for what it does, and the bits of lesser edits, which it does as well."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self._own: dict[Edit, int] = {}
        self._named: dict[Edit, int] = {}
        self._effect: dict[Edit, int] = {}
        self._used = 0
        by_path: dict[str, list[Edit]] = defaultdict(list)
        for edit in dict.fromkeys(edits):
            by_path[edit.path].append(edit)
        for group in by_path.values():
            self._place(group)

    def ways(self, lifts: Sequence[tuple[Edits, ...]]) -> list[Way]:
        """Return the ways to lift all constraints of an endpoint, of each of which `lifts` holds the ways."""
        found = [Way(0, ())]
        for each in lifts:
            ways = [Way(self._need(edits), edits) for edits in each]
            found = [Way(done.need | way.need, done.edits + way.edits) for done in found for way in ways]
            if len(found) > 1:
                found = _least(found)
        return found

    def effect(self, edits: Iterable[Edit]) -> int:
        """Return all that `edits` do."""
        done = 0
        for edit in edits:
            done |= self._effect[edit]
        return done

    def is_smallest(self, edits: Edits, needs: Iterable[int]) -> bool:
        """Return whether no part of `edits` does anything that `needs` holds."""
        done = self.effect(edits)
        met = [need for need in needs if need & ~done == 0]
        parts = (self.effect(edit for edit in edits if edit is not left_out) for left_out in edits)
        return not any(need & ~part == 0 for part in parts for need in met)

    def without_lesser(self, edits: Edits) -> Edits:
        """Return each edit once, without those that another one goes beyond."""
        effects = {edit: self._effect[edit] for edit in edits}
        return tuple(e for e, does in effects.items() if not any(does & ~o == 0 for f, o in effects.items() if f != e))

    def _need(self, edits: Edits) -> int:
        need = 0
        for edit in edits:
            need |= self._named[edit] if edit.by_name else self._own[edit]
        return need

    def _place(self, group: list[Edit]) -> None:
        """Give bits to the edits of one path: numbers add up from the nearest on, a removal goes beyond all of them."""
        numbers = sorted((edit for edit in group if edit.away), key=lambda edit: edit.away)
        chain = [*numbers, *(edit for edit in group if numbers and edit.value is None)]
        self._own |= {edit: self._bit() for edit in group}
        self._named |= {edit: self._bit() for edit in group if edit.verb == "add"}
        self._effect |= {edit: self._own[edit] for edit in group}
        for lesser, edit in pairwise(chain):
            self._effect[edit] |= self._effect[lesser]
        for edit in (edit for edit in group if edit in self._named):
            self._effect[edit] |= self._named[edit] | self._covered(edit, group)

    def _covered(self, added: Edit, group: list[Edit]) -> int:
        """Return the bits of the entries that the entry of `added` covers."""
        covers = 0
        for edit in group:
            if edit.verb == "add" and entry_matches(added.value or "", edit.value or ""):
                covers |= self._own[edit]
        return covers

    def _bit(self) -> int:
        self._used += 1
        return 1 << self._used
