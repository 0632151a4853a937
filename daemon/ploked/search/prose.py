"""Descriptions and canonical slugs: in which of them a word is found, through the words that they are made of.

A catalog has far fewer words than letters: a word is looked for in each of those once, and the rows follow.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain

from .bits import bits_of, rows_of

WHOLE_WORD, WORD_START, IN_WORD = range(3)
"""How a word fits, best first."""
_SPARSE = 32
"""A set as bits takes a bit for each row of the catalog, as a list 32 for each row in it."""
_AFTER_ALL = "\U0010ffff"


class Prose:
    """The texts of numbered rows, folded. Sets of rows are numbers whose bits are the rows."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Take in the text of each row."""
        self._count = len(texts)
        self._texts = [" ".join(["", *text.split(), ""]) for text in texts]
        found: dict[str, list[int]] = {}
        for row, text in enumerate(self._texts):
            for word in set(text.split()):
                found.setdefault(word, []).append(row)
        self._words = sorted(found)
        self._joined = "\n".join(["", *self._words, ""])
        self._starts = array("I", accumulate((len(word) + 1 for word in self._words), initial=1))
        self._rows = [self._compact(found[word]) for word in self._words]

    def fits(self, spaced: str) -> list[int]:
        """Return the rows that hold `spaced`, by their best fit: WHOLE_WORD to IN_WORD."""
        if " " in spaced:
            return self._fits_of_several(spaced)
        start, end = self._range(spaced)
        exact = start < end and self._words[start] == spaced
        whole, begun = self._any(range(start, start + exact)), self._any(range(start + exact, end))
        return [whole, begun & ~whole, self._any(self._holding(spaced, start, end)) & ~(whole | begun)]

    def _fits_of_several(self, spaced: str) -> list[int]:
        """Look into the texts that hold all parts: the first as the end of a word, the last as the start of one."""
        first, *middle, last = spaced.split(" ")
        rows = self._any(self._holding(first, 0, 0)) & self._any(range(*self._range(last)))
        for word in middle:
            start, end = self._range(word)
            rows &= self._any(range(start, end))
        best: list[list[int]] = [[], [], []]
        for row in rows_of(rows):
            if spaced in (text := self._texts[row]):
                begun = f" {spaced}" in text
                best[WHOLE_WORD if f" {spaced} " in text else WORD_START if begun else IN_WORD].append(row)
        return [bits_of(found, self._count) for found in best]

    def _range(self, start: str) -> tuple[int, int]:
        """Return the range of the words that begin with `start`."""
        return bisect_left(self._words, start), bisect_left(self._words, start + _AFTER_ALL)

    def _holding(self, part: str, start: int, end: int) -> Iterable[int]:
        """Yield the words that hold `part`, but those from `start` to `end`."""
        at = self._joined.find(part)
        while at >= 0:
            word = bisect_right(self._starts, at) - 1
            if not start <= word < end:
                yield word
            at = self._joined.find(part, self._starts[word + 1])

    def _any(self, words: Iterable[int]) -> int:
        """Return the rows that hold any of `words`."""
        held = [self._rows[word] for word in words]
        bits = bits_of(chain.from_iterable(rows for rows in held if not isinstance(rows, int)), self._count)
        for rows in held:
            if isinstance(rows, int):
                bits |= rows
        return bits

    def _compact(self, rows: list[int]) -> int | array[int]:
        """Return a set in the smaller form."""
        return bits_of(rows, self._count) if len(rows) * _SPARSE > self._count else array("I", rows)
