"""Ranking: which models a query means, best first. Pure: texts in, row numbers out.

Every word of the query must be found in a model, in any order. Where it is found counts first, then how well it fits:

    in what the model is called (id, name), then its canonical slug, then its description;
    as whole words, then from the start of a word, then from the start of a part or as initials, then within a word.

The costs of the words add up. Of the best rows, those come first of which the query leaves nothing unsaid: `gpt4o` is
all of openai/gpt-4o and not all of openai/gpt-4o-mini. Then the newest comes first, then the order of the catalog.

Letters in order (`gemflash`) and words with a slip (`gtp4o`) are in many names by chance, and would drown what was
meant. So the first count only for a word that no model is called by, and rank last; the second only when nothing else
is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import TypeVar

from ploked_protocol.catalog import ModelRecord

from .labels import EXACT, INSIDE, PREFIX, Label, Labels
from .suggest import words_close_to
from .text import Word, folded, query_words, words_of

CANONICAL, DESCRIPTION, SUBSEQUENCE = 100, 200, 100_000
"""Costs of the places, 0 being that of a label; how well a word fits its place is added. They are so far apart that no
usual sum of fits reaches the next place, and none that of subsequences."""

T = TypeVar("T")

MAX_CACHED_WORDS = 128
"""One editor's typing, many times over."""

Costs = dict[int, int]
"""What it costs to take a row, the smaller the better; rows that do not match are not in it."""


class Ranking:
    """The texts of models, newest first, in the form in which they are searched. Rows are positions in `models`."""

    def __init__(self, models: Sequence[ModelRecord]) -> None:
        """Lay out `models`, which are in the order in which equals are to be listed."""
        self._models = models
        self._labels = Labels(list(map(_labels, models)))
        self._prose = [f" {folded(model.canonical_slug or '')} \n {folded(model.description)} " for model in models]
        self._cache: dict[str, Costs] = {}
        self._vocabulary: list[str] | None = None
        self._own: dict[int, tuple[list[str], list[str]]] = {}

    def best(self, query: str) -> list[int] | None:
        """Return the rows that match, best first; None when the query holds no word, so that it means all."""
        words = query_words(query)
        if not words:
            return None
        costs = _in_all(words, self._found)
        return self._whole_first(costs, words) if costs else self._misspelt(words)

    def _misspelt(self, words: list[Word]) -> list[int]:
        meant = [choice for word in words for choice in self._meant(word)]
        costs = _in_all(meant, self._found_any)
        return self._whole_first(costs, [word for choice in meant for word in choice])

    def _found(self, word: Word) -> Costs:
        """Return the rows that hold `word`; kept, because the next key adds a letter to one word only."""
        costs = self._cache.get(word.spaced)
        if costs is None:
            costs = self._look_for(word)
            if len(self._cache) >= MAX_CACHED_WORDS:
                self._cache.clear()
            self._cache[word.spaced] = costs
        return costs

    def _look_for(self, word: Word) -> Costs:
        costs = self._labels.fits(word.squashed)
        in_order = {} if costs else self._labels.subsequences(word.squashed)
        spaced, prose = word.spaced, self._prose
        # What holds "kim" holds "ki": the letter before has narrowed the rows already.
        narrowed = self._cache.get(spaced[:-1].rstrip(), range(len(prose)))
        told = [row for row in narrowed if row not in costs and spaced in prose[row]]
        costs.update(_prose_costs(told, prose, spaced))
        return {row: SUBSEQUENCE + cost for row, cost in in_order.items()} | costs if in_order else costs

    def _found_any(self, choice: list[Word]) -> Costs:
        costs: Costs = {}
        for word in choice:
            found = self._found(word)
            costs |= {row: min(cost, costs.get(row, cost)) for row, cost in found.items()}
        return costs

    def _meant(self, word: Word) -> list[list[Word]]:
        """Return what `word` may mean: itself, or the words nearest to it, or that of each of its parts."""
        if self._found(word):
            return [[word]]
        if self._vocabulary is None:
            self._vocabulary = _vocabulary(self._models)
        close = words_close_to(word.squashed, self._vocabulary)
        parts = query_words(word.spaced)
        if close or len(parts) == 1:
            return [[Word(text, text) for text in close]]
        return [choice for part in parts for choice in self._meant(part)]

    def _whole_first(self, costs: Costs, words: list[Word]) -> list[int]:
        """Return the rows, best first; of those that cost the least, the ones lead of which `words` say all."""
        rows = sorted(sorted(costs), key=costs.__getitem__)
        if len(words) == 1:  # the fit of one word says so already
            return rows
        typed = [word.squashed for word in words]
        best = takewhile(lambda row: costs[row] == costs[rows[0]], rows)
        whole = dict.fromkeys(row for row in best if any(_says_all(typed, own) for own in self._own_words(row)))
        return [*whole, *(row for row in rows if row not in whole)] if whole else rows

    def _own_words(self, row: int) -> tuple[list[str], list[str]]:
        """Return the words of the slug, and of the name, without the author."""
        own = self._own.get(row)
        if own is None:
            (_, slug), (_, name) = _labels(self._models[row])
            own = self._own[row] = words_of(slug), words_of(name)
        return own


def _labels(model: ModelRecord) -> tuple[Label, Label]:
    id_author, _, slug = model.id.rpartition("/")
    name_author, _, name = model.name.rpartition(": ")
    return (id_author, slug), (name_author, name)


def _says_all(typed: list[str], own: list[str]) -> bool:
    """Return whether each of the words `own` is named, in full or by its first letters."""
    for word in own:
        for text in typed:
            if word in text or word.startswith(text):
                break
        else:
            return False
    return bool(own)


def _in_all(words: Sequence[T], find: Callable[[T], Costs]) -> Costs:
    """Return the rows that `find` has for every word, with the sum of their costs."""
    costs = find(words[0])
    for word in words[1:]:
        if not costs:
            break
        found = find(word)
        costs = {row: cost + found[row] for row, cost in costs.items() if row in found}
    return costs


def _prose_costs(rows: list[int], prose: list[str], spaced: str) -> Iterator[tuple[int, int]]:
    """Yield the cost of each of `rows`, all of which hold `spaced`."""
    start, word = f" {spaced}", f" {spaced} "
    for row in rows:
        text, place = prose[row], DESCRIPTION
        if text.find(spaced) < (end := text.find("\n")):
            text, place = text[:end], CANONICAL
        yield row, place + (INSIDE if start not in text else EXACT if word in text else PREFIX)


def _vocabulary(models: Sequence[ModelRecord]) -> list[str]:
    """Return what a slip may have meant: each word of an id or a name, each slug and each id as it is squashed."""
    known = dict[str, None]()
    for model in models:
        slug, words = words_of(model.id.rpartition("/")[2]), words_of(model.id)
        known.update(dict.fromkeys((*words, *words_of(model.name), "".join(slug), "".join(words))))
    return list(known)
