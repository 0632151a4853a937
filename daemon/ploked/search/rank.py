"""Ranking: which models a query means, best first. Pure: texts in, row numbers out.

Every word of the query must be found in a model, in any order. Where it is found counts first, then how well it fits:

    in what the model is called (id, name), then its canonical slug, then its description;
    as whole words, then from the start of a word, then from the start of a part or as initials, then within a word.

Signs do not count, but where they were typed, ids that begin with what was typed come first, then those that hold it:
`gpt-5.` is on its way to gpt-5.2, `:free` means no openrouter/free, `z-ai` no ~z-ai/glm-latest.

The costs of the words add up. Of the best rows, those come first of which the query leaves nothing unsaid: `gpt4o` is
all of openai/gpt-4o and not all of openai/gpt-4o-mini. Then come first what the user has picked and likes, what begins
with the one word that is typed (`la` is on its way to laguna rather than to glm-latest), the newest, and what the
catalog lists first.

Letters in order (`gemflash`) and words with a slip (`gtp4o`) are in many names by chance, and would drown what was
meant. So the first count only for a word that no model is called by, and rank last; the second only when nothing else
is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice

import msgspec
from ploked_protocol.catalog import ModelRecord

from .bits import bits_of, rows_of
from .labels import Labels
from .layout import EXACT, INSIDE, PREFIX, Label
from .prose import Prose
from .suggest import Slips
from .text import Word, folded, query_words

RESPELLED, CANONICAL, DESCRIPTION, SUBSEQUENCE = 6, 100, 200, 100_000
"""Costs of the places, 0 being that of a label; how well a word fits its place is added. They are so far apart that no
usual sum of fits reaches the next place, and none that of subsequences. RESPELLED is added for an id that holds the
signs which were typed, but not at its beginning, and once more for one that does not hold them.
"""

_PROSE_FITS = (EXACT, PREFIX, INSIDE)
MAX_CACHED_WORDS = 128
"""One editor's typing, many times over."""
FREQUENT = 10_000
"""Places in labels; to look for what has more takes too long while somebody waits."""
_SHARE = 40
"""In a smaller catalog, what one of so many models has is frequent: it is typed first, and looked for before that."""

Costs = dict[int, int]
"""What it costs to take a row, and the set of rows that it costs so much; the smaller the better. Rows that do not
match are in none, no row is in two."""


class _Found(msgspec.Struct, frozen=True):
    """The rows that hold a word."""

    costs: Costs
    heads: int = 0
    """The set of those of which the author, the id or the name begins with the word, as far as no whole word is."""


class Match(msgspec.Struct, frozen=True):
    """What a query means."""

    tiers: list[int]
    """Sets of rows, best first; no row is in two."""
    words: list[Word]
    """The words that the rows were found by: those of the query, or what a slip may have meant."""
    heads: int = 0
    """The set of rows that lead among equals which are not liked: their author, id or name begins with the query."""

    @property
    def total(self) -> int:
        """Return how many rows match."""
        return sum(map(int.bit_count, self.tiers))

    def among(self, rows: int) -> Match:
        """Return the match without what is not in the set `rows`."""
        return msgspec.structs.replace(self, tiers=[tier & rows for tier in self.tiers])

    def best(self, limit: int | None, liked: Sequence[int] = ()) -> list[int]:
        """Return the rows, best first; of equals those of `liked` come first, in that order, then heads, the newest."""
        ordered = (_in_order(tier, liked, self.heads) for tier in self.tiers if tier)
        return list(islice(chain.from_iterable(ordered), limit))


class Ranking:
    """The texts of models, newest first, in the form in which they are searched. Rows are positions in `models`."""

    def __init__(self, models: Sequence[ModelRecord]) -> None:
        """Lay out `models`, which are in the order in which equals are to be listed."""
        self._labels = Labels(list(map(labels_of, models)))
        self._slugs = Prose([folded(model.canonical_slug or "") for model in models])
        self._descriptions = Prose([folded(model.description) for model in models])
        self._ids = [model.id if model.id.islower() else model.id.lower() for model in models]
        self._frequent: dict[Word, _Found] = {}
        self._cache: dict[Word, _Found] = {}

    def match(self, words: list[Word], check: Callable[[], None] = lambda: None) -> Match:
        """Return what `words`, of which there is one at least, mean.

        `check` is called now and then, and raises what is to end the search when nobody waits for it any more.
        """
        costs = self._in_all([[word] for word in words], check)
        if costs:
            heads = self._found(words[0]).heads if len(words) == 1 else 0
            return Match(self._whole_first(costs, words), words, heads)
        meant = [choice for word in words for choice in self._meant(word)]
        costs = self._in_all(meant, check)
        close = [word for choice in meant for word in choice]
        return Match(self._whole_first(costs, close), close)

    def letters(self, word: Word, row: int) -> list[list[int]]:
        """Return the letters of id and name, counted without punctuation, that `word` finds `row` by."""
        in_order = any(bits >> row & 1 for cost, bits in self._found(word).costs.items() if cost >= SUBSEQUENCE)
        return self._labels.letters(word.squashed, row, in_order=in_order)

    def warm(self) -> None:
        """Do what takes too long while somebody waits: take texts apart into words, look for what is frequent."""
        for texts in (self._labels, self._slugs, self._descriptions):
            texts.lay_out()
        self._slips  # noqa: B018  # made when first asked for
        for text in self._labels.frequent(min(FREQUENT, len(self._ids) // _SHARE)):
            self._labels.starts(text[0])
            word = Word(text, text)
            self._frequent[word] = self._look_for(word)

    @cached_property
    def _slips(self) -> Slips:
        return Slips(self._labels.words())

    def _found(self, word: Word) -> _Found:
        """Return the rows that hold `word`; kept, because the next key changes one word only."""
        found = self._known(word)
        if found is None:
            found = self._as_typed(word) if word.typed else self._look_for(word)
            if len(self._cache) >= MAX_CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = found
        return found

    def _known(self, word: Word) -> _Found | None:
        return self._frequent.get(word) or self._cache.get(word)

    def _as_typed(self, word: Word) -> _Found:
        """Return the rows that hold `word`; of those called so, first ids that begin with it as typed, or hold it."""
        costs: Costs = {}
        for cost, bits in self._found(Word(word.spaced, word.squashed)).costs.items():
            steps = self._spelled(word.typed, bits) if cost < CANONICAL else [bits]
            costs |= {cost + step * RESPELLED: rows for step, rows in enumerate(steps) if rows}
        return _Found(costs)

    def _spelled(self, typed: str, rows: int) -> list[int]:
        """Return those of `rows` whose ids begin with `typed`, those that hold it elsewhere, and the others."""
        ids = self._ids
        held = [row for row in rows_of(rows) if typed in ids[row]]
        holding = bits_of(held, len(ids))
        begun = bits_of((row for row in held if ids[row].startswith(typed)), len(ids))
        return [begun, holding & ~begun, rows & ~holding]

    def _look_for(self, word: Word) -> _Found:
        found, heads = self._labels.fits(word.squashed)
        costs = {fit: bits for fit, bits in enumerate(found) if bits}
        seen, called = sum(found), bool(costs)  # no row is in two of them
        for place, prose in ((CANONICAL, self._slugs), (DESCRIPTION, self._descriptions)):
            for cost, bits in zip(_PROSE_FITS, prose.fits(word.spaced), strict=True):
                if new := bits & ~seen:
                    costs[place + cost] = new
                    seen |= new
        if not called:
            in_order = self._labels.subsequences(word.squashed, self._with_letters(word) & ~seen)
            costs.update((SUBSEQUENCE + cost, bits) for cost, bits in in_order.items())
        return _Found(costs, heads)

    def _with_letters(self, word: Word) -> int:
        """Return the rows that are called by all letters of `word`, as far as the letters are known."""
        rows = -1
        for letter in word.squashed:
            if known := self._frequent.get(Word(letter, letter)):
                rows &= sum(bits for cost, bits in known.costs.items() if cost < CANONICAL)
        return rows & ((1 << len(self._ids)) - 1)

    def _in_all(self, choices: list[list[Word]], check: Callable[[], None]) -> Costs:
        """Return the rows that hold a word of each of `choices`, with the sum of their costs."""
        total: Costs = {}
        for at, choice in enumerate(choices):
            check()
            found = self._found_any(choice)
            total = _sums(total, found) if at else found
            if not total:
                break
        return total

    def _found_any(self, choice: list[Word]) -> Costs:
        if len(choice) == 1:
            return self._found(choice[0]).costs
        found = [self._found(word).costs for word in choice]
        costs: Costs = {}
        seen = 0
        for cost in sorted(set(chain.from_iterable(found))):
            bits = 0
            for each in found:
                bits |= each.get(cost, 0)
            if bits := bits & ~seen:
                costs[cost] = bits
                seen |= bits
        return costs

    def _meant(self, word: Word) -> list[list[Word]]:
        """Return what `word` may mean: itself, or the words nearest to it, or that of each of its parts."""
        if self._found(word).costs:
            return [[word]]
        close = self._slips.words_close_to(word.squashed)
        parts = query_words(word.spaced)
        if close or len(parts) == 1:
            return [[Word(text, text) for text in close]]
        return [choice for part in parts for choice in self._meant(part)]

    def _whole_first(self, costs: Costs, words: list[Word]) -> list[int]:
        """Return the sets, best first; of the rows that cost the least, those lead of which `words` say all."""
        tiers = [costs[cost] for cost in sorted(costs)]
        if len(words) == 1 or not tiers:  # the fit of one word says so already
            return tiers
        own_words = self._labels.own_words
        best = list(rows_of(tiers[0]))
        said = _said({word for row in best for own in own_words[row] for word in own}, words)
        leading = [row for row in best for own in own_words[row] if own and said.issuperset(own)]
        whole = bits_of(leading, len(own_words))
        return [whole, tiers[0] & ~whole, *tiers[1:]] if whole else tiers


def _said(own: set[str], words: list[Word]) -> set[str]:
    """Return those of `own` that `words` name, in full or by their first letters."""
    typed = tuple(word.squashed for word in words)
    joined = " ".join(typed)
    return {word for word in own if word in joined or word.startswith(typed)}


def labels_of(model: ModelRecord) -> tuple[Label, Label]:
    """Return what a model is called: its id and its name, the author apart."""
    id_author, _, slug = model.id.rpartition("/")
    name_author, _, name = model.name.rpartition(": ")
    return (id_author, slug), (name_author, name)


def _sums(some: Costs, others: Costs) -> Costs:
    """Return the rows that are in both, with the sum of their costs."""
    sums: Costs = {}
    for cost, bits in some.items():
        for other, other_bits in others.items():
            if both := bits & other_bits:
                sums[cost + other] = sums.get(cost + other, 0) | both
    return sums


def _in_order(tier: int, liked: Sequence[int], heads: int) -> Iterator[int]:
    first = [row for row in liked if tier >> row & 1]
    rest = tier & ~bits_of(first, max(first) + 1) if first else tier
    leading = rest & heads
    return chain(first, rows_of(leading), rows_of(rest ^ leading))
