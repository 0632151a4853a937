"""How values, types and near misses of config.toml are put into words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, time
from typing import Any

from msgspec import inspect

from ..alike import alike

LONGEST_SHOWN = 40
"""Characters of a value that a message repeats."""


def quoted(text: str) -> str:
    """Return `text` as a TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def shown(value: object) -> str:
    """Return what a person reads of a TOML value: itself when short and plain, else its kind."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):  # a huge one must not be printed: Python refuses to, above 4,300 digits
        return str(value) if value.bit_length() <= 64 else "a number too large to keep"
    if isinstance(value, str):
        return quoted(value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "...")
    if isinstance(value, date | time):
        return "a date or time"
    return "a list" if isinstance(value, list) else "a table" if isinstance(value, dict) else str(value)


def expected(kind: Any) -> str:
    """Return what a field of the annotation `kind` takes, for people: "a number from 0 to 2"."""
    return _words(inspect.type_info(kind))


def _words(info: inspect.Type) -> str:
    match info:
        case inspect.UnionType():
            return " or ".join(_words(member) for member in info.types if not isinstance(member, inspect.NoneType))
        case inspect.IntType() | inspect.FloatType():
            return ("a whole number" if isinstance(info, inspect.IntType) else "a number") + _range(info.ge, info.le)
        case inspect.LiteralType():
            return "one of " + ", ".join(quoted(str(value)) for value in info.values)
        case inspect.ListType():
            most = f" (at most {info.max_length})" if info.max_length else ""
            return f"a list in brackets{most}, each entry {_words(info.item_type)}"
        case inspect.StrType():
            return "text in quotes"
        case inspect.BoolType():
            return "true or false"
        case _:
            return "a table"


def _range(least: float | None, most: float | None) -> str:
    if least is None:
        return ""
    return f" of at least {least}" if most is None else f" from {least} to {most}"


def closest(text: str, choices: Iterable[str], most: int = 3) -> list[str]:
    """Return the `choices` that `text` may stand for, best first; never `text` itself."""
    rapidfuzz = alike()
    others = [choice for choice in choices if choice != text]
    lower = text.lower()
    begun = [choice for choice in others if len(text) >= 3 and choice.lower().startswith(lower)]
    near = rapidfuzz.extract(text, others, scorer=rapidfuzz.ratio, processor=str.lower, score_cutoff=60, limit=most)
    return list(dict.fromkeys([*begun, *(choice for choice, _, _ in near)]))[:most]


def did_you_mean(names: Sequence[str]) -> str:
    """Return the question, with a blank before it; empty when there is nothing to offer."""
    return " Did you mean " + " or ".join(quoted(name) for name in names) + "?" if names else ""


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return `names` as words: "a, b and c"; beyond `most` they are counted."""
    shown = [*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
