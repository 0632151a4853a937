"""Sets of rows as whole numbers, row n being bit n: to join, meet and count them takes microseconds at any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from itertools import compress

FEW = 24
"""Rows; so few are put into a set faster one by one."""
_SPARSE = 8
"""A set with one row of so many, or fewer, is gone through from row to row."""
_WINDOW = 512
"""Rows that are looked at first; then each time so many times more:"""
_WIDER = 4
_ONE = ord("1")
_TRUE = bytes(ord("0")) + b"\0\1" + bytes(206)
"""Digits as booleans."""


def bits_of(rows: Iterable[int], count: int) -> int:
    """Return the set of `rows`, each below `count`."""
    rows = rows if isinstance(rows, Sized) else list(rows)
    bits = 0
    if len(rows) < FEW:
        for row in rows:
            bits |= 1 << row
        return bits
    digits = bytearray(b"0") * count
    for row in rows:
        digits[~row] = _ONE  # the digit of bit 0 is the last
    return int(digits, 2)


def rows_of(bits: int) -> Iterator[int]:
    """Yield the rows of a set in their order; who wants the first few pays for little more."""
    start, width = 0, _WINDOW
    while bits:
        window = bits & ((1 << width) - 1)
        digits = bin(window)
        if window.bit_count() * _SPARSE > len(digits):
            yield from compress(range(start, start + width), digits[:1:-1].encode().translate(_TRUE))
        else:
            last = start + len(digits) - 1
            at = digits.rfind("1")
            while at >= 0:
                yield last - at
                at = digits.rfind("1", 0, at)
        bits >>= width
        start, width = start + width, width * _WIDER


def flags_of(bits: int, count: int) -> bytes:
    """Return for each of `count` rows whether it is in a set."""
    return bin(bits)[:1:-1].encode().translate(_TRUE).ljust(count, b"\0")
