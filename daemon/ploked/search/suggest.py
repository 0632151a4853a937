"""Did you mean: what is spelled almost like something known. rapidfuzz measures how alike two spellings are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from ploked_protocol.catalog import ModelRecord
from ploked_protocol.keys import VIRTUAL_VARIANTS

from ..alike import alike
from .steps import steps
from .text import MAX_LENGTH

MIN_SLIP = 3
"""Letters: any two are one slip from many words."""
TWO_SLIPS = 6
"""Letters from which on a word may hold two slips."""
MAX_MEANT = 5
"""Words that a slip is taken for."""
MAX_CLOSE = 64
"""Words whose answers are kept."""
MIN_ALIKE = 60
"""Percent of `ratio`; below, a suggestion says more about the catalog than about the text."""
_AUTHORS = {
    "google-vertex": "google", "google-ai-studio": "google", "mistral": "mistralai", "mistral-ai": "mistralai",
    "xai": "x-ai", "meta": "meta-llama", "zai": "z-ai", "zai-org": "z-ai", "moonshot": "moonshotai",
    "deepseek-ai": "deepseek", "minimaxai": "minimax", "alibaba": "qwen",
}  # fmt: skip
"""Authors by what they are taken for: slugs of providers, and the authors of other catalogs."""
SLUG_WEIGHT = 0.95
"""The right slug under another author (`google-vertex/...`, or none) is close, the right author closer."""


SuccessorOf = Callable[[str], str | None]
"""Returns the listed id that took the place of one that is not; None where none is known."""


def no_successor(_id: str) -> None:
    """Know of none."""


def _slips_allowed(length: int) -> int:
    """Return how many slips a word of `length` letters may hold and still be taken for another."""
    return 0 if length < MIN_SLIP else 1 if length < TWO_SLIPS else 2


class Slips:
    """Known words, in which the one that was meant by a word with slips in it is looked for."""

    def __init__(self, known: Iterable[str]) -> None:
        self._close: dict[str, list[str]] = {}
        self._by_length: dict[int, list[str]] = {}
        for word in known:
            self._by_length.setdefault(len(word), []).append(word)
        for words in self._by_length.values():
            words.sort()

    def words_close_to(self, word: str) -> list[str]:
        """Return the words with the fewest slips from `word`, at most five; none when there are too many.

        A slip is a letter too many, too few, wrong, or swapped with its neighbour. The last answers are kept: the keys
        that follow on another word of a query ask again.
        """
        close = self._close.get(word)
        if close is None:
            if len(self._close) >= MAX_CLOSE:
                self._close.clear()
            close = self._close[word] = self._look_for(word, _slips_allowed(len(word)))
        return close

    def _look_for(self, word: str, slips: int) -> list[str]:
        distance = alike().distance
        close: list[tuple[str, float, int]] = []
        for length in range(len(word) - slips, len(word) + slips + 1) if slips else ():
            close += _extract(word, self._by_length.get(length, []), distance, slips, MAX_MEANT)
        fewest = min((distance for _, distance, _ in close), default=0)
        return [text for text, distance, _ in close if distance == fewest][:MAX_MEANT]


class Spellings:
    """The ids of a catalog, among which the one that was meant is looked for."""

    def __init__(self, models: Sequence[ModelRecord]) -> None:
        """Take `models`, of which the first wins among equals."""
        self._by_id = {model.id: model for model in models}
        self._by_canonical: dict[str, list[str]] = {}
        for model in models:
            if model.canonical_slug:
                self._by_canonical.setdefault(model.canonical_slug, []).append(model.id)

    def closest(self, text: str, n: int, successor_of: SuccessorOf = no_successor) -> list[str]:
        """Return the `n` ids that `text` may mean, best first, never `text` itself.

        First come those that facts name: the model of a canonical slug, what took the place of an id that was listed
        before, the same model under its right author; then those that are spelled alike. Knows ids with `:nitro` and
        its kin, which no catalog lists, and with `@preset/x`: both come back on the suggestion.
        """
        rest, at, preset = text[:MAX_LENGTH].strip().partition("@preset/")
        base, colon, variant = "-".join(rest.lower().split()).partition(":")
        if not base:
            return []
        suggestions = (id_ + at + preset for id_ in dict.fromkeys(self._meant(base, colon + variant, successor_of)))
        return list(islice((id_ for id_ in suggestions if id_ != text), n))

    def _meant(self, base: str, suffix: str, successor_of: SuccessorOf) -> Iterator[str]:
        if suffix.removeprefix(":") in VIRTUAL_VARIANTS:
            yield from (id_ + suffix for id_ in self._meant(base, "", successor_of) if ":" not in id_)
            return
        yield from self._named(base, suffix, successor_of)
        yield from self._alike(base + suffix)

    def _named(self, base: str, suffix: str, successor_of: SuccessorOf) -> Iterator[str]:
        """Yield the ids that facts name for an id that is not listed."""
        for id_, kept in ((base + suffix, ""), (base, suffix)):
            if successor := successor_of(id_):
                yield from (one for one in (successor + kept, successor) if one in self._by_id)
        author, _, slug = base.partition("/")
        for name in (base, f"{_AUTHORS.get(author, author)}/{slug}"):
            if name + suffix in self._by_id:
                yield name + suffix
            if suffix and name in self._by_id:
                yield from self._variants(name, suffix[1:])
            of_slug = self._by_canonical.get(name, [])
            yield from sorted(of_slug, key=lambda id_: id_.partition(":")[2] != suffix[1:])

    def _variants(self, base: str, variant: str) -> Iterator[str]:
        """Yield forms of a model that exists, for a variant that does not: those spelled like it, then the model."""
        rapidfuzz = alike()
        listed = [id_.partition(":")[2] for id_ in self._by_id if id_.startswith(f"{base}:")]
        names = [*listed, *sorted(VIRTUAL_VARIANTS)]
        close = rapidfuzz.extract(variant, names, scorer=rapidfuzz.ratio, score_cutoff=MIN_ALIKE)
        yield from (f"{base}:{name}" for name, _, _ in close)
        yield base

    def _alike(self, text: str) -> list[str]:
        """Return the ids that are like `text`, or whose slugs are like its slug, best first."""
        rapidfuzz = alike()
        ids, slugs, sorted_slugs = self._texts
        author, _, slug = text.partition("/")
        best: dict[int, float] = {}
        for wanted, known, weight in (
            (_words_sorted(_slug(text)), sorted_slugs, SLUG_WEIGHT),
            (_slug(text), slugs, SLUG_WEIGHT),
            (text, ids, 1),
            *([(f"{_AUTHORS[author]}/{slug}", ids, 1)] if author in _AUTHORS else []),
        ):
            found = _extract(wanted, known, rapidfuzz.ratio, MIN_ALIKE / weight)
            best |= {place: max(weight * score, best.get(place, 0)) for _, score, place in found}
        # `ratio` takes swapped letters (52. for 5.2) for two slips, so that the wrong version is as close.
        slips = {place: rapidfuzz.distance(text, ids[place]) for place in best}
        return [ids[place] for place in sorted(best, key=lambda place: (-best[place], slips[place], place))]

    @cached_property
    def _texts(self) -> tuple[list[str], list[str], list[str]]:
        """The ids, their slugs, and those with their words sorted."""
        slugs = list(map(_slug, self._by_id))
        return list(self._by_id), slugs, list(map(_words_sorted, slugs))


def _extract(
    wanted: str, known: Sequence[str], scorer: Callable[..., float], cutoff: float, limit: int | None = None
) -> Iterator[tuple[str, float, int]]:
    """Yield what rapidfuzz extracts from each step of `known`, with its place: a step's best first, `limit` at most."""
    extract = alike().extract
    for part in steps(len(known)):
        found = extract(wanted, known[part], scorer=scorer, score_cutoff=cutoff, limit=limit)
        yield from ((text, score, part.start + place) for text, score, place in found)


def _slug(id_: str) -> str:
    return id_.rpartition("/")[2]


def _words_sorted(slug: str) -> str:
    """Return `slug` with its words sorted: claude-4.5-sonnet and claude-sonnet-4.5 are one."""
    return "-".join(sorted(slug.split("-")))
