"""Read single values of an upstream, whatever they are: the value in its proper type, or None; nothing raises."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from sys import intern
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

MAX_COUNT = 2**53 - 1
"""Larger whole numbers are garbage, and clients that hold numbers as doubles could not tell them apart."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,16}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""C0, C1, line separators, and the marks that turn the direction of what follows."""
_CONTROL_IN_PROSE = re.compile(_CONTROL.pattern.replace(r"\x00-\x1f", r"\x00-\x08\x0b-\x1f"))
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


def text(value: object, limit: int = 200) -> str | None:
    """Return a string on one line: no blanks at its ends, no control characters, cut to `limit` characters.

    None when nothing is left of it. What is read here ends up in terminals, where an escape sequence would act.
    """
    if type(value) is not str:
        return None
    line = value if value.isprintable() else _CONTROL.sub(" ", value)
    return line[:limit].strip() or None


def prose(value: object, limit: int) -> str:
    """Return a string that may have several lines, made harmless as by `text`; "" when there is none."""
    if type(value) is not str:
        return ""
    return (value if value.isprintable() else _CONTROL_IN_PROSE.sub(" ", value))[:limit].strip()


def url(value: object) -> str | None:
    """Return a web address; None for other schemes, which a client must not open."""
    address = text(value, 2000)
    return address if address and address.startswith(("https://", "http://")) else None


def whole(value: object) -> int | None:
    """Return an int, also out of a string or a float without a fraction; None when it is none, or absurd in size."""
    if type(value) is str:
        found = _WHOLE.fullmatch(value.strip())
        return int(found[0]) if found else None
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and abs(value) <= MAX_COUNT else None


def count(value: object) -> int | None:
    """Return a whole number above 0 (tokens, seconds); None otherwise: upstream sends 0 for "unknown"."""
    if type(value) is not int:
        value = whole(value)
    return value if value is not None and 0 < value <= MAX_COUNT else None


def real(value: object) -> float | None:
    """Return a finite number as a float, also out of a string."""
    if value is None or type(value) not in (int, float, str):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # its type was checked above, as a set mypy does not narrow by
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def iso_date(value: object) -> str | None:
    """Return the date that a string starts with, as YYYY-MM-DD."""
    found = _DATE.match(value.strip()) if type(value) is str else None
    return found[0] if found else None


def words(value: object) -> tuple[str, ...] | None:
    """Return the strings of a list, in order, repeats dropped; None when it is no list.

    They are interned: the same few dozen words come with every model and endpoint, in every answer.
    """
    if type(value) is not list:
        return None
    return tuple(dict.fromkeys([intern(item) for item in value if type(item) is str]))


class Memo(dict[bytes, T]):
    """Reads pieces of raw JSON, equal ones once: `memo[bytes(raw)]` is what `read` makes of the decoded piece.

    Most rows repeat each other's lists and prices: this saves decoding them, and the records share what is equal.
    `read` is given None for a piece that is absent or cannot be decoded.
    """

    def __init__(self, read: Callable[[Any], T]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, piece: bytes) -> T:
        """Read a piece that has not come before, and keep the result."""
        value = self[piece] = self._read(_decoded(piece))
        return value


def _decoded(piece: bytes) -> object:
    try:
        return msgspec.json.decode(piece) if piece else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None  # e.g. 1e999: well formed, so the answer as a whole was let through


def strict(data: bytes) -> bytes:
    """Return JSON without what only some parsers take: NaN and 1e999 become null, half a surrogate pair U+FFFD.

    Upstream cuts descriptions by UTF-16 units, so half an emoji may well come. Raises ValueError or RecursionError
    when `data` is no JSON at all. Slow: for an answer that was refused.
    """
    value = json.loads(data.decode("utf-8", "replace"), parse_float=real, parse_constant=lambda _: None)
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
