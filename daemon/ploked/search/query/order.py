"""The order that `sort:` asks for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import compress, islice, takewhile
from typing import Any

from ploked_protocol.catalog import ModelRecord

from ..bits import flags_of
from .columns import SORT_FACTS, Columns
from .facts import SMALLEST_IS_BEST, SORTED, Endpoints
from .matching import Matching
from .terms import SortKey

FEW = 4
"""Times the limit: so many rows are sorted faster than sought in an order of all."""


def ordered(rows: Sequence[int], keys: Sequence[SortKey], columns: Columns, limit: int | None = None) -> list[int]:
    """Return `rows`, at most `limit`, sorted by `keys`; equals stay in their order, unknown facts come last."""
    if not keys:
        return list(rows[:limit])
    if limit is not None and len(rows) > FEW * limit:
        flags = bytearray(columns.count)
        for row in rows:
            flags[row] = 1
        first = frozenset(_first(flags, keys[0], columns, limit))
        rows = [row for row in rows if row in first]
    return _sorted(rows, keys, columns)[:limit]


def head(found: Matching, keys: Sequence[SortKey], columns: Columns, limit: int | None = None) -> list[int]:
    """Return the rows that are found, at most `limit`, sorted by `keys`, equals as the catalog has them.

    `ordered` gives the same of `found.among(columns.order)`, and takes longer where many are found.
    """
    if not keys and found.total == columns.count:
        return list(columns.order[:limit])
    flags, order = flags_of(found.rows, columns.count), columns.order
    if limit is not None and found.total <= FEW * limit:
        return _sorted(sorted(found.in_order(), key=columns.position.__getitem__), keys, columns)[:limit]
    if not keys or limit is None:
        rows = list(islice(compress(order, map(flags.__getitem__, order)), None if keys else limit))
    else:
        rows = sorted(_first(flags, keys[0], columns, limit), key=columns.position.__getitem__)
    return _sorted(rows, keys, columns)[:limit]


def _sorted(rows: Sequence[int], keys: Sequence[SortKey], columns: Columns) -> list[int]:
    rows = list(rows)
    for key in reversed(keys):
        name, downwards = _read(key)
        known, ranks = _now(name, columns)
        rows.sort(key=_turned(ranks, len(known)) if downwards else ranks.__getitem__)
    return rows


def _turned(ranks: Sequence[float], unknown: int) -> Callable[[int], float]:
    """Return what to sort rows by for the opposite order, in which unknown ones are last again."""
    return lambda row: -rank if (rank := ranks[row]) < unknown else 1


def _first(flags: bytes | bytearray, key: SortKey, columns: Columns, limit: int) -> list[int]:
    """Return the first `limit` by `key` of the rows that `flags` has, those equal to the last, and those changed."""
    name, downwards = _read(key)
    built = columns.ranks(name)
    ranks, order = built.of_row, built.upwards
    if downwards:
        order = order[: built.told][::-1] + order[built.told :]
    changed = [row for row in columns.changed if flags[row]]
    rows = (row for row in compress(order, map(flags.__getitem__, order)) if row not in columns.changed)
    first = list(islice(rows, limit))
    if first:
        last = ranks[first[-1]]
        first += takewhile(lambda row: ranks[row] == last, rows)
    return first + changed


def _read(key: SortKey) -> tuple[str, bool]:
    """Return the fact that `key` goes by, and whether downwards."""
    return SORT_FACTS.get(key.name, key.name), (key.name == "new") ^ key.descending


def _now(name: str, columns: Columns) -> tuple[Sequence[Any], Sequence[float]]:
    """Return the different values, and the rank of each row, those that have changed between two if need be."""
    built = columns.ranks(name)
    known, ranks = built.values, built.of_row
    changed = {row: _value(name, *now) for row, now in columns.changed.items()}
    if not changed:
        return known, ranks
    now, between = list[float](ranks), sorted({value for value in changed.values() if value is not None})
    for row, value in changed.items():
        at: float = len(known) if value is None else bisect_left(known, value)
        if value is not None and (at == len(known) or known[int(at)] != value):
            at += (1 + between.index(value)) / (1 + len(between)) - 1
        now[row] = at
    return known, now


def _value(name: str, model: ModelRecord, endpoints: Endpoints) -> Any:
    """Return what a model is sorted by, None where that is unknown."""
    fact, best = SORTED[name], min if name in SMALLEST_IS_BEST else max
    if not endpoints or fact.of_endpoint is None:
        return fact.of_model(model, endpoints)
    return best((value for each in endpoints if (value := fact.of_endpoint(each)) is not None), default=None)
