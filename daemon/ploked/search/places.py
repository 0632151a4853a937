"""Where words stand in a text, and what stands at places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from operator import itemgetter

_LONG = 200_000
"""Characters: from here on a pattern finds words faster than `find`, though it takes 60 us to make."""
_STEP = 1 << 16
"""Places that are found in one go, while no other thread runs: some 10 ms."""
_KEPT_PLACES = 10_000
_KEPT_WORDS = 16
"""Of so many words, where each stands in no more places, the places are kept: one editor's last keys."""


class Places:
    """Where words stand in a text. What the key before has found is kept, for the next one to be found there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._last: dict[str, list[int]] = {}

    def places(self, word: str) -> list[int]:
        """Return where `word` stands."""
        shorter, end = self._last.get(word[:-1]), len(word) - 1
        if shorter is None:
            places = places_of(word, self._text)
        else:
            text, letter = self._text, word[-1]
            places = [at for at in shorter if text[at + end] == letter]
        if len(places) <= _KEPT_PLACES:
            if len(self._last) >= _KEPT_WORDS:
                self._last.clear()
            self._last[word] = places
        return places


def places_of(word: str, text: str) -> list[int]:
    """Return where `word` stands in `text`, overlapping itself or not."""
    if len(text) > _LONG and not any(word.endswith(word[:width]) for width in range(1, len(word))):
        found, many = re.finditer(re.escape(word), text), list[int]()
        while part := list(map(re.Match.start, islice(found, _STEP))):
            many += part
        return many
    places, at = [], text.find(word)
    while at >= 0:
        places.append(at)
        at = text.find(word, at + 1)
    return places


def items_at(places: Sequence[int], of: Sequence[int] | memoryview) -> Sequence[int]:
    """Return the items of `of` at `places`."""
    return itemgetter(*places)(of) if len(places) > 1 else [of[place] for place in places]
