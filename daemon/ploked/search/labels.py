"""Ids and names, laid out so that one pass over one string finds a word in all of them and says how well it fits.

All labels stand in one string without their punctuation, so that `gpt4o` is found in `openai/gpt-4o`. Beside it stands
what begins at each character, and what ends there.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, compress, repeat
from operator import add, itemgetter

from .bits import FEW, bits_of, bits_where, flags_of
from .text import unaccented, words_of

WHOLE, EXACT, WHOLE_PREFIX, PREFIX, BOUNDARY, INSIDE = range(6)
"""How a word fits a label, best first: as whole words, from the start of one, from the start of a part of one or as
initials, or within one. WHOLE and WHOLE_PREFIX also leave no word of the label unsaid but the author: `gpt4o` is all of
openai/gpt-4o and not all of openai/gpt-4o-mini."""

_FITS = range(INSIDE + 1)
MIN_SUBSEQUENCE = 3
"""Letters: any two, in order, are in nearly every name."""

Label = tuple[str, str]
"""The author in front, empty where there is none, and the rest."""

_NOWHERE = 255
_LONG = 200_000
"""Characters: from here on a pattern finds words faster than `find`, though it takes 60 us to make."""
_KEPT_PLACES = 10_000
_KEPT_WORDS = 16
"""Of so many words, where each stands in no more places, the places are kept: one editor's last keys."""
_SAMPLE = 10
"""One part of so many says which pairs of letters are frequent."""
_HEAD, _WORD, _PART, _WITHIN = 0, 4, 8, 12
"""What begins at a character: a label, with its author or without, a word, a part of one (k2, DeepSeek), nothing."""
_LABEL_END, _LAST_WORD, _WORD_END, _MID_WORD = range(4)
"""What ends before a character: a label, nothing but it is in the last word of one, a word, nothing."""
_FIT = (WHOLE, WHOLE_PREFIX, EXACT, PREFIX, EXACT, PREFIX, EXACT, PREFIX, *[BOUNDARY] * 4, *[INSIDE] * 4)
"""By what begins at the first character of a match plus what ends behind the last one."""


def _class(char: str) -> str:
    if char.isalnum():
        return "0" if char.isdigit() else "U" if "A" <= char <= "Z" else "a"
    return char if char in ".\r\n" else " "


_ASCII = [chr(code) for code in range(128)]
_SIGNS = bytes(code for code, char in enumerate(_ASCII) if not char.isalnum() and char != "\n")
_LOWER = bytes(ord(char.lower()) for char in _ASCII) + bytes(128)
_CLASSES = "".join(map(_class, _ASCII)).encode() + bytes(128)
_MARKS = tuple(
    (old.encode(), new.encode())
    for old, new in (
        ("0.0", "0_0"), ("0.0", "0_0"), (".", " "),  # a point between digits ends no word; "1.2.3" takes two passes
        ("aU", "ab"), ("U", "a"),  # the S of DeepSeek
        ("\na", "\nH"), ("\ra", "\rH"), (" a", " W"), ("\n0", "\nJ"), ("\r0", "\rJ"), (" 0", " D"),
        ("_0", "_s"), ("0a", "0b"), ("Ja", "Jb"), ("Da", "Db"), ("sa", "sb"),  # the b of 70b
        ("a0", "as"), ("H0", "Hs"), ("W0", "Ws"), ("b0", "bs"),  # the 2 of k2
    )
)  # fmt: skip
"""Applied in turn to the classes of all characters; letters that begin something become H, W, b, digits J, D, s."""
_KIND_OF = {"\n": _HEAD, "H": _HEAD, "J": _HEAD, "W": _WORD, "D": _WORD, "b": _PART, "s": _PART}
_KINDS = bytes(_KIND_OF.get(char, _WITHIN) for char in _ASCII) + bytes(128)
_BEGINS = bytes(kind < _WITHIN for kind in range(256))
_BEGINS_WORD = bytes(kind < _PART for kind in range(256))
_ENDS = bytes(_WORD_END if kind < _PART else _MID_WORD for kind in range(256))


class Labels:
    """The labels of numbered rows. Sets of rows are numbers whose bits are the rows."""

    def __init__(self, rows: Sequence[Sequence[Label]]) -> None:
        """Lay out the labels of each row, of which there must be one at least."""
        shown = _shown([label for labels in rows for label in labels])
        self._text, self._kinds = _squashed(shown), _kinds(shown)
        widths = [len(line) + 1 for line in self._text[1:].split("\n")[:-1]]
        self._ends = _ends(self._kinds, widths)
        label_rows = [row for row, labels in enumerate(rows) for _ in labels]
        self._count = len(rows)
        self._row_at = array("I", chain.from_iterable(map(repeat, label_rows, widths)))
        self._row_ends = array("I", dict(zip(label_rows, accumulate(widths), strict=True)).values())
        self._begins = self._kinds.translate(_BEGINS)
        self._initials = "".join(compress(self._text, self._begins))
        self._places_of, self._initial_places_of = _Places(self._text), _Places(self._initials)
        self._begin_at = array("I", compress(range(len(self._text)), self._begins))
        self._starts: dict[str, array[int]] = {}
        self.own_words = _own_words(shown, rows)
        """Of each row, the words of each of its labels, without the author."""

    def fits(self, word: str) -> list[int]:
        """Return the rows with a label that `word` (squashed) is in, by their best fit: WHOLE to INSIDE."""
        places = self._places_of.places(word)
        ends = memoryview(self._ends)[len(word) :]
        fits = map(_FIT.__getitem__, map(add, _at(places, self._kinds), _at(places, ends)))
        found = list(zip(_at(places, self._row_at), fits, strict=True))
        if len(word) > 1:
            starts = _at(self._initial_places_of.places(word), self._begin_at)
            found += [(row, BOUNDARY) for row in _at(starts, self._row_at)]
        return self._by_best_fit(found)

    def _by_best_fit(self, found: list[tuple[int, int]]) -> list[int]:
        if len(found) < FEW:
            best = dict(sorted(found, key=itemgetter(1), reverse=True))
            return [bits_of([row for row, its in best.items() if its == fit], self._count) for fit in _FITS]
        codes = bytearray([_NOWHERE]) * self._count  # that of row 0 last
        for row, _ in found:
            codes[~row] = INSIDE  # most fits are
        for row, fit in [each for each in found if each[1] < INSIDE]:
            if fit < codes[~row]:
                codes[~row] = fit
        return [bits_where(codes, fit) if fit in codes else 0 for fit in _FITS]

    def words(self) -> set[str]:
        """Return each word of a label, each label without its author and each with it, squashed."""
        own = {words for labels in self.own_words for words in labels}
        return {*chain.from_iterable(own), *map("".join, own), *self._text.split()}

    def subsequences(self, word: str, among: int) -> dict[int, int]:
        """Return the rows with a label that holds the letters of `word` in order, by twice how many others lie between.

        They begin where a word or a part does, each next one is in the same part or begins a later one, and all lie
        within three times the length of `word`. Letters strewn at will are in any long name. One that is all of its
        label costs one less. Rows that are not in the set `among` are not looked into.
        """
        best: dict[int, int] = {}
        for at in self._beginnings(word, among) if len(word) >= MIN_SUBSEQUENCE else ():
            if places := self._in_order(word, at):
                row, cost = self._row_at[at], self._cost(places)
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
        is_among = map(flags_of(among, self._count).__getitem__, _at(starts, self._row_at))
        return (at for at in compress(starts, is_among) if soon.match(self._text, at))

    def starts(self, letter: str) -> array[int]:
        """Return where `letter` begins a word or a part; kept."""
        if letter not in self._starts:
            self._starts[letter] = array("I", _at(_places(letter, self._initials), self._begin_at))
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
        counts = Counter(map(add, sample, sample[1:]))
        counts.update(word[:end] for words in labels for word in words for end in (3, 4) if end <= len(word))
        return [*letters, *(text for text, n in counts.items() if n * _SAMPLE >= least and "\n" not in text)]

    def _in_order(self, word: str, at: int) -> list[int]:
        """Return where the letters of `word` stand that begins at `at`; none when they do not follow as they must.

        Of several ways it is the one that ends first.
        """
        text, begins = self._text, self._begins
        stop = min(at + 3 * len(word), text.find("\n", at))
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

    def _cost(self, places: list[int]) -> int:
        fit = _FIT[self._kinds[places[0]] + self._ends[places[-1] + 1]]
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
        places = [start + at for at in _places(word, text[start:end])]
        best = min(places, key=lambda at: _FIT[self._kinds[at] + self._ends[at + width]], default=None)
        if best is not None and _FIT[self._kinds[best] + self._ends[best + width]] <= BOUNDARY:
            return range(best, best + width)
        begins = [at for at in range(start, end) if self._begins[at]]
        at = "".join([text[begin] for begin in begins]).find(word)
        if at >= 0 and width > 1:
            return begins[at : at + width]
        if best is not None or not in_order:
            return () if best is None else range(best, best + width)
        ways = [places for at in begins if text[at] == word[0] and (places := self._in_order(word, at))]
        return min(ways, key=self._cost, default=[])


class _Places:
    """Where words stand in a text. What the key before has found is kept, for the next one to be found there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._last: dict[str, list[int]] = {}

    def places(self, word: str) -> list[int]:
        """Return where `word` stands, overlapping itself or not."""
        shorter, end = self._last.get(word[:-1]), len(word) - 1
        if shorter is None:
            places = _places(word, self._text)
        else:
            text, letter = self._text, word[-1]
            places = [at for at in shorter if text[at + end] == letter]
        if len(places) <= _KEPT_PLACES:
            if len(self._last) >= _KEPT_WORDS:
                self._last.clear()
            self._last[word] = places
        return places


def _places(word: str, text: str) -> list[int]:
    if len(text) > _LONG and not any(word.endswith(word[:width]) for width in range(1, len(word))):
        return list(map(re.Match.start, re.finditer(re.escape(word), text)))
    places, at = [], text.find(word)
    while at >= 0:
        places.append(at)
        at = text.find(word, at + 1)
    return places


def _at(places: Sequence[int], of: Sequence[int] | memoryview) -> Sequence[int]:
    """Return the items of `of` at `places`."""
    return itemgetter(*places)(of) if len(places) > 1 else [of[place] for place in places]


def _own_words(shown: str, rows: Sequence[Sequence[Label]]) -> list[tuple[tuple[str, ...], ...]]:
    """Return the words of each label without its author; labels that say the same share them."""
    words = iter([tuple(words_of(line.rpartition("\r")[2])) for line in shown[1:-1].split("\n")])
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    return [tuple([known.setdefault(own, own) for own in [next(words) for _ in labels]]) for labels in rows]


def _shown(labels: list[Label]) -> str:
    """Return each label on a line of its own after a newline, the author before a carriage return."""
    shown = _lines(labels)
    if shown.isascii() and shown.count("\n") == len(labels) + 1 and shown.count("\r") == len(labels):
        return shown
    # Accents or odd blanks, which few labels have and which take a while.
    return _lines([(_clean(author), _clean(own)) for author, own in labels])


def _lines(labels: list[Label]) -> str:
    return "".join([f"\n{author}\r{own}" for author, own in labels]) + "\n"


def _clean(text: str) -> str:
    return " ".join(unaccented(text).split())


def _squashed(shown: str) -> str:
    if shown.isascii():
        return shown.encode().translate(_LOWER, _SIGNS).decode()
    return "".join(char for char in shown.lower() if char.isalnum() or char == "\n")


def _kinds(shown: str) -> bytes:
    """Return what begins at each character of `_squashed(shown)`."""
    classes = shown.encode().translate(_CLASSES) if shown.isascii() else "".join(map(_class, shown)).encode()
    for old, new in _MARKS:
        classes = classes.replace(old, new)
    return classes.translate(_KINDS, b" _\r")


def _ends(kinds: bytes, widths: list[int]) -> bytes:
    """Return what ends before each character, for lines of `widths` (their newline counted)."""
    ends, begins_word = bytearray(kinds.translate(_ENDS)), kinds.translate(_BEGINS_WORD)
    for stop, width in zip(accumulate(widths), widths, strict=True):
        last_word = begins_word.rfind(1, stop - width + 1, stop)
        if last_word >= 0:
            ends[last_word + 1 : stop] = bytes([_LAST_WORD]) * (stop - last_word - 1)
        ends[stop] = _LABEL_END
    return bytes(ends)
