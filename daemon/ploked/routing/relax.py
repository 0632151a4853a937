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
    edits: tuple[int, ...]
    """By number; may hold one twice."""


def relaxations(excluded: Sequence[Excluded]) -> list[Relaxation]:
    """Return every smallest set of edits that brings endpoints back, fewest edits first, then most endpoints.

    Smallest: no part of it brings any endpoint back, and it goes no further than one of its endpoints needs: no number
    is set beyond that, and no slug added where it is for the whole tag that the slug covers.
    Applied to the preferences and the call, a set brings back exactly the endpoints that it names.
    """
    bits = _Bits()
    lifts = [[[bits.numbered(edits) for edits in rule.lift(each)] for rule, _ in failed] for each, failed in excluded]
    bits.settle()
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


def _relaxation(numbers: Sequence[int], bits: _Bits, needed: Sequence[tuple[EndpointRecord, list[Way]]]) -> Relaxation:
    left_undone = ~bits.effect(numbers)
    back = [endpoint for endpoint, ways in needed if any(way.need & left_undone == 0 for way in ways)]
    edits = [bits.edits[number] for number in numbers]
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
    """Numbers edits, and gives each a bit for what it does and the bits of lesser edits, which it does as well."""

    def __init__(self) -> None:
        self.edits: list[Edit] = []
        self._numbers: dict[Edit, int] = {}
        self._own: list[int] = []
        self._effects: list[int] = []
        self._lesser: list[frozenset[int]] = []

    def numbered(self, edits: Edits) -> list[tuple[int, bool]]:
        """Return the number of each edit, and whether its entry is needed under its very name."""
        found = []
        for edit in edits:
            number = self._numbers.get(edit)
            if number is None:
                number = self._numbers[edit] = len(self.edits)
                self.edits.append(edit)
            found.append((number, edit.by_name))
        return found

    def settle(self) -> None:
        """Give bits to all edits that were numbered: to each one for what it does, and one for the name it adds."""
        self._own = [1 << number for number in range(len(self.edits))]
        self._effects = [own | self._named(number) for number, own in enumerate(self._own)]
        by_path: dict[str, list[int]] = defaultdict(list)
        for number, edit in enumerate(self.edits):
            by_path[edit.path].append(number)
        for group in by_path.values():
            self._chain(group)
            self._cover([number for number in group if self.edits[number].verb == "add"])
        effects = self._effects
        self._lesser = [
            frozenset(
                other for other in by_path[edit.path] if other != number and not effects[other] & ~effects[number]
            )
            for number, edit in enumerate(self.edits)
        ]

    def ways(self, lifts: Sequence[Sequence[Sequence[tuple[int, bool]]]]) -> list[Way]:
        """Return the ways to lift all constraints of an endpoint, of each of which `lifts` holds the ways."""
        found = [Way(0, ())]
        for each in lifts:
            ways = [self._way(edits) for edits in each]
            found = [Way(done.need | way.need, done.edits + way.edits) for done in found for way in ways]
            if len(found) > 1:
                found = _least(found)
        return found

    def effect(self, numbers: Iterable[int]) -> int:
        """Return all that edits do."""
        done = 0
        for number in numbers:
            done |= self._effects[number]
        return done

    def is_smallest(self, numbers: Sequence[int], needs: Iterable[int]) -> bool:
        """Return whether no part of the edits does anything that `needs` holds."""
        undone = ~self.effect(numbers)
        met = [need for need in needs if need & undone == 0]
        parts = (~self.effect(number for number in numbers if number != left_out) for left_out in numbers)
        return not any(need & undone == 0 for undone in parts for need in met)

    def without_lesser(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """Return each edit once, without those that another one goes beyond."""
        once = dict.fromkeys(numbers)
        beaten = frozenset().union(*(self._lesser[number] for number in once))
        return tuple(number for number in once if number not in beaten)

    def _way(self, edits: Sequence[tuple[int, bool]]) -> Way:
        need = 0
        for number, by_name in edits:
            need |= self._named(number) if by_name else self._own[number]
        return Way(need, tuple(number for number, _ in edits))

    def _named(self, number: int) -> int:
        return 1 << (len(self.edits) + number)

    def _chain(self, group: list[int]) -> None:
        """Let numbers set at one path add up from the nearest on; a removal goes beyond all of them."""
        numbers = sorted((n for n in group if self.edits[n].away), key=lambda n: self.edits[n].away)
        removal = [n for n in group if numbers and self.edits[n].value is None]
        for lesser, further in pairwise([*numbers, *removal]):
            self._effects[further] |= self._effects[lesser]

    def _cover(self, added: list[int]) -> None:
        """Let an entry that is added do what the entries do that it covers."""
        for number in added:
            for other in added:
                if entry_matches(self.edits[number].value or "", self.edits[other].value or ""):
                    self._effects[number] |= self._own[other]
