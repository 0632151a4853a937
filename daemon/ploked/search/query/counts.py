"""How many models have a value, for completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .columns import Columns
from .evaluate import of_endpoints
from .matching import one, scope
from .meaning import Asked, Context, Equals, Holds, asked
from .terms import Condition, ParsedQuery

MAX_WORK = 20_000_000
"""Values times places, some 5 ms; with more, counts are over all models, which are counted once."""


@dataclass(frozen=True)
class Counts:
    """Counts values over some models."""

    over: Literal["matches", "all"]
    _columns: Columns
    _context: Context
    _places: int
    _rows: int

    def of(self, condition: Condition) -> int | None:
        """Return how many models `condition` is said of, in the model list too; None of what no source tells."""
        if condition.name == "zdr":
            return None
        if self.over == "matches":
            return self._count(condition)
        return self._columns.derived(f"count {condition} {self._context.today}", lambda: self._count(condition))

    def _count(self, condition: Condition) -> int:
        found = 0
        for each in asked(condition, self._context.today):
            found |= self._said(each)
        if of_endpoints(condition):
            found = self._columns.rows_of(found & self._places)
        return (found & self._rows).bit_count()

    def _said(self, each: Asked) -> int:
        if each == Holds("tools"):
            return one(each, self._columns, self._context)[0] | self._columns.names("param").equal("tools")
        if isinstance(each, Equals) and each.fact == "param":
            return self._columns.names("param").equal(each.text)
        return one(each, self._columns, self._context)[0]


def counts(query: ParsedQuery, columns: Columns, context: Context, rows: int | None, values: int) -> Counts:
    """Return what counts `values` values over the models that `query` finds, of `rows` where they are given."""
    places = columns.places
    if values * places.bit_length() > MAX_WORK:
        return Counts("all", columns, context, places, columns.all_rows)
    (_, places), (_, found) = scope(query, columns, context)
    return Counts("matches", columns, context, places, found if rows is None else found & rows)
