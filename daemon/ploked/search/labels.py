"""Ids and names, laid out so that one pass over one string finds a word in all of them and says how well it fits.

All labels stand in one string without their punctuation, so that `gpt4o` is found in `openai/gpt-4o`. Beside it stands
what begins at each character, and what ends there.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate, chain, compress, repeat

from .text import unaccented

WHOLE, EXACT, WHOLE_PREFIX, PREFIX, BOUNDARY, INSIDE = range(6)
"""How a word fits a label, best first: as whole words, from the start of one, from the start of a part of one or as
initials, or within one. WHOLE and WHOLE_PREFIX also leave no word of the label unsaid but the author: `gpt4o` is all of
openai/gpt-4o and not all of openai/gpt-4o-mini."""

MIN_SUBSEQUENCE = 3
"""Letters: any two, in order, are in nearly every name."""

Label = tuple[str, str]
"""The author in front, empty where there is none, and the rest."""

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
    """The labels of numbered rows. Matches are dicts from row to a cost, the smaller the better."""

    def __init__(self, rows: Sequence[Sequence[Label]]) -> None:
        """Lay out the labels of each row, of which there must be one at least."""
        shown = _shown([label for labels in rows for label in labels])
        self._text, self._kinds = _squashed(shown), _kinds(shown)
        widths = [len(line) + 1 for line in self._text[1:].split("\n")[:-1]]
        self._ends = _ends(self._kinds, widths)
        label_rows = [row for row, labels in enumerate(rows) for _ in labels]
        self._row_at = array("I", chain.from_iterable(map(repeat, label_rows, widths)))
        self._row_ends = list(dict(zip(label_rows, accumulate(widths), strict=True)).values())
        self._begins = self._kinds.translate(_BEGINS)
        self._initials = "".join(compress(self._text, self._begins))
        self._initials_row_at = array("I", compress(self._row_at, self._begins))

    def fits(self, word: str) -> dict[int, int]:
        """Return each row with a label that `word` (squashed) is in, and its best fit: WHOLE to INSIDE."""
        text, kinds, ends, row_at = self._text, self._kinds, self._ends, self._row_at
        width, best = len(word), dict[int, int]()
        at = text.find(word)
        while at >= 0:
            row, fit = row_at[at], _FIT[kinds[at] + ends[at + width]]
            if fit < best.get(row, INSIDE + 1):
                best[row] = fit
            # Nothing is better than whole: go on with the next row.
            at = text.find(word, at + 1 if fit else self._row_ends[row])
        if width > 1:
            self._add_initials(word, best)
        return best

    def _add_initials(self, word: str, best: dict[int, int]) -> None:
        at = self._initials.find(word)
        while at >= 0:
            row = self._initials_row_at[at]
            if best.get(row, INSIDE) > BOUNDARY:
                best[row] = BOUNDARY
            at = self._initials.find(word, at + 1)

    def subsequences(self, word: str) -> dict[int, int]:
        """Return each row with a label that holds the letters of `word` in order: twice how many others lie between.

        They begin where a word or a part does, each next one is in the same part or begins a later one, and all lie
        within three times the length of `word`. Letters strewn at will are in any long name. One that is all of its
        label costs one less.
        """
        best: dict[int, int] = {}
        if len(word) < MIN_SUBSEQUENCE:
            return best
        at = self._text.find(word[0])
        while at >= 0:
            if self._begins[at] and (end := self._subsequence_end(word, at)):
                row, fit = self._row_at[at], _FIT[self._kinds[at] + self._ends[end]]
                cost = 2 * (end - at - len(word)) + (fit not in (WHOLE, WHOLE_PREFIX))
                best[row] = min(cost, best.get(row, cost))
            at = self._text.find(word[0], at + 1)
        return best

    def _subsequence_end(self, word: str, at: int) -> int:
        """Return where the letters of `word` end that start at `at`; 0 when they do not follow as they must."""
        text, begins = self._text, self._begins
        stop = min(at + 3 * len(word), text.find("\n", at))
        for letter in word[1:]:
            last, at = at, text.find(letter, at + 1, stop)
            while at >= 0 and not begins[at] and begins.find(1, last + 1, at) >= 0:
                at = text.find(letter, at + 1, stop)
            if at < 0:
                return 0
        return at + 1


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
