"""Descriptions and canonical slugs: in which of them a word is found, through the words that they are made of.

A catalog has far fewer words than letters: a word is looked for in each of those once, and the rows follow.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain

from .bits import bits_of, rows_of

WHOLE_WORD, WORD_START, IN_WORD = range(3)
"""How a word fits, best first."""
_SPARSE = 32
"""A set as bits takes a bit for each row of the catalog, as a list 32 for each row in it."""


class Prose:
    """The texts of numbered rows, folded. Sets of rows are numbers whose bits are the rows."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Take in the text of each row."""
        self._count = len(texts)
        self._texts = [" ".join(["", *text.split(), ""]) for text in texts]
        self._words, self._starts = "", array("I")
        self._rows: list[int | array[int]] | None = None
        """Those that hold each word; None until the texts are laid out."""

    def lay_out(self) -> None:
        """Take the texts apart into words. Until then all texts are looked into, which is slower at each search."""
        found: dict[str, list[int]] = {}
        for row, text in enumerate(self._texts):
            for word in set(text.split()):
                found.setdefault(word, []).append(row)
        self._words = "\n".join(["", *found, ""])
        self._starts = array("I", accumulate((len(word) + 1 for word in found), initial=1))
        self._rows = list(map(self._compact, found.values()))  # last: it says that the rest is there

    def fits(self, spaced: str) -> list[int]:
        """Return the rows that hold `spaced`, by their best fit: WHOLE_WORD to IN_WORD.

        Several words must stand there from the start of the first one: `x-a` is in "x ai", not in "complex and".
        """
        if self._rows is None or " " in spaced:
            return self._fits_of_texts(spaced)
        whole, begun, inside = map(self._any, self._holding(spaced))
        return [whole, begun & ~whole, inside & ~(whole | begun)]

    def _fits_of_texts(self, spaced: str) -> list[int]:
        best: list[list[int]] = [[], [], []]
        sought = f" {spaced}" if " " in spaced else spaced
        for row in self._rows_with_words(spaced.split(" ")[:-1]):
            if sought in (text := self._texts[row]):
                begun = f" {spaced}" in text
                best[WHOLE_WORD if f" {spaced} " in text else WORD_START if begun else IN_WORD].append(row)
        return [bits_of(found, self._count) for found in best]

    def _rows_with_words(self, words: Iterable[str]) -> Iterable[int]:
        """Return the rows that hold all of `words` as whole ones, or may."""
        if self._rows is None:
            return range(self._count)
        rows = (1 << self._count) - 1
        for word in words:
            at = self._words.find(f"\n{word}\n")
            rows &= self._any([bisect_right(self._starts, at + 1) - 1] if at >= 0 else [])
        return rows_of(rows)

    def _holding(self, part: str) -> list[list[int]]:
        """Return the words that hold `part`, by how it fits them."""
        words, starts = self._words, self._starts
        found: list[list[int]] = [[], [], []]
        at = words.find(part)
        while at >= 0:
            word = bisect_right(starts, at) - 1
            end = starts[word + 1]
            is_whole = end - starts[word] - 1 == len(part)
            found[WHOLE_WORD if is_whole else WORD_START if at == starts[word] else IN_WORD].append(word)
            at = words.find(part, end)
        return found

    def _any(self, words: Iterable[int]) -> int:
        """Return the rows that hold any of `words`, which are given by their numbers."""
        held = [self._rows[word] for word in words] if self._rows else []
        bits = bits_of(chain.from_iterable(rows for rows in held if not isinstance(rows, int)), self._count)
        for rows in held:
            if isinstance(rows, int):
                bits |= rows
        return bits

    def _compact(self, rows: list[int]) -> int | array[int]:
        """Return a set in the smaller form."""
        return bits_of(rows, self._count) if len(rows) * _SPARSE > self._count else array("I", rows)
