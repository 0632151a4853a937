"""What a query finds in a whole catalog at once: `matching`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..bits import bits_of, flags_of, rows_of
from .columns import Columns
from .evaluate import of_endpoints
from .facts import LABELS
from .meaning import Asked, Context, Equals, Holds, Within, asked
from .terms import Condition, ParsedQuery

Answer = tuple[int, int]
"""The places (or rows) where it is so, and those where it may be: the first are among the second."""


@dataclass(frozen=True)
class Matching:
    """The models that a query finds, as sets of rows."""

    rows: int
    """Bit n is row n."""
    uncertain_rows: int
    """Of these, those where a fact that decides is not known."""
    count: int
    """Rows of the catalog."""

    @property
    def total(self) -> int:
        """Return how many match."""
        return self.rows.bit_count()

    def in_order(self) -> list[int]:
        """Return the rows, in the order of the catalog."""
        return list(rows_of(self.rows))

    def among(self, rows: Iterable[int]) -> list[int]:
        """Return those of `rows` that match, in their order."""
        flags = flags_of(self.rows, self.count)
        return [row for row in rows if flags[row]]

    def uncertain_places(self, rows: Sequence[int]) -> list[int]:
        """Return the places in `rows`, all of which match, of those that do so only as far as is known."""
        uncertain = self.uncertain_rows
        return [place for place, row in enumerate(rows) if uncertain >> row & 1] if uncertain else []


def matching(query: ParsedQuery, columns: Columns, context: Context) -> Matching:
    """Return the models that the predicates, phrases and negated words of `query` ask for.

    `evaluate.verdict` says the same of each: rows are those with "yes" or "uncertain". Free words are not looked at.
    """
    if not query.restricts:
        return Matching(columns.all_rows, 0, columns.count)
    _, (yes, maybe) = scope(query, columns, context)
    if columns.delta is not None:
        same = columns.all_rows ^ columns.changed_rows
        _, (now, may) = scope(query, columns.delta, context)
        yes, maybe = yes & same | columns.lifted(now), maybe & same | columns.lifted(may)
    return Matching(maybe, maybe ^ yes, columns.count)


def scope(query: ParsedQuery, columns: Columns, context: Context) -> tuple[Answer, Answer]:
    """Return the places and the rows that match, by what was known when `columns` were new."""
    every = places = _sure(columns.places)
    rows = _sure(columns.all_rows)
    for condition in query.predicates:
        if of_endpoints(condition):
            places = _both(places, answered(condition, columns, context))
        else:
            rows = _both(rows, answered(condition, columns, context))
    for word in query.phrases:
        rows = _both(rows, _sure(columns.mentions.rows(word.text, with_description=True)))
    for word in query.excluded:
        called = columns.mentions.rows(word.text, with_description=False)
        rows = _both(rows, _sure(columns.all_rows ^ called))
    if places is every:
        return places, rows
    return places, _both(rows, (columns.rows_of(places[0]), columns.rows_of(places[1])))


def answered(condition: Condition, columns: Columns, context: Context) -> Answer:
    """Return where a condition holds and where it may: places if it is about endpoints, else rows."""
    yes = maybe = 0
    for each in asked(condition, context.today):
        found = one(each, columns, context)
        yes, maybe = yes | found[0], maybe | found[1]
    every = columns.places if of_endpoints(condition) else columns.all_rows
    yes, maybe = yes & every, maybe & every
    return (every ^ maybe, every ^ yes) if condition.negated else (yes, maybe)


def one(each: Asked, columns: Columns, context: Context) -> Answer:
    """Return where one value of a condition holds, and where it may; places beyond all are to be ignored."""
    match each:
        case Holds("@fav" | "@recent"):
            ids = context.favourites if each.fact == "@fav" else context.recent
            known = columns.rows_by_id
            return _sure(bits_of([known[id_] for id_ in ids if id_ in known], columns.count))
        case Holds(fact):
            return columns.flag(fact)
        case Within(fact, low, high, open_):
            column = columns.number(fact)
            return _with_unknown(column.within(low, high, open_=open_), column.known)
        case Equals(fact, text) if fact in LABELS:
            labels = columns.label(fact)
            yes = labels.equal(text)
            return _with_unknown(yes, labels.known ^ (labels.equal("unknown") & ~yes))
        case Equals(fact, text):
            sets = columns.names(fact)
            said = sets.equal(text)
            yes = said & ~columns.hints if fact == "param" else said
            return yes, said | ~sets.known


def _with_unknown(yes: int, known: int) -> Answer:
    return yes, yes | ~known


def _sure(found: int) -> Answer:
    return found, found


def _both(one: Answer, other: Answer) -> Answer:
    return one[0] & other[0], one[1] & other[1]
