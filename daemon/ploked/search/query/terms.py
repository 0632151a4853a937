"""What a query says, once it is parsed. `str` of each is its canonical spelling; places in the text do not compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ploked_protocol.searching import QueryProblem

Place = tuple[int, int]
"""Start and end in the query, in code points, the end not included."""


@dataclass(frozen=True, slots=True)
class Word:
    """A free word, or a phrase when it is quoted."""

    text: str
    quoted: bool = False
    place: Place = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        """Return the word, a phrase in quotes."""
        return f'"{self.text}"' if self.quoted else self.text


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        """Return the year, month or day that it is."""
        whole = self.first.isoformat()
        if self.first == self.last:
            return whole
        return whole[:7] if self.first.month == self.last.month else whole[:4]


@dataclass(frozen=True, slots=True)
class Ago:
    """So many days before today; for what lies ahead, after it."""

    days: int

    def __str__(self) -> str:
        """Return the days, as in `30d`."""
        return f"{self.days}d"


Value = str | int | float | Decimal | Period | Ago


@dataclass(frozen=True, slots=True)
class Literal:
    """A value of a predicate. Numbers are in the unit of the fact: tokens, USD, percent, ms, tokens per second."""

    value: Value
    text: str = field(compare=False)
    """Its canonical spelling."""
    place: Place = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        """Return the canonical spelling."""
        return self.text


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate. It holds when it does for one of `values`; a flag or marker has none and no operator."""

    name: str
    operator: str = ""
    values: tuple[Literal, ...] = ()
    negated: bool = False
    place: Place = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        """Return the predicate as it is written."""
        return f"{'-' * self.negated}{self.name}{self.operator}{','.join(map(str, self.values))}"


@dataclass(frozen=True, slots=True)
class SortKey:
    """What to sort by."""

    name: str
    descending: bool = False

    def __str__(self) -> str:
        """Return the key, with `-` where it sorts downwards."""
        return f"{'-' * self.descending}{self.name}"


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query taken apart. `split(str(query)) == query`."""

    words: tuple[Word, ...] = ()
    """What the ranker looks for; phrases must be found word for word besides."""
    excluded: tuple[Word, ...] = ()
    """No match is called so."""
    predicates: tuple[Condition, ...] = ()
    sort: tuple[SortKey, ...] = ()
    limit: int | None = None
    problems: tuple[QueryProblem, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        """Return the canonical spelling: words, negated words, predicates, order, limit."""
        parts = [*map(str, self.words), *(f"-{word}" for word in self.excluded), *map(str, self.predicates)]
        parts += [f"sort:{','.join(map(str, self.sort))}"] if self.sort else []
        parts += [f"limit:{self.limit}"] if self.limit is not None else []
        return " ".join(parts)

    @property
    def phrases(self) -> tuple[Word, ...]:
        """Return the words that must be found word for word."""
        return tuple(word for word in self.words if word.quoted)

    @property
    def restricts(self) -> bool:
        """Return whether anything but unquoted words decides which models match."""
        return bool(self.predicates or self.excluded or self.phrases)
