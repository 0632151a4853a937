"""Columns of values at numbered places, as a few sets of places.

A column is a bit-sliced index (O'Neil and Quass, 1997): its distinct values are numbered in order, and for each binary
digit of those numbers there is the set of places where it is 1. A comparison then takes a few `&` and `^` of integers
per digit, each some microseconds for a million places, however many places it holds for.

All is done in steps that keep other threads waiting for a few milliseconds at most, whatever the size.
"""

from __future__ import annotations

import heapq
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..steps import steps
from .numbered import Numbered

_DIGIT = [bytes(48 + (byte >> bit & 1) for byte in range(256)) for bit in range(8)]
"""By bit: what turns bytes into the digits of that bit."""


class Slices:
    """Numbers at places, as the set of places of each binary digit."""

    def __init__(self, layers: Sequence[array[int]], end: int) -> None:
        """Take numbers below `end`."""
        width = layers[0].itemsize
        data = b"".join(map(_bytes, layers))[::-1]
        self.every = (1 << len(data) // width) - 1
        self._digits = [_digit(data, width, bit) for bit in range((end - 1).bit_length())]

    def equal(self, number: int) -> int:
        """Return the places of exactly `number`."""
        same = self.every
        for bit, places in enumerate(self._digits):
            same = same & places if number >> bit & 1 else same ^ (same & places)
        return same

    def below(self, end: int) -> int:
        """Return the places of all numbers below `end`."""
        if end >> len(self._digits):
            return self.every
        below, same = 0, self.every
        for bit in reversed(range(len(self._digits))):
            ones = same & self._digits[bit]
            if end >> bit & 1:
                below |= same ^ ones
                same = ones
            else:
                same ^= ones
        return below


def _bytes(layer: array[int]) -> bytes:
    """Return the numbers, of each the lowest byte first."""
    if sys.byteorder == "big":
        layer = layer[:]
        layer.byteswap()
    return layer.tobytes()


def _digit(data: bytes, width: int, bit: int) -> int:
    """Return the places where a bit of the number is 1; `data` are numbers of `width` bytes, the last one first."""
    at = width - 1 - bit // 8
    return int(data[at::width].translate(_DIGIT[bit % 8]) or b"0", 2)


class Column:
    """The values at places; None is unknown. They are all of one kind that has an order."""

    def __init__(self, found: Numbered) -> None:
        self.values: list[Any] = in_order([value for value in found.numbers if value is not None])
        self._slices = Slices(found.translated(_ranks(found, self.values)), len(self.values) + 1)
        self.known = self._slices.below(len(self.values))

    def within(self, low: Any, high: Any, *, open_: bool) -> int:
        """Return the places of known values from `low` to `high`, of which None is no bound; `open_` omits both."""
        lowest, highest = (bisect_right, bisect_left) if open_ else (bisect_left, bisect_right)
        start = 0 if low is None else lowest(self.values, low)
        end = len(self.values) if high is None else highest(self.values, high)
        return self._below(end) ^ self._below(start) if start < end else 0

    def equal(self, value: Any) -> int:
        """Return the places of exactly `value`."""
        at = bisect_left(self.values, value)
        return self._slices.equal(at) if at < len(self.values) and self.values[at] == value else 0

    def _below(self, end: int) -> int:
        return self.known if end == len(self.values) else self._slices.below(end) if end else 0


class Sets:
    """Places that hold any number of texts each; None is unknown."""

    def __init__(self, found: Numbered) -> None:
        alike = Slices(found.layers, len(found.numbers))
        self.known = alike.every ^ alike.equal(0)
        self._places: dict[str, int] = {}
        for names, number in found.numbers.items():
            where = alike.equal(number) if names else 0
            for name in names or ():
                self._places[name] = self._places.get(name, 0) | where
        self.values = sorted(self._places)

    def equal(self, name: str) -> int:
        """Return the places that hold `name`."""
        return self._places.get(name, 0)


class Ranks:
    """The rows by their best value."""

    def __init__(self, found: Numbered, values: list[Any], *, smallest: bool) -> None:
        """Of several values of a row, the smallest or the largest is its best one; `values` are all, in order."""
        self.values = values
        self.of_row = _best(found, values, smallest=smallest)
        """For each row, how many different values are before its own; unknown ones are after all."""
        rows: list[list[int]] = [[] for _ in range(len(values) + 1)]
        for row, rank in enumerate(self.of_row):
            rows[rank].append(row)
        self.told = len(self.of_row) - len(rows[-1])
        """How many rows have a value."""
        self.upwards = array("I")
        """The rows, by rank."""
        for each in rows:
            self.upwards.extend(each)


def _best(found: Numbered, values: list[Any], *, smallest: bool) -> array[int]:
    unknown, ranks = len(values), _ranks(found, values)
    if smallest:
        return _each_row(min, found.translated(ranks))
    largest = _each_row(max, found.translated([0 if rank == unknown else rank + 1 for rank in ranks]))
    return array("I", [rank - 1 if rank else unknown for rank in largest])


def _each_row(best: Callable[[Iterable[int]], int], layers: list[array[int]]) -> array[int]:
    found = array("I")
    for part in steps(len(layers[0])):
        found.extend(map(best, zip(*(layer[part] for layer in layers), strict=True)))
    return found


def _ranks(found: Numbered, values: list[Any]) -> list[int]:
    """Return the place in `values` of what each number stands for, their count for None."""
    rank = {value: at for at, value in enumerate(values)}
    return [rank.get(value, len(values)) for value in found.numbers]


def in_order(values: list[Any]) -> list[Any]:
    """Return `values` sorted."""
    return list(heapq.merge(*(sorted(values[part]) for part in steps(len(values)))))
