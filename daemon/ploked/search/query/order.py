"""The order that `sort:` asks for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from ploked_protocol.catalog import ModelRecord
from ploked_protocol.searching import SORT_KEYS

from .columns import Columns
from .facts import NUMBERS, Endpoints
from .terms import SortKey

Ranks = list[float]
"""For each row, how many different values are before its own; unknown ones are after all."""

_SMALLEST_IS_BEST = frozenset({"in", "out", "cost", "cacheread", "p50"})
"""Of several endpoints, that with the smallest; of the other facts, that with the largest."""
_READ: dict[str, tuple[str, bool]] = {"new": ("created", True), "quant": ("bits", False)}
"""Keys that go by another fact, and whether downwards."""


def ordered(rows: Sequence[int], keys: Sequence[SortKey], columns: Columns, limit: int | None = None) -> list[int]:
    """Return `rows`, at most `limit`, sorted by `keys`; equals stay in their order, unknown facts come last."""
    if not keys:
        return list(rows[:limit])
    ranks = [_ranks(key, columns) for key in keys]
    chosen = list(rows)
    if limit is not None and len(chosen) > 4 * limit:
        chosen = _first(chosen, ranks[0], limit)
    for rank in reversed(ranks):
        chosen.sort(key=rank.__getitem__)
    return chosen[:limit]


def _first(rows: list[int], ranks: Ranks, limit: int) -> list[int]:
    """Return those of `rows`, in their order, that can be among the first `limit` by `ranks`."""
    last = sorted(map(ranks.__getitem__, rows))[limit - 1]
    return [row for row in rows if ranks[row] <= last]


def warm(columns: Columns) -> None:
    """Build everything that queries ask of `columns`."""
    columns.warm()
    for name in SORT_KEYS:
        _upwards(_READ.get(name, (name, False))[0], columns)


def _ranks(key: SortKey, columns: Columns) -> Ranks:
    name, downwards = _READ.get(key.name, (key.name, False))
    downwards ^= key.descending
    known, ranks = _upwards(name, columns)
    if downwards:
        ranks = columns.derived(f"ranks {name} downwards", lambda: _turned(ranks, len(known)))
    changed = {row: _value(name)(*now) for row, now in columns.changed.items()}
    return _with_changed(known, ranks, changed, downwards) if changed else ranks


def _upwards(name: str, columns: Columns) -> tuple[list[Any], Ranks]:
    """Return the different values, and for each row how many of them are before its own."""

    def build() -> tuple[list[Any], Ranks]:
        values = list(map(_value(name), columns.models, columns.endpoints))
        known = sorted({each for each in values if each is not None})
        rank: dict[Any, float] = {value: at for at, value in enumerate(known)}
        rank[None] = len(known)
        return known, list(map(rank.__getitem__, values))

    return columns.derived(f"ranks {name}", build)


def _turned(ranks: Ranks, unknown: int) -> Ranks:
    return [rank if rank == unknown else unknown - 1 - rank for rank in ranks]


def _with_changed(known: list[Any], ranks: Ranks, changed: dict[int, Any], downwards: bool) -> Ranks:
    """Return `ranks` with those of rows whose values are others now, and may lie between those that are known."""
    ranks = list(ranks)
    step = 1 / (1 + len(changed))
    between = sorted({value for value in changed.values() if value is not None})
    for row, value in changed.items():
        if value is None:
            ranks[row] = len(known)
            continue
        at: float = bisect_left(known, value)
        if at == len(known) or known[int(at)] != value:
            at += step * (1 + between.index(value)) - 1
        ranks[row] = len(known) - 1 - at if downwards else at
    return ranks


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
