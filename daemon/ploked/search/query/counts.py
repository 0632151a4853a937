"""How many models have a value, for completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from .columns import Columns
from .evaluate import of_endpoints
from .matching import one, scope
from .meaning import Asked, Context, Equals, Holds, asked
from .terms import Condition, ParsedQuery, Word

Find = Callable[[Sequence[Word]], int | None]
"""Returns the rows that words find, None when they are not to be looked for."""

MAX_WORK = 20_000_000
"""Values times places, some 5 ms; with more, counts are over all models, who has what being kept."""


@dataclass(frozen=True)
class Counts:
    """Counts values over some models."""

    over: Literal["matches", "all"]
    _scopes: list[_Scope]

    def of(self, condition: Condition) -> int:
        """Return how many models `condition` is said of, in the model list too."""
        return sum(scope.count(condition) for scope in self._scopes)


@dataclass(frozen=True)
class _Scope:
    columns: Columns
    context: Context
    places: int
    rows: int

    def count(self, condition: Condition) -> int:
        if self.places != self.columns.places or not of_endpoints(condition):
            return (self._rows(condition) & self.rows).bit_count()
        said = self.columns.derived(f"said {condition} {self.context.today}", lambda: self._rows(condition))
        return (said & self.rows).bit_count()

    def _rows(self, condition: Condition) -> int:
        """Return the rows that `condition` is said of by one of `places`."""
        said = 0
        for each in asked(condition, self.context.today):
            said |= self._said(each)
        return self.columns.rows_of(said & self.places) if of_endpoints(condition) else said

    def _said(self, each: Asked) -> int:
        if each == Holds("tools"):
            return one(each, self.columns, self.context)[0] | self.columns.names("param").equal("tools")
        if isinstance(each, Equals) and each.fact == "param":
            return self.columns.names("param").equal(each.text)
        return one(each, self.columns, self.context)[0]


def counts(query: ParsedQuery, columns: Columns, context: Context, find: Find, values: int) -> Counts:
    """Return what counts `values` values over the models that `query` finds."""
    over: Literal["matches", "all"] = "matches"
    if values * columns.places.bit_length() > MAX_WORK:
        over, query = "all", ParsedQuery()
    rows = find(query.words)
    rows = columns.all_rows if rows is None else rows
    scopes = [_scope(query, columns, context, rows & ~columns.changed_rows)]
    if columns.delta is not None:
        scopes.append(_scope(query, columns.delta, context, columns.lowered(rows)))
    return Counts(over, scopes)


def _scope(query: ParsedQuery, columns: Columns, context: Context, rows: int) -> _Scope:
    (_, places), (_, found) = scope(query, columns, context)
    return _Scope(columns, context, places, found & rows)
