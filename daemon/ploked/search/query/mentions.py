"""What models are called and how they are described, for phrases and negated words: whole words, signs aside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from ploked_protocol.catalog import ModelRecord

from ..bits import bits_of
from .evaluate import spaced, texts

MAX_CACHED = 64
"""Words; the next key of a query asks for most of them again."""


class Mentions:
    """The texts of models, laid out in two long ones: what they are called, and that with the descriptions."""

    def __init__(self, models: Sequence[ModelRecord]) -> None:
        self._models = models
        self._laid_out: dict[bool, tuple[str, list[int]]] = {}
        self._cache: dict[tuple[str, bool], int] = {}

    def warm(self) -> None:
        """Lay the texts out now."""
        self._text(with_description=False)
        self._text(with_description=True)

    def rows(self, text: str, *, with_description: bool) -> int:
        """Return the rows in one of whose texts `text` stands."""
        wanted = f" {spaced(text)} "
        found = self._cache.get((wanted, with_description))
        if found is None:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            found = self._cache[wanted, with_description] = self._find(wanted, with_description=with_description)
        return found

    def _find(self, wanted: str, *, with_description: bool) -> int:
        whole, ends = self._text(with_description=with_description)
        rows: list[int] = []
        row, at = 0, whole.find(wanted)
        while at >= 0:
            while ends[row] <= at:
                row += 1
            rows.append(row)
            at = whole.find(wanted, ends[row])
        return bits_of(rows, len(ends))

    def _text(self, *, with_description: bool) -> tuple[str, list[int]]:
        """Return all texts, and where those of each row end."""
        found = self._laid_out.get(with_description)
        if found is None:
            rows = ["\n".join(texts(model, with_description=with_description)) + "\n" for model in self._models]
            found = self._laid_out[with_description] = "".join(rows), list(accumulate(map(len, rows)))
        return found
