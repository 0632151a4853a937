"""Sets of numbered places as the bits of one integer, and columns of values as a few such sets.

A column is a bit-sliced index (O'Neil and Quass, 1997): its distinct values are numbered in order, and for each binary
digit of those numbers there is the set of places where it is 1. A comparison then takes a few `&` and `^` of integers
per digit, each some microseconds for a million places, however many places it holds for.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

_TO_DIGITS = bytes.maketrans(b"\0\1", b"01")
_DIGIT = [bytes(48 + (byte >> bit & 1) for byte in range(256)) for bit in range(8)]
"""By bit: what turns bytes into the digits of that bit."""


def from_flags(flags: Iterable[object]) -> int:
    """Return the places where `flags` are true."""
    return int(bytes(map(bool, flags))[::-1].translate(_TO_DIGITS) or b"0", 2)


class Column:
    """The values at places; None is unknown. `values` are all of one kind that has an order."""

    def __init__(self, values: Sequence[Any]) -> None:
        found = set(values)
        found.discard(None)
        self.values: list[Any] = sorted(found)
        self.known = from_flags([value is not None for value in values])
        number = {value: at for at, value in enumerate(self.values)}
        number[None] = 0
        numbers = array("I", map(number.__getitem__, values))
        if sys.byteorder == "big":
            numbers.byteswap()
        data = numbers.tobytes()[::-1]
        self._digits = [_digit(data, bit) for bit in range((len(self.values) - 1).bit_length() if self.values else 0)]

    def within(self, low: Any, high: Any, *, open_: bool) -> int:
        """Return the places of known values from `low` to `high`, of which None is no bound; `open_` omits both."""
        lowest, highest = (bisect_right, bisect_left) if open_ else (bisect_left, bisect_right)
        start = 0 if low is None else lowest(self.values, low)
        end = len(self.values) if high is None else highest(self.values, high)
        return self._below(end) ^ self._below(start) if start < end else 0

    def equal(self, value: Any) -> int:
        """Return the places of exactly `value`."""
        at = bisect_left(self.values, value)
        if at == len(self.values) or self.values[at] != value:
            return 0
        same = self.known
        for bit, places in enumerate(self._digits):
            same = same & places if at >> bit & 1 else same ^ (same & places)
        return same

    def _below(self, end: int) -> int:
        """Return the places of the first `end` values."""
        if end >= len(self.values):
            return self.known
        below, same = 0, self.known
        for bit in reversed(range(len(self._digits))):
            ones = same & self._digits[bit]
            if end >> bit & 1:
                below |= same ^ ones
                same = ones
            else:
                same ^= ones
        return below


def _digit(data: bytes, bit: int) -> int:
    """Return the places where a bit of the number is 1; `data` are numbers of 4 bytes, the last one first."""
    at = 3 - bit // 8
    return int(data[at::4].translate(_DIGIT[bit % 8]) or b"0", 2)


class Sets:
    """Places that hold any number of texts each; None is unknown."""

    def __init__(self, sets: Sequence[frozenset[str] | None]) -> None:
        self.known = from_flags([names is not None for names in sets])
        number = {names: at for at, names in enumerate(set(sets))}  # few sets differ, and hashing is cached per object
        alike = Column([number[names] for names in sets])
        self._places: dict[str, int] = {}
        for names, at in number.items():
            where = alike.equal(at)
            for name in names or ():
                self._places[name] = self._places.get(name, 0) | where
        self.values = sorted(self._places)

    def equal(self, name: str) -> int:
        """Return the places that hold `name`."""
        return self._places.get(name, 0)
