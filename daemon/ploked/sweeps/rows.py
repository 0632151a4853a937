"""Order and sum the rows of a sweep. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ploked_protocol.errors import ErrorData, InvalidParams
from ploked_protocol.money import Money
from ploked_protocol.sweeps import SweepRow
from ploked_protocol.wire import camel

_FIELDS = {camel(name): name for name in SweepRow.__struct_fields__ if name != "params"}
"""What can be sorted by, as it is spelt on the wire; `params` has no order."""


def sort_rows(rows: Iterable[SweepRow], sort: str | None) -> list[SweepRow]:
    """Return `rows` by a field (`latencyMs`), a leading `-` for descending; rows without the value come last.

    Rows that are equal in it stay in their order, as all do when `sort` is None. Raises InvalidParams for an unknown
    field.
    """
    if sort is None:
        return list(rows)
    field = _field(sort.removeprefix("-"))
    known: list[tuple[Any, SweepRow]] = []
    unknown: list[SweepRow] = []
    for row in rows:
        value = getattr(row, field)
        if value is None:
            unknown.append(row)
        else:
            known.append((value, row))
    known.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [*(row for _, row in known), *unknown]


def best_row(rows: Iterable[SweepRow]) -> SweepRow | None:
    """Return the cheapest, then fastest, row that is ok; one whose cost is unknown only when there is no other."""
    return min((row for row in rows if row.status == "ok"), key=_merit, default=None)


def total_cost(rows: Iterable[SweepRow]) -> Money | None:
    """Return the sum of the costs that are known, USD; None when none is."""
    costs = [row.cost for row in rows if row.cost is not None]
    return Money(sum(costs)) if costs else None


def _merit(row: SweepRow) -> tuple[bool, Money, bool, float]:
    return row.cost is None, row.cost or Money(0), row.latency_ms is None, row.latency_ms or 0.0


def _field(name: str) -> str:
    if name in _FIELDS:
        return _FIELDS[name]
    close = _closest(name, list(_FIELDS))
    raise InvalidParams(
        f"Rows cannot be sorted by {name!r}. There are: {', '.join(_FIELDS)}.",
        ErrorData(suggestions=close, path="$.sort", next_step="Use one of these, with a leading - for descending."),
    )


def _closest(name: str, fields: Sequence[str]) -> list[str]:
    from difflib import get_close_matches  # imported late: only a slip needs it

    return get_close_matches(name, fields, n=3, cutoff=0.4)
