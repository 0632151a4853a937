"""The order that `sort:` asks for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import compress, islice, takewhile
from typing import Any, NamedTuple

from ploked_protocol.catalog import ModelRecord
from ploked_protocol.searching import SORT_KEYS

from ..bits import flags_of
from .columns import Columns
from .facts import NUMBERS, Endpoints
from .matching import Matching
from .terms import SortKey

Ranks = list[float]
"""For each row, how many different values are before its own; unknown ones are after all."""

_SMALLEST_IS_BEST = frozenset({"in", "out", "cost", "cacheread", "p50"})
"""Of several endpoints, that with the smallest; of the other facts, that with the largest."""
_READ: dict[str, tuple[str, bool]] = {"new": ("created", True), "quant": ("bits", False)}
"""Keys that go by another fact, and whether downwards."""


class _Ranking(NamedTuple):
    known: list[Any]
    """The different values, in order."""
    ranks: Ranks
    upwards: list[int]
    """The rows, by rank."""
    told: int
    """How many rows have a value."""


def warm(columns: Columns) -> None:
    """Build everything that queries ask of `columns`."""
    columns.warm()
    for name in SORT_KEYS:
        _ranking(_READ.get(name, (name, False))[0], columns)


def ordered(rows: Sequence[int], keys: Sequence[SortKey], columns: Columns, limit: int | None = None) -> list[int]:
    """Return `rows`, at most `limit`, sorted by `keys`; equals stay in their order, unknown facts come last."""
    if not keys:
        return list(rows[:limit])
    if limit is not None and len(rows) > 4 * limit:
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
    flags, order = flags_of(found.rows, columns.count), columns.order
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
        unknown = len(known)
        if downwards:
            rows.sort(key=[unknown - rank if rank < unknown else unknown + 1 for rank in ranks].__getitem__)
        else:
            rows.sort(key=ranks.__getitem__)
    return rows


def _first(flags: bytes | bytearray, key: SortKey, columns: Columns, limit: int) -> list[int]:
    """Return the first `limit` by `key` of the rows that `flags` has, those equal to the last, and those changed."""
    name, downwards = _read(key)
    built = _ranking(name, columns)
    ranks, order = built.ranks, built.upwards
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
    name, downwards = _READ.get(key.name, (key.name, False))
    return name, downwards ^ key.descending


def _ranking(name: str, columns: Columns) -> _Ranking:
    """Return how rows rank by a fact, as the columns were built."""

    def build() -> _Ranking:
        values = list(map(_value(name), columns.models, columns.endpoints))
        known = sorted({each for each in values if each is not None})
        rank: dict[Any, float] = {value: at for at, value in enumerate(known)}
        rank[None] = len(known)
        ranks = list(map(rank.__getitem__, values))
        told = sum(value is not None for value in values)
        return _Ranking(known, ranks, sorted(range(len(ranks)), key=ranks.__getitem__), told)

    return columns.derived(f"ranks {name}", build)


def _now(name: str, columns: Columns) -> tuple[list[Any], Ranks]:
    """Return the different values, and the rank of each row, those that have changed between two if need be."""
    known, ranks = _ranking(name, columns)[:2]
    changed = {row: _value(name)(*now) for row, now in columns.changed.items()}
    if not changed:
        return known, ranks
    ranks, between = list(ranks), sorted({value for value in changed.values() if value is not None})
    for row, value in changed.items():
        at: float = len(known) if value is None else bisect_left(known, value)
        if value is not None and (at == len(known) or known[int(at)] != value):
            at += (1 + between.index(value)) / (1 + len(between)) - 1
        ranks[row] = at
    return known, ranks


def _value(name: str) -> Callable[[ModelRecord, Endpoints], Any]:
    """Return the function that says what a model is sorted by; it returns None where that is unknown."""
    if name == "name":
        return lambda model, _: model.name.casefold()
    if name == "id":
        return lambda model, _: model.id
    fact, best = NUMBERS[name], min if name in _SMALLEST_IS_BEST else max

    def value(model: ModelRecord, endpoints: Endpoints) -> Any:
        if not endpoints or fact.of_endpoint is None:
            return fact.of_model(model, endpoints)
        return best((n for each in endpoints if (n := fact.of_endpoint(each)) is not None), default=None)

    return value
