"""Did you mean: what is spelled almost like something known. rapidfuzz measures how alike two spellings are.

It is imported late: start-up pays for every import, and most sessions have no slip in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ploked_protocol.keys import VIRTUAL_VARIANTS

from .text import MAX_LENGTH

MIN_SLIP = 3
"""Letters: any two are one slip from many words."""
TWO_SLIPS = 6
"""Letters from which on a word may hold two slips."""
MIN_ALIKE = 60
"""Percent of `ratio`; below, a suggestion says more about the catalog than about the text."""
SLUG_WEIGHT = 0.95
"""The right slug under another author (`google-vertex/...`, or none) is close, the right author closer."""


def _slips_allowed(length: int) -> int:
    """Return how many slips a word of `length` letters may hold and still be taken for another."""
    return 0 if length < MIN_SLIP else 1 if length < TWO_SLIPS else 2


class Slips:
    """Known words, in which the one that was meant by a word with slips in it is looked for."""

    def __init__(self, known: Iterable[str]) -> None:
        self._by_length: dict[int, list[str]] = {}
        for word in sorted(known):
            self._by_length.setdefault(len(word), []).append(word)

    def words_close_to(self, word: str) -> list[str]:
        """Return the words with the fewest slips from `word`, at most five; none when there are too many.

        A slip is a letter too many, too few, wrong, or swapped with its neighbour.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        if not (slips := _slips_allowed(len(word))):
            return []
        lengths = range(len(word) - slips, len(word) + slips + 1)
        near = [known for length in lengths for known in self._by_length.get(length, ())]
        close = process.extract(word, near, scorer=OSA.distance, score_cutoff=slips, limit=5)
        return [text for text, distance, _ in close if distance == close[0][1]]


class Spellings:
    """The ids of a catalog, among which the one that was meant is looked for."""

    def __init__(self, models, last=None) -> None:
        self._ids = [model.id for model in models]

    def closest(self, text: str, n: int) -> list[str]:
        return closest_ids(text, self._ids, n)


def closest_ids(text: str, ids: Sequence[str], n: int) -> list[str]:
    """Return the `n` ids most like `text`, best first, never `text` itself.

    Knows ids with `:nitro` and its kin, which no catalog lists, and with `@preset/x`: both come back on the
    suggestion. Of equals, the first of `ids` wins.
    """
    rest, at, preset = text[:MAX_LENGTH].strip().partition("@preset/")
    base, colon, variant = "-".join(rest.lower().split()).partition(":")
    if not base:
        return []
    known = set(ids)
    if variant in VIRTUAL_VARIANTS:
        found: Iterator[str] = (f"{id_}{colon}{variant}" for id_ in _alike(base, ids) if ":" not in id_)
    elif base in known and colon:
        found = _variants(base, variant, ids)
    else:
        found = _alike(base + colon + variant, ids)
    suggestions = (id_ + at + preset for id_ in dict.fromkeys(found))
    return list(islice((id_ for id_ in suggestions if id_ != text), n))


def _alike(text: str, ids: Sequence[str]) -> Iterator[str]:
    """Yield the ids that are like `text`, or whose slugs are like its slug, best first."""
    from rapidfuzz import fuzz, process
    from rapidfuzz.distance import OSA

    def scores(wanted: str, known: Sequence[str], weight: float) -> dict[int, float]:
        found = process.extract(wanted, known, scorer=fuzz.ratio, score_cutoff=MIN_ALIKE / weight, limit=None)
        return {place: weight * score for _, score, place in found}

    slug, slugs = _slug(text), list(map(_slug, ids))
    best: dict[int, float] = {}
    for by in (
        scores(_words_sorted(slug), list(map(_words_sorted, slugs)), SLUG_WEIGHT),
        scores(slug, slugs, SLUG_WEIGHT),
        scores(text, ids, 1),
    ):
        best |= {place: max(score, best.get(place, score)) for place, score in by.items()}
    # `ratio` takes swapped letters (52. for 5.2) for two slips, so that the wrong version is as close.
    slips = {place: count for _, count, place in process.extract(text, ids, scorer=OSA.distance, limit=None)}
    yield from (ids[place] for place in sorted(best, key=lambda place: (-best[place], slips[place], place)))


def _slug(id_: str) -> str:
    return id_.rpartition("/")[2]


def _words_sorted(slug: str) -> str:
    """Return `slug` with its words sorted: claude-4.5-sonnet and claude-sonnet-4.5 are one."""
    return "-".join(sorted(slug.split("-")))


def _variants(base: str, variant: str, ids: Sequence[str]) -> Iterator[str]:
    """Yield forms of a model that exists, for a variant that does not: those spelled like it, then the model itself."""
    from rapidfuzz import fuzz, process

    listed = [id_.partition(":")[2] for id_ in ids if id_.startswith(f"{base}:")]
    close = process.extract(variant, [*listed, *sorted(VIRTUAL_VARIANTS)], scorer=fuzz.ratio, score_cutoff=MIN_ALIKE)
    yield from (f"{base}:{name}" for name, _, _ in close)
    yield base
    yield from _alike(f"{base}:{variant}", ids)
