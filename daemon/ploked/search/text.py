"""Text as search sees it: without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata

import msgspec

_FOLD = bytes(ord(char.lower()) if char.isalnum() else ord(" ") for char in map(chr, range(128))) + bytes(128)
_SIGN = re.compile(r"[\W_]")
_ODD_SIGN = re.compile(r"[^\w\x00-\x7f]")


MAX_LENGTH = 256
"""Letters of a query that are read: four times the longest id; more is a slip of the clipboard and would take long."""


class Word(msgspec.Struct, frozen=True):
    """One blank-separated word of a query, in the two spellings that are looked for."""

    spaced: str
    """Punctuation as blanks: `gpt-4o` is "gpt 4o", as it stands in folded prose."""
    squashed: str
    """Punctuation left out: "gpt4o", as it stands in labels."""


def query_words(query: str) -> list[Word]:
    """Return the words of `query`, each once; those of punctuation alone say nothing and are left out."""
    spaced = (" ".join(folded(part).split()) for part in query[:MAX_LENGTH].split())
    return [Word(text, text.replace(" ", "")) for text in dict.fromkeys(spaced) if text]


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
