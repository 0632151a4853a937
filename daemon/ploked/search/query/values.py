"""The values of predicates, from their text to the unit of the fact and back."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ploked_protocol.searching import QUANTIZATION_BITS, UNITS, Predicate

from .terms import Ago, Literal, Period, Place, Value

MAX_DIGITS = 24
SMALLEST, LARGEST = Decimal("1e-15"), Decimal("1e12")
"""Of a number, but 0; beyond is no fact about any model."""

_NUMBER = re.compile(r"(\$?)([0-9][0-9_]*(?:\.[0-9]+)?|\.[0-9]+)(.*)", re.ASCII | re.DOTALL)
_SIGNED = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?", re.ASCII)
_AGO = re.compile(r"([0-9]{1,5})(d|w|m|y)", re.ASCII)
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
_PER = {"": 1, "/m": 1, "/1m": 1, "/mtok": 1, "/k": 1_000, "/1k": 1_000}


@dataclass(frozen=True)
class BadValue(Exception):
    """A value that cannot be read; `suggestion` may replace it."""

    message: str
    expected: tuple[str, ...]
    suggestion: str | None = None


def read(predicate: Predicate, operator: str, text: str, place: Place = (0, 0)) -> Literal:
    """Return `text` as a value of `predicate`; raises BadValue."""
    value = _READERS[predicate.kind](predicate, operator, text.lower())
    return Literal(value, shown(predicate, value), place)


def shown(predicate: Predicate, value: Value) -> str:
    """Return the canonical spelling of a value; reading it gives the value again."""
    if isinstance(value, str):
        return f'"{value}"' if re.search(r"[\s,]", value) or not value else value
    if isinstance(value, Period | Ago):
        return str(value)
    if predicate.kind == "tokens":
        return _tokens_shown(int(value))
    plain = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return plain + {"duration": "ms", "percent": "%"}.get(predicate.kind, "")


def _tokens_shown(count: int) -> str:
    for factor, unit in ((1_000_000, "M"), (1_000, "k")):
        if count and count % factor == 0:
            return f"{count // factor}{unit}"
    return str(count)


def _bad(predicate: Predicate, text: str, suggestion: str | None = None, why: str = "") -> BadValue:
    expected = predicate.values or (re.split("[:<>=]+", predicate.example)[-1],)
    wanted = UNITS[predicate.kind].replace("`", "")
    return BadValue(f"{predicate.name} cannot be “{text}”{why}: write {wanted}", tuple(expected), suggestion)


def _number(predicate: Predicate, text: str, units: dict[str, int], sign: str = "") -> Decimal:
    match = _NUMBER.fullmatch(text)
    if match is None or match[3] not in units or match[1] not in ("", sign):
        raise _bad(predicate, text, _number_in(match, units, sign))
    digits = match[2].replace("_", "")
    number = Decimal(digits) * units[match[3]]
    if len(digits.lstrip("0.")) > MAX_DIGITS or (number and not SMALLEST <= number < LARGEST):
        raise _bad(predicate, text, None, ", which no model has")
    return number


def _number_in(match: re.Match[str] | None, units: dict[str, int], sign: str) -> str | None:
    """Return the part of a number that can be read, with the longest unit that its end begins with."""
    if match is None:
        return None
    unit = max((unit for unit in units if match[3].startswith(unit)), key=len, default="")
    return (match[1] if match[1] == sign else "") + match[2] + unit


def _tokens(predicate: Predicate, _operator: str, text: str) -> Value:
    count = _number(predicate, text, _THOUSANDS)
    if count != int(count):
        raise _bad(predicate, text, str(int(count)), ", for tokens are whole")
    return int(count)


def _usd(predicate: Predicate, _operator: str, text: str) -> Value:
    return _number(predicate, text, _PER, "$").normalize() + 0


def _percent(predicate: Predicate, _operator: str, text: str) -> Value:
    return float(_number(predicate, text, {"": 1, "%": 1}))


def _rate(predicate: Predicate, _operator: str, text: str) -> Value:
    return float(_number(predicate, text, {"": 1, "t/s": 1, "tps": 1, "/s": 1}))


def _duration(predicate: Predicate, _operator: str, text: str) -> Value:
    match = _NUMBER.fullmatch(text)
    if match and match[1] + match[3] == "":
        unit = "s" if float(match[2].replace("_", "")) < 60 else "ms"
        raise _bad(predicate, text, text + unit, " without a unit")
    return float(_number(predicate, text, {"ms": 1, "s": 1_000}))


def _count(predicate: Predicate, _operator: str, text: str) -> Value:
    if not _SIGNED.fullmatch(text):
        raise _bad(predicate, text)
    return int(text)


def _date(predicate: Predicate, operator: str, text: str) -> Value:
    if text in predicate.values and text.isalpha():  # none, soon
        if operator != ":":
            raise BadValue(f"{text} is no date to compare with: write {predicate.name}:{text}", (f":{text}",))
        return text
    if ago := _AGO.fullmatch(text):
        days = int(ago[1]) * _DAYS[ago[2]]
        if days <= 365 * 100:
            return Ago(days)
    if (match := _DATE.fullmatch(text)) and (period := _period(match)):
        return period
    raise _bad(predicate, text)


def _period(match: re.Match[str]) -> Period | None:
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
        last_month = month or 12
        return Period(first, date(first.year, last_month, day or calendar.monthrange(first.year, last_month)[1]))
    except ValueError:
        return None


def _quantization(_predicate: Predicate, operator: str, text: str) -> Value:
    if operator != ":" and text not in QUANTIZATION_BITS:
        known = tuple(QUANTIZATION_BITS)
        raise BadValue(f"The bits of “{text}” are not known: compare with a known quantization", known)
    return text


def _text(_predicate: Predicate, _operator: str, text: str) -> Value:
    return " ".join(text.split())


_READERS: dict[str, Callable[[Predicate, str, str], Value]] = {
    "tokens": _tokens,
    "usd": _usd,
    "percent": _percent,
    "rate": _rate,
    "duration": _duration,
    "count": _count,
    "date": _date,
    "quantization": _quantization,
    "text": _text,
}
