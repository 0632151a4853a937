"""Text as search sees it: without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import msgspec

_FOLD = bytes(ord(char.lower()) if char.isalnum() else ord(" ") for char in map(chr, range(128))) + bytes(128)
_SIGN = re.compile(r"[\W_]")
_ODD_SIGN = re.compile(r"[^\w\x00-\x7f]")


MAX_LENGTH = 256
"""Letters of a query that are read: four times the longest id; more is a slip of the clipboard and would take long."""


MAX_WORDS = 16
"""Words of a query that are read: more is a text that was pasted."""


class Word(msgspec.Struct, frozen=True):
    """One blank-separated word of a query, in the spellings that are looked for."""

    spaced: str
    """Punctuation as blanks: `gpt-4o` is "gpt 4o", as it stands in folded prose."""
    squashed: str
    """Punctuation left out: "gpt4o", as it stands in labels."""
    typed: str = ""
    """Punctuation as it was typed, "gpt-4o", as it may stand in an id; empty where there was none."""


def query_words(query: str | Sequence[str]) -> list[Word]:
    """Return the words of `query`, each once; those of punctuation alone say nothing and are left out.

    Words given apart may hold blanks; they then stand for what is written with them.
    """
    parts = query[:MAX_LENGTH].split() if isinstance(query, str) else [part[:MAX_LENGTH] for part in query]
    words = {word.spaced: word for word in map(_word, reversed(parts)) if word.spaced}  # of equals the first
    return list(reversed(words.values()))[:MAX_WORDS]


def _word(part: str) -> Word:
    spaced = " ".join(folded(part).split())
    typed = unaccented(part).lower()
    return Word(spaced, spaced.replace(" ", ""), "" if typed == spaced else typed)


def squashed_places(text: str) -> list[int]:
    """Return, for each letter and digit of `text` as it stands in labels, its place in `text`."""
    if text.isascii():
        return [place for place, char in enumerate(text) if char.isalnum()]
    letters = ((place, letter) for place, char in enumerate(text) for letter in unaccented(char).lower())
    return [place for place, letter in letters if letter.isalnum()]


def folded(text: str) -> str:
    """Return `text` in lower case, without accents, with a blank for each sign."""
    if text.isascii():  # nearly all of a catalog, and ten times as fast
        return text.encode().translate(_FOLD).decode()
    return _SIGN.sub(" ", unaccented(text).lower())


def unaccented(text: str) -> str:
    """Return `text` without accents, with a blank for each sign that is not ASCII; ASCII stays as it is."""
    if text.isascii():
        return text
    letters = (char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return _ODD_SIGN.sub(" ", "".join(char if char.isascii() else char.casefold() for char in letters))


def words_of(text: str) -> list[str]:
    """Return the words of a label, a version number being one: "Claude Sonnet 4.5" gives claude, sonnet, 45."""
    return folded(text.replace(".", "")).split()
