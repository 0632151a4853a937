"""How labels are laid out: one string without their punctuation, and beside it what begins and what ends where."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, islice

from .text import unaccented, words_of

WHOLE, EXACT, WHOLE_PREFIX, PREFIX, BOUNDARY, INSIDE = range(6)
"""How a word fits a label, best first: as whole words, from the start of one, from the start of a part of one or as
initials, or within one. WHOLE and WHOLE_PREFIX also leave no word of the label unsaid but the author: `gpt4o` is all of
openai/gpt-4o and not all of openai/gpt-4o-mini."""

Label = tuple[str, str]
"""The author in front, empty where there is none, and the rest."""

_HEAD, _WORD, _PART, _WITHIN = 0, 4, 8, 12
"""What begins at a character: a label, with its author or without, a word, a part of one (k2, DeepSeek), nothing."""
_LABEL_END, _LAST_WORD, _WORD_END, _MID_WORD = range(4)
"""What ends before a character: a label, nothing but it is in the last word of one, a word, nothing."""
FIT = (WHOLE, WHOLE_PREFIX, EXACT, PREFIX, EXACT, PREFIX, EXACT, PREFIX, *[BOUNDARY] * 4, *[INSIDE] * 4)
"""By what begins at the first character of a match plus what ends behind the last one."""
HEAD = INSIDE + 1
"""A PREFIX that begins a label, with its author or without. It fits as well as any, and only leads among equals."""
FIT_AND_HEAD = (*FIT[:_MID_WORD], HEAD, *FIT[_MID_WORD + 1 :])


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
BEGINS = bytes(kind < _WITHIN for kind in range(256))
_BEGINS_WORD = bytes(kind < _PART for kind in range(256))
_ENDS = bytes(_WORD_END if kind < _PART else _MID_WORD for kind in range(256))


def shown_lines(labels: list[Label]) -> str:
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


def squashed(shown: str) -> str:
    """Return `shown` in lower case without its punctuation, a label a line."""
    if shown.isascii():
        return shown.encode().translate(_LOWER, _SIGNS).decode()
    return "".join(char for char in shown.lower() if char.isalnum() or char == "\n")


def kinds_of(shown: str) -> bytes:
    """Return what begins at each character of `squashed(shown)`."""
    classes = shown.encode().translate(_CLASSES) if shown.isascii() else "".join(map(_class, shown)).encode()
    for old, new in _MARKS:
        classes = classes.replace(old, new)
    return classes.translate(_KINDS, b" _\r")


def ends_of(kinds: bytes, widths: list[int]) -> bytes:
    """Return what ends before each character, for lines of `widths` (their newline counted)."""
    ends, begins_word = bytearray(kinds.translate(_ENDS)), kinds.translate(_BEGINS_WORD)
    for stop, width in zip(accumulate(widths), widths, strict=True):
        last_word = begins_word.rfind(1, stop - width + 1, stop)
        if last_word >= 0:
            ends[last_word + 1 : stop] = bytes([_LAST_WORD]) * (stop - last_word - 1)
        ends[stop] = _LABEL_END
    return bytes(ends)


def own_words_of(shown: str, labels_of_row: Sequence[int]) -> list[tuple[tuple[str, ...], ...]]:
    """Return for each row the words of its labels without their authors; labels that say the same share them."""
    each: dict[str, str] = {}
    lines = shown[1:-1].split("\n")
    words = (tuple([each.setdefault(word, word) for word in words_of(line.rpartition("\r")[2])]) for line in lines)
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    return [tuple([known.setdefault(own, own) for own in islice(words, count)]) for count in labels_of_row]
