"""What models are called and how they are described, for phrases and negated words: whole words, signs aside."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from ploked_protocol.catalog import ModelRecord

from ..bits import bits_of
from .evaluate import descriptions, names, spaced

MAX_CACHED = 64
"""Words; the next key of a query asks for most of them again."""


class Mentions:
    """The texts of models, laid out in two long ones: what they are called, and how they are described."""

    def __init__(self, models: Sequence[ModelRecord]) -> None:
        self._models = models
        self._laid_out: dict[bool, tuple[str, array[int]]] = {}
        self._cache: dict[tuple[str, bool], int] = {}

    def warm(self) -> None:
        """Lay the texts out now."""
        self._text(described=False)
        self._text(described=True)

    def rows(self, text: str, *, with_description: bool) -> int:
        """Return the rows that are called `text`, or with `with_description` described so, among other words."""
        called = self._found(f" {spaced(text)} ", described=False)
        return called | self._found(f" {spaced(text)} ", described=True) if with_description else called

    def _found(self, wanted: str, *, described: bool) -> int:
        found = self._cache.get((wanted, described))
        if found is None:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            found = self._cache[wanted, described] = self._find(wanted, described=described)
        return found

    def _find(self, wanted: str, *, described: bool) -> int:
        whole, ends = self._text(described=described)
        rows: list[int] = []
        row, at = 0, whole.find(wanted)
        while at >= 0:
            row = bisect_right(ends, at, row)
            rows.append(row)
            at = whole.find(wanted, ends[row])
        return bits_of(rows, len(ends))

    def _text(self, *, described: bool) -> tuple[str, array[int]]:
        """Return all texts, and where those of each row end."""
        found = self._laid_out.get(described)
        if found is None:
            read = descriptions if described else names
            rows = ["\n".join(read(model)) + "\n" for model in self._models]
            found = self._laid_out[described] = "".join(rows), array("Q", accumulate(map(len, rows)))
        return found
