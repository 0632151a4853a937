"""Whether the texts that a query asks for exist: one that no model has would empty the list."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from ploked_protocol.searching import BY_NAME, QueryProblem

from .columns import Columns
from .facts import LABELS, SETS
from .meaning import Context
from .near import nearest
from .terms import Condition, Literal, ParsedQuery

MAX_EXPECTED = 20
"""Values that a problem lists."""


def checked(query: ParsedQuery, columns: Columns, context: Context) -> ParsedQuery:
    """Return `query` without the texts that are nowhere in the catalog, with a problem for each.

    Names of providers become their slugs. An empty catalog says nothing against a text.
    """
    if not columns.count or not query.predicates:
        return query
    problems: list[QueryProblem] = []
    predicates = [_checked(each, columns, context, problems) for each in query.predicates]
    found = tuple(sorted((*query.problems, *problems), key=lambda problem: (problem.start, problem.end)))
    return replace(query, predicates=tuple(each for each in predicates if each is not None), problems=found)


def known_values(name: str, columns: Columns, context: Context) -> list[str]:
    """Return the texts that a predicate can be asked for, in alphabetical order; none when it takes no texts."""
    values = {*BY_NAME[name].values, *known_texts(name, columns)}
    if name == "provider":
        values |= context.providers.keys()
    return sorted(values - {""})


def known_texts(name: str, columns: Columns | None) -> Iterator[str]:
    """Yield the values that models have, or had when `columns` were new."""
    if columns is None:
        return
    if name in LABELS:
        yield from columns.label(name).values
    if name in SETS:
        yield from columns.names(name).values
    yield from known_texts(name, columns.delta)


def _checked(
    condition: Condition, columns: Columns, context: Context, problems: list[QueryProblem]
) -> Condition | None:
    if BY_NAME[condition.name].kind not in ("text", "quantization") or condition.operator != ":":
        return condition
    known = known_values(condition.name, columns, context)
    values: list[Literal] = []
    for literal in condition.values:
        meant = _provider(literal, context) if condition.name == "provider" else literal
        if _exists(condition.name, str(meant.value), known, columns):
            values.append(meant)
        else:
            problems.append(_unknown(condition.name, literal, known))
    return replace(condition, values=tuple(dict.fromkeys(values))) if values else None


def _provider(literal: Literal, context: Context) -> Literal:
    slug = {name.lower(): slug for slug, name in context.providers.items()}.get(str(literal.value))
    return literal if slug is None else Literal(slug, slug, literal.place)


def _exists(name: str, text: str, known: Collection[str], columns: Columns) -> bool:
    if text in known:
        return True
    if name == "provider" and not known:  # nobody has said yet which there are
        return bool(columns.hints)
    slug, slash, _ = text.partition("/")
    if name != "provider" or not slash:
        return False
    return text in known_texts("tag", columns) or (slug in known and bool(columns.hints))


def _unknown(name: str, literal: Literal, known: list[str]) -> QueryProblem:
    text = str(literal.value)
    close = nearest(text, known)
    expected = [close] if close else known if len(known) <= MAX_EXPECTED else []
    return QueryProblem(*literal.place, f"No model has {name} “{text}”.", expected, close)
