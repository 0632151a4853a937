"""Where the words of a query stand in the ids and names that they found, for clients to mark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ploked_protocol.catalog import ModelRecord

from .rank import Ranking
from .text import Word, squashed_places

Span = tuple[int, int]
"""Code points, half open."""


class Highlighter:
    """Marks the words that a search was answered by."""

    def __init__(self, ranking: Ranking, words: Sequence[Word]) -> None:
        self._ranking = ranking
        self._words = words

    def marks(self, model: ModelRecord, row: int) -> dict[str, list[Span]]:
        """Return what is to be marked in the id and in the name of `model`: what the ranking has found there.

        Of each word the letters that fit best: as they stand together, as initials, or in their order. A word that is
        only in the description marks nothing.
        """
        found = [self._ranking.letters(word, row) for word in self._words]
        return {
            text_name: _spans(squashed_places(text), (letters[label] for letters in found))
            for label, (text_name, text) in enumerate((("id", model.id), ("name", model.name)))
        }


def _spans(place_of: Sequence[int], found: Iterable[Sequence[int]]) -> list[Span]:
    """Return the spans of the letters in `found`, which are places in the squashed text."""
    places = sorted({place_of[letter] for letters in found for letter in letters})
    spans: list[Span] = []
    for place in places:
        if spans and spans[-1][1] == place:
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    return spans
