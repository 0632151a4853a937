"""What may stand at the cursor in a query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ploked_protocol.searching import (
    BY_NAME,
    QUANTIZATION_BITS,
    SORT_KEYS,
    CompleteQueryResult,
    Predicate,
    QueryCompletion,
)

from . import values
from .check import checked, known_texts, known_values
from .columns import Columns
from .counts import Counts, Find, counts
from .meaning import Context
from .near import nearest
from .parse import split
from .terms import Condition

MAX_ITEMS = 100
OPERATORS = {"<": "below", "<=": "at most", ">": "above", ">=": "at least", ":": "is"}

_TERM = re.compile(r'(?:"[^"]*"|\S)+')
_BEFORE = re.compile(r'(-?)([^\s<>=:"]*)(>=|<=|[<>=:])?(.*)', re.DOTALL)
_NAME_END = re.compile(r"[^\s<>=:]*")
_VALUE_END = re.compile(r"[^\s,]*")
_OPERATOR = re.compile(r">=|<=|[<>=:]")


@dataclass(frozen=True)
class _Cursor:
    """What stands around the cursor."""

    negated: bool
    name: str
    operator: str
    typed: str
    """Of the name or value at the cursor, up to it."""
    start: int
    end: int
    rest: str
    """The query without the term at the cursor."""
    before_operator: bool
    """Whether an operator follows, so that none is to be inserted."""


def complete(
    text: str, position: int | None, columns: Columns, context: Context, find: Find = lambda _: None
) -> CompleteQueryResult:
    """Return what may stand at `position`, in code points; None is the end.

    `find` returns the rows that words find. Counts are over the models that the rest
    of the query finds, unless that would take long; then over all.
    """
    cursor = _cursor(text, len(text) if position is None else min(position, len(text)))
    predicate = BY_NAME.get(cursor.name)
    if cursor.operator and predicate is not None:
        offered = _values(predicate, cursor, columns, context)
    else:
        offered = list(_names(cursor))
    counter = counts(checked(split(cursor.rest), columns, context), columns, context, find, len(offered))
    items = [_counted(item, condition, counter) for item, condition in offered]
    if predicate is not None and predicate.kind in ("text", "quantization") and cursor.operator:
        items.sort(key=lambda item: (not item.label.startswith(cursor.typed), -(item.count or 0)))
    return CompleteQueryResult(items[:MAX_ITEMS], cursor.start, cursor.end, counter.over)


Offered = list[tuple[QueryCompletion, Condition | None]]


def _counted(item: QueryCompletion, condition: Condition | None, counter: Counts) -> QueryCompletion:
    count = None if condition is None else counter.of(condition)
    return QueryCompletion(item.label, item.insert_text, item.kind, item.detail, count)


def _cursor(text: str, position: int) -> _Cursor:
    terms = ((term.start(), term.end()) for term in _TERM.finditer(text))
    start, end = next((place for place in terms if place[0] <= position <= place[1]), (position, position))
    match = _BEFORE.fullmatch(text[start:position])
    assert match is not None  # noqa: S101  # for mypy: it matches anything
    minus, name, operator, value = match.groups()
    rest = f"{text[:start]} {text[end:]}"
    if operator and name.lower() in BY_NAME:
        typed = value.rpartition(",")[2]
        value_end = _end(_VALUE_END, text, position)
        typed_from = position - len(typed)
        plain = typed.lstrip('"').lower()
        return _Cursor(bool(minus), name.lower(), operator, plain, typed_from, value_end, rest, False)
    name_end = _end(_NAME_END, text, position)
    followed = _OPERATOR.match(text, name_end) is not None
    typed = text[start + len(minus) : position].lower()
    return _Cursor(bool(minus), "", "", typed, start + len(minus), name_end, rest, followed)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()


# names


def _names(cursor: _Cursor) -> Iterator[tuple[QueryCompletion, Condition | None]]:
    names = [name for name in BY_NAME if name.startswith(cursor.typed)]
    if not names and (close := nearest(cursor.typed, list(BY_NAME))):
        names = [close]
    for name in names:
        predicate = BY_NAME[name]
        if name != predicate.name and not cursor.typed:
            continue
        if name == cursor.typed and predicate.compares and not cursor.before_operator:
            yield from ((item, None) for item in _operators(name, predicate))
        elif predicate.kind != "list" or not cursor.negated:
            yield _name(name, predicate, cursor)


def _name(name: str, predicate: Predicate, cursor: _Cursor) -> tuple[QueryCompletion, Condition | None]:
    detail = predicate.help
    if predicate.kind == "flag" or predicate.kind == "marker":
        return QueryCompletion(name, name, predicate.kind, detail), Condition(name)
    operator = _OPERATOR.search(predicate.example)
    usual = ":" if operator is None or name == "since" else operator[0]
    usual = ">=" if name == "created" else usual
    text = name if cursor.before_operator else name + usual
    return QueryCompletion(name, text, "predicate", f"{detail}: {predicate.example}"), None


def _operators(name: str, predicate: Predicate) -> Iterator[QueryCompletion]:
    for operator, what in OPERATORS.items():
        if name != "since" or operator == ":":
            yield QueryCompletion(name + operator, name + operator, "operator", f"{predicate.help}, {what}")


# values


def _values(predicate: Predicate, cursor: _Cursor, columns: Columns, context: Context) -> Offered:
    if predicate.name == "sort":
        return [(item, None) for item in _sort_keys(cursor.typed)]
    if predicate.kind == "text" or (predicate.kind == "quantization" and cursor.operator in ":="):
        known = known_values(predicate.name, columns, context)
        if predicate.name == "provider" and "/" in cursor.typed:
            known = sorted({tag for tag in known_texts("tag", columns) if "/" in tag})
        texts = [text for text in known if cursor.typed in text]
    else:
        usual = tuple(QUANTIZATION_BITS) if predicate.kind == "quantization" else predicate.values
        texts = [text for text in usual if text.lower().startswith(cursor.typed)]
    names = context.providers if predicate.name == "provider" else {}
    return [_value(predicate, text, names.get(text, ""), cursor) for text in texts]


def _value(predicate: Predicate, text: str, detail: str, cursor: _Cursor) -> tuple[QueryCompletion, Condition | None]:
    insert = values.shown(predicate, text)
    item = QueryCompletion(text, insert, "value", detail)
    if predicate.kind == "list":
        return item, None
    asked = split(f"{cursor.name}{cursor.operator}{insert}")
    return item, asked.predicates[0] if asked.predicates else None


def _sort_keys(typed: str) -> Iterator[QueryCompletion]:
    minus = "-" if typed.startswith("-") else ""
    for name, what in SORT_KEYS.items():
        if name.startswith(typed.removeprefix("-")):
            yield QueryCompletion(minus + name, minus + name, "sort", what)
