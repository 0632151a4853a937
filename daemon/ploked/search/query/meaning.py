"""What the values of a predicate ask of a fact: the one reading that both evaluators share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from ploked_protocol.searching import QUANTIZATION_BITS

from .facts import FLAGS, LABELS, NEVER, NUMBERS, SETS, Number
from .terms import Ago, Condition, Literal, Period

SOON_DAYS = 30


@dataclass(frozen=True)
class Context:
    """What a query may ask for that is not in the catalog."""

    today: date
    favourites: Collection[str] = ()
    """Ids of models."""
    recent: Collection[str] = ()
    """Ids of models."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """Names of all providers that exist, by slug."""


@dataclass(frozen=True)
class Within:
    """A number between two bounds; None is no bound. A bound belongs to the range unless it is said to be open."""

    fact: str
    low: Number | None = None
    high: Number | None = None
    open: bool = False
    """Whether the bounds themselves are left out."""

    def holds(self, number: Number) -> bool:
        """Return whether `number` lies in the range."""
        if self.open:
            return (self.low is None or number > self.low) and (self.high is None or number < self.high)
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True)
class Equals:
    """A text that is this one."""

    fact: str
    text: str


@dataclass(frozen=True)
class Holds:
    """A flag, of the catalog or of the user, that is set."""

    fact: str


Asked = Within | Equals | Holds


def asked(condition: Condition, today: date) -> tuple[Asked, ...]:
    """Return what `condition` asks, negation aside; it holds when one of them does."""
    if not condition.operator:
        return (Holds(condition.name),)
    return tuple(_asked(condition.name, condition.operator, literal, today) for literal in condition.values)


def is_of_endpoints(each: Asked) -> bool:
    """Return whether it is endpoints that are asked."""
    facts = (NUMBERS, LABELS, SETS, FLAGS)
    return any(each.fact in table and table[each.fact].of_endpoint is not None for table in facts)


def _asked(name: str, operator: str, literal: Literal, today: date) -> Asked:
    value = literal.value
    if isinstance(value, Period | Ago):
        return _days(name, operator, value, today)
    if not isinstance(value, str):
        return _range(name, operator, value, value)
    if name == "expires":
        soon = Within(name, today.toordinal(), today.toordinal() + SOON_DAYS)
        return soon if value == "soon" else Within(name, NEVER, NEVER)
    if name == "quant" and operator != ":":
        bits = QUANTIZATION_BITS[value]
        return _range("bits", operator, bits, bits)
    if name == "is" or (name, value) == ("param", "tools"):
        return Holds(f"is:{value}" if name == "is" else value)
    return Equals("tag" if name == "provider" and "/" in value else name, value)


def _days(name: str, operator: str, value: Period | Ago, today: date) -> Within:
    if isinstance(value, Period):
        return _range(name, operator, value.first.toordinal(), value.last.toordinal())
    day = today.toordinal() + (value.days if name == "expires" else -value.days)
    return _range(name, operator, day, day)


def _range(fact: str, operator: str, first: Number, last: Number) -> Within:
    """Return the range that lies as `operator` says to a value that reaches from `first` to `last`."""
    match operator:
        case ">=":
            return Within(fact, low=first)
        case ">":
            return Within(fact, low=last, open=True)
        case "<=":
            return Within(fact, high=last)
        case "<":
            return Within(fact, high=first, open=True)
    return Within(fact, first, last)
