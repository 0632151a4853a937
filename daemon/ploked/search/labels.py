"""Ids and names, laid out so that one pass over one string finds a word in all of them and says how well it fits.

All labels stand in one string without their punctuation, so that `gpt4o` is found in `openai/gpt-4o`. Beside it stands
what begins at each character, and what ends there.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, chain, compress, repeat
from operator import add

from .bits import bits_of, flags_of
from .layout import (
    BEGINS,
    BOUNDARY,
    FIT,
    FIT_AND_HEAD,
    HEAD,
    INSIDE,
    PREFIX,
    WHOLE,
    WHOLE_PREFIX,
    Label,
    ends_of,
    kinds_of,
    own_words_of,
    shown_lines,
    squashed,
)
from .places import Places, items_at, places_of
from .steps import steps

MIN_SUBSEQUENCE = 3
"""Letters: any two, in order, are in nearly every name."""
_FITS = range(INSIDE + 1)
_FIT = bytes(FIT_AND_HEAD).ljust(256)
_IS = [bytes(fit == other for other in range(256)) for fit in range(HEAD + 1)]
_IS[PREFIX] = bytes(fit in (PREFIX, HEAD) for fit in range(256))
_LETTERS = 1 << 18
"""Letters that one step takes."""
_SAMPLE = 10
"""One part of so many says which pairs of letters are frequent."""


class Labels:
    """The labels of numbered rows. Sets of rows are numbers whose bits are the rows."""

    def __init__(self, rows: Sequence[Sequence[Label]]) -> None:
        """Lay out the labels of each row, of which there must be one at least."""
        shown = shown_lines([label for labels in rows for label in labels])
        self._text, self._kinds = squashed(shown), kinds_of(shown)
        widths = [len(line) + 1 for line in self._text[1:].split("\n")[:-1]]
        self._ends = ends_of(self._kinds, widths)
        label_rows = [row for row, labels in enumerate(rows) for _ in labels]
        self._count = len(rows)
        self._row_at = array("I")
        for part in steps(len(widths)):
            self._row_at.extend(chain.from_iterable(map(repeat, label_rows[part], widths[part])))
        self._row_ends = array("I", dict(zip(label_rows, accumulate(widths), strict=True)).values())
        self._begins = self._kinds.translate(BEGINS)
        parts = steps(len(self._text), _LETTERS)
        self._initials = "".join(["".join(compress(self._text[part], self._begins[part])) for part in parts])
        self._places_of, self._initial_places_of = Places(self._text), Places(self._initials)
        self._begin_at = array("I")
        for part in steps(len(self._text), _LETTERS):
            self._begin_at.extend(compress(range(len(self._text))[part], self._begins[part]))
        self._starts: dict[str, array[int]] = {}
        self._shown, self._labels_of_row = shown, bytes(map(len, rows))

    @cached_property
    def own_words(self) -> list[tuple[tuple[str, ...], ...]]:
        """Of each row, the words of each of its labels, without the author."""
        return own_words_of(self._shown, self._labels_of_row)

    def lay_out(self) -> None:
        """Take the labels apart into words, which is else done when these are first asked for."""
        self.own_words  # noqa: B018  # made when first asked for
        self._shown = ""  # only now: another thread may be at it

    def fits(self, word: str) -> tuple[list[int], int]:
        """Return the rows with a label that `word` (squashed) is in, by their best fit: WHOLE to INSIDE; and the heads.

        Those are of PREFIX the rows of HEAD, none where it has no others.
        """
        places = self._places_of.places(word)
        rows, ends = items_at(places, self._row_at), memoryview(self._ends)[len(word) :]
        fits = bytes(map(add, items_at(places, self._kinds), items_at(places, ends))).translate(_FIT)
        best, seen = [], 0
        mixed = HEAD in fits and PREFIX in fits
        heads = list(compress(rows, fits.translate(_IS[HEAD]))) if mixed else []
        for fit in _FITS:
            found = (
                list(compress(rows, fits.translate(_IS[fit])))
                if fit in fits or (fit == PREFIX and HEAD in fits)
                else []
            )
            if fit == BOUNDARY and len(word) > 1:
                starts = items_at(self._initial_places_of.places(word), self._begin_at)
                found += items_at(starts, self._row_at)
            best.append(bits_of(found, self._count) & ~seen)
            seen |= best[-1]
        return best, bits_of(heads, self._count) & best[PREFIX]

    def words(self) -> set[str]:
        """Return each word of a label, each label without its author and each with it, squashed."""
        own = list({words for labels in self.own_words for words in labels})
        found: set[str] = set()
        for part in steps(len(own)):
            found.update(chain.from_iterable(own[part]), map("".join, own[part]))
        lines = self._text.split()
        for part in steps(len(lines)):
            found.update(lines[part])
        return found

    def subsequences(self, word: str, among: int) -> dict[int, int]:
        """Return the rows with a label that holds the letters of `word` in order, by twice how many others lie between.

        They begin where a word or a part does, each next one is in the same part or begins a later one, and all lie
        within three times the length of `word`. Letters strewn at will are in any long name. One that is all of its
        label costs one less. Rows that are not in the set `among` are not looked into.
        """
        best: dict[int, int] = {}
        seen: dict[tuple[str, bytes, bytes], int | None] = {}  # many models are called nearly the same
        for at in self._beginnings(word, among) if len(word) >= MIN_SUBSEQUENCE else ():
            stop = self._stop(word, at)
            around = self._text[at:stop], self._kinds[at:stop], self._ends[at + 1 : stop + 1]
            if around not in seen:
                seen[around] = self._cost(self._in_order(word, at))
            if (cost := seen[around]) is not None:
                row = self._row_at[at]
                best[row] = min(cost, best.get(row, cost))
        rows: dict[int, list[int]] = {}
        for row, cost in best.items():
            rows.setdefault(cost, []).append(row)
        return {cost: bits_of(found, self._count) for cost, found in rows.items()}

    def _beginnings(self, word: str, among: int) -> Iterator[int]:
        """Yield where the first letter of `word` begins a word or a part, and the others follow soon enough."""
        first, *rest = map(re.escape, word)
        soon = re.compile(first + "".join(rf"[^\n{letter}]{{0,{2 * len(word)}}}{letter}" for letter in rest))
        starts = self.starts(word[0])
        is_among = map(flags_of(among, self._count).__getitem__, items_at(starts, self._row_at))
        sought = list(compress(starts, is_among))
        return compress(sought, map(soon.match, repeat(self._text), sought))

    def starts(self, letter: str) -> array[int]:
        """Return where `letter` begins a word or a part; kept."""
        if letter not in self._starts:
            self._starts[letter] = array("I", items_at(places_of(letter, self._initials), self._begin_at))
        return self._starts[letter]

    def frequent(self, least: int) -> list[str]:
        """Return each letter and digit of the labels, and what stands in them at least `least` times.

        Of that, pairs and the starts of words, as far as a sample of the labels shows them.
        """
        letters = sorted(set(self._text) - {"\n"})
        sample = self._text[: len(self._text) // _SAMPLE]
        if len(sample) < least // _SAMPLE:
            return letters
        labels = chain.from_iterable(self.own_words[: self._count // _SAMPLE])
        counts: Counter[str] = Counter()
        for part in steps(len(sample) - 1, _LETTERS // 4):
            counts.update(map(add, sample[part], sample[part.start + 1 : part.stop + 1]))
        counts.update(word[:end] for words in labels for word in words for end in (3, 4) if end <= len(word))
        return [*letters, *(text for text, n in counts.items() if n * _SAMPLE >= least and "\n" not in text)]

    def _in_order(self, word: str, at: int) -> list[int]:
        """Return where the letters of `word` stand that begins at `at`; none when they do not follow as they must.

        Of several ways it is the one that ends first.
        """
        text, begins, stop = self._text, self._begins, self._stop(word, at)
        ways = {at: [at]}  # by their last letter
        for letter in word[1:]:
            longer: dict[int, list[int]] = {}
            for last, places in ways.items():
                after = text.find(letter, last + 1, stop)
                while after >= 0:
                    if begins[after] or begins.find(1, last + 1, after) < 0:
                        longer.setdefault(after, [*places, after])
                    after = text.find(letter, after + 1, stop)
            ways = longer
        return ways[min(ways)] if ways else []

    def _stop(self, word: str, at: int) -> int:
        """Return where the letters of `word` must have ended that begins at `at`."""
        return min(at + 3 * len(word), self._text.find("\n", at))

    def _cost(self, places: list[int]) -> int | None:
        """Return what letters in order at `places` cost; None when there are none."""
        if not places:
            return None
        fit = FIT[self._kinds[places[0]] + self._ends[places[-1] + 1]]
        return 2 * (places[-1] + 1 - places[0] - len(places)) + (fit not in (WHOLE, WHOLE_PREFIX))

    def letters(self, word: str, row: int, *, in_order: bool) -> list[list[int]]:
        """Return the letters of each label of `row`, counted in its squashed text, that `word` is found by.

        With `in_order` also letters that only follow each other, where they do not stand together.
        """
        start, found = self._row_ends[row - 1] if row else 0, []
        for line in self._text[start : self._row_ends[row]].split("\n")[1:]:
            start += 1
            places = self._best_letters(word, start, start + len(line), in_order)
            found.append([place - start for place in places])
            start += len(line)
        return found

    def _best_letters(self, word: str, start: int, end: int, in_order: bool) -> Sequence[int]:
        text, width = self._text, len(word)
        places = [start + at for at in places_of(word, text[start:end])]
        best = min(places, key=lambda at: FIT[self._kinds[at] + self._ends[at + width]], default=None)
        if best is not None and FIT[self._kinds[best] + self._ends[best + width]] <= BOUNDARY:
            return range(best, best + width)
        begins = [at for at in range(start, end) if self._begins[at]]
        at = "".join([text[begin] for begin in begins]).find(word)
        if at >= 0 and width > 1:
            return begins[at : at + width]
        if best is not None or not in_order:
            return () if best is None else range(best, best + width)
        ways = [places for at in begins if text[at] == word[0] and (places := self._in_order(word, at))]
        return min(ways, key=lambda places: self._cost(places) or 0, default=[])
