"""Layers of routing preferences: how a higher one is laid over a lower one, value by value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from ploked_protocol.preferences import PercentilePrefs, RoutingPrefs, SortPrefs

from .names import KeyPath, dotted
from .profile import LayerName
from .rules import OF_THE_CALL

PLAIN = {"sort": "by", "preferred_min_throughput": "p50", "preferred_max_latency": "p50"}
"""Fields that are a plain value or a table, and the field of the table that the plain value stands for."""

_TABLES: dict[str, type[msgspec.Struct]] = {
    "sort": SortPrefs,
    "preferred_min_throughput": PercentilePrefs,
    "preferred_max_latency": PercentilePrefs,
}
NOTHING = RoutingPrefs()


def merge(high: RoutingPrefs, low: RoutingPrefs) -> RoutingPrefs:
    """Return `high` laid over `low`; associative, and `RoutingPrefs()` changes nothing on either side.

    Of scalars and lists the higher one holds, an empty list too. Tables merge field by field: `max_price`, percentiles,
    and `sort` with a partition. A plain value beside a table counts as the field that the upstream takes it for: a
    number as `p50`, a sort as `by`. So a number does not take away percentiles of a lower layer; no rule that did
    could be associative, for a merged value does not say which of its fields to keep out.
    """
    if high == NOTHING:
        return low
    if low == NOTHING:
        return high
    fields = RoutingPrefs.__struct_fields__
    return RoutingPrefs(**{name: _merged(name, getattr(high, name), getattr(low, name)) for name in fields})


def leaves(prefs: RoutingPrefs) -> dict[str, KeyPath]:
    """Return the values that are set, by dotted name, each with the keys under which it is written.

    A plain value goes by the field that it stands for: `sort = "price"` is `sort.by`, written at `("sort",)`.
    """
    found: dict[str, KeyPath] = {}
    for name in RoutingPrefs.__struct_fields__:
        value = getattr(prefs, name)
        if isinstance(value, msgspec.Struct):
            found |= {f"{name}.{field}": (name, field) for field in _set_fields(value)}
        elif value is not None:
            found[f"{name}.{PLAIN[name]}" if name in PLAIN else name] = (name,)
    return found


def shown_name(leaf: str, prefs: RoutingPrefs) -> str:
    """Return the dotted name of a leaf as `prefs` have it: `sort` for `sort.by` where that is a plain value."""
    name = leaf.partition(".")[0]
    return leaf if isinstance(getattr(prefs, name), msgspec.Struct) else name


def _merged(name: str, high: Any, low: Any) -> Any:
    if high is None or low is None:
        return low if high is None else high
    if not isinstance(high, msgspec.Struct) and not isinstance(low, msgspec.Struct):
        return high
    over, under = _as_table(name, high), _as_table(name, low)
    return type(over)(**{**_set_fields(under), **_set_fields(over)})


def _as_table(name: str, value: Any) -> msgspec.Struct:
    return value if isinstance(value, msgspec.Struct) else _TABLES[name](**{PLAIN[name]: value})


def _set_fields(table: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name in table.__struct_fields__ if (value := getattr(table, name)) is not None}


@dataclass(frozen=True)
class RoutingLayer:
    """Routing preferences of one layer, and the path of their table in config.toml (None: of the call)."""

    layer: LayerName
    prefs: RoutingPrefs
    table: KeyPath | None

    @cached_property
    def leaves(self) -> dict[str, KeyPath]:
        """Return the values that this layer sets, by dotted name, with the keys below its table."""
        return leaves(self.prefs)

    def keys(self, leaf: str) -> KeyPath | None:
        """Return the path of a value that it sets in config.toml."""
        return None if self.table is None else (*self.table, *self.leaves[leaf])

    def path(self, leaf: str) -> str:
        """Return where an edit of that value goes."""
        keys = self.keys(leaf)
        return f"routing.{dotted(self.leaves[leaf])}{OF_THE_CALL}" if keys is None else dotted(keys)
