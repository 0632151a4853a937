"""From the text of a query to what it says: `split`.

Written by hand, a scanner with one function a kind of term. lark (1.3), pyparsing (3.3) and parsy (2.2) were tried:
they cost 37, 44 and 14 ms to import; a line of twenty terms took parsy 0.29 ms with nothing checked, and takes 0.13 ms
here. And all three stop at the first mistake, where a query that is being typed is wrong most of the time and must mean
as much as it can: here, a mistake is one term, and the next blank is the way out.
"""

from __future__ import annotations

import re

from ploked_protocol.keys import VIRTUAL_VARIANTS
from ploked_protocol.searching import BY_NAME, PREDICATES, SORT_KEYS, Predicate, QueryProblem

from ..text import folded
from . import values
from .near import nearest
from .terms import Condition, Literal, ParsedQuery, Place, SortKey, Word

MAX_LENGTH = 2_048
"""Characters that are read; more is a slip of the clipboard."""

_BLANKS = re.compile(r"\s*")
_PHRASE = re.compile(r'"([^"]*)"')
_HEAD = re.compile(r"[^\s<>=:]*")
_OPERATOR = re.compile(r">=|<=|[<>=:]")
_SPACED_OPERATOR = re.compile(r"\s+(>=|<=|[<>=])")
_REST = re.compile(r"\S*")
_ITEM = re.compile(r"[^\s,]*")
_NUMERIC = re.compile(r"\s+(?=[$.]?[0-9])")
_NAMED = [each.name for each in PREDICATES if each.kind not in ("flag", "marker")]
_VARIANTS = VIRTUAL_VARIANTS | {"free", "batch", "thinking", "extended", "beta"}


def split(text: str) -> ParsedQuery:
    """Return what `text` says. Never raises: what cannot be read is left out and told in `problems`."""
    return _Parser(text[:MAX_LENGTH]).parse(len(text))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.words: list[Word] = []
        self.excluded: list[Word] = []
        self.predicates: list[Condition] = []
        self.sort: dict[str, SortKey] = {}
        self.limit: int | None = None
        self.problems: list[QueryProblem] = []

    def parse(self, length: int) -> ParsedQuery:
        while self._take(_BLANKS) is not None and self.at < len(self.text):
            self._term()
        if length > len(self.text):
            self._problem((len(self.text), length), f"A query is read up to {MAX_LENGTH} characters.")
        return ParsedQuery(
            tuple(self.words),
            tuple(self.excluded),
            tuple(self.predicates),
            tuple(self.sort.values()),
            self.limit,
            tuple(self.problems),
        )

    # terms

    def _term(self) -> None:
        start = self.at
        negated = self.text.startswith("-", start)
        self.at += negated
        if phrase := _PHRASE.match(self.text, self.at):
            self.at = phrase.end()
            return self._word(Word(" ".join(phrase[1].split()), True, (start, self.at)), negated)
        if self.text.startswith('"', self.at):
            self._problem((self.at, self.at + 1), "This quote is not closed.", ['"'])
            self.at += 1
            if not negated and self.text.startswith("-", self.at):
                negated, self.at = True, self.at + 1
        head_at = self.at
        head = self._take(_HEAD) or ""
        predicate = BY_NAME.get(head.lower())
        operator = self._take(_OPERATOR)
        if operator is None and predicate and predicate.compares:
            operator = self._spaced_operator()
        if operator is None:
            return self._bare(predicate, Word(head, False, (start, self.at)), negated)
        operator_place = (self.at - len(operator), self.at)
        if predicate is None:
            return self._unknown(head, head_at, operator, negated, start)
        if operator != ":":
            self._take(_BLANKS if self.text[operator_place[0] - 1].isspace() else _NUMERIC)
        return self._predicate(predicate, head.lower(), operator, operator_place, negated, start)

    def _spaced_operator(self) -> str | None:
        """Return the operator behind blanks, as in `ctx >= 200k`."""
        spaced = _SPACED_OPERATOR.match(self.text, self.at)
        if spaced is None:
            return None
        self.at = spaced.end()
        return spaced[1]

    def _bare(self, predicate: Predicate | None, word: Word, negated: bool) -> None:
        name = word.text.lower()
        if predicate and predicate.kind in ("flag", "marker"):
            self.predicates.append(Condition(predicate.name, negated=negated, place=word.place))
        elif name.startswith("@") and name[1:].isalpha():
            markers = [each.name for each in PREDICATES if each.kind == "marker"]
            self._problem(word.place, f"There is no {name}.", markers, nearest(name, markers))
        else:
            self._word(word, negated)

    def _word(self, word: Word, negated: bool) -> None:
        if folded(word.text).strip():
            (self.excluded if negated else self.words).append(word)

    def _unknown(self, head: str, head_at: int, operator: str, negated: bool, start: int) -> None:
        """Take `head`, which names no predicate, for the part of an id or a name, or for a mistake."""
        name_end, rest = self.at - len(operator), _REST.match(self.text, self.at)
        if rest and operator == ":" and _in_an_id(head, rest[0]):
            self.at = rest.end()
            return self._word(Word(self.text[head_at : self.at], False, (start, self.at)), negated)
        if self._take(_PHRASE) is None:
            self._take(_REST)
        close = nearest(head.lower(), _NAMED)
        message = f"There is no predicate “{head}”." if head else f"A predicate must stand before “{operator}”."
        place = (head_at, name_end if head else self.at)
        return self._problem(place, message, [close] if close else _NAMED, close)

    # predicates

    def _predicate(
        self, predicate: Predicate, name: str, operator: str, operator_place: Place, negated: bool, start: int
    ) -> None:
        items = self._items()
        operator = ":" if operator == "=" else operator
        if predicate.kind in ("flag", "marker"):
            return self._with_value(predicate, items, negated, start)
        if predicate.kind == "list":
            return self._directive(predicate, operator, negated, items, start)
        if operator != ":" and (not predicate.compares or name == "since"):
            message = f"{name} is not compared with “{operator}”: write {name}:…"
            return self._problem(operator_place, message, [":"], ":")
        operator = ">=" if name == "since" else operator
        literals = self._literals(predicate, operator, items)
        if literals:
            place = (start, self.at)
            self.predicates.append(Condition(predicate.name, operator, literals, negated, place))
        return None

    def _with_value(self, flag: Predicate, items: list[tuple[str, Place]], negated: bool, start: int) -> None:
        no = any(text.lower() in ("no", "false", "0") for text, _ in items)
        meant = flag.name if no == negated else f"-{flag.name}"
        message = f"{flag.name} takes no value: write {flag.name}, or -{flag.name}."
        self._problem((start, self.at), message, [flag.name, f"-{flag.name}"], meant)

    def _items(self) -> list[tuple[str, Place]]:
        """Return the values after an operator, with their places; an empty one is where a value is missing."""
        items: list[tuple[str, Place]] = []
        while True:
            start = self.at
            if phrase := self._take(_PHRASE):
                items.append((phrase[1:-1], (start, self.at)))
            else:
                if self.text.startswith('"', self.at):
                    self._problem((self.at, self.at + 1), "This quote is not closed.", ['"'])
                    self.at += 1
                    start += 1
                items.append((self._take(_ITEM) or "", (start, self.at)))
            if not self.text.startswith(",", self.at):
                return items
            self.at += 1

    def _literals(self, predicate: Predicate, operator: str, items: list[tuple[str, Place]]) -> tuple[Literal, ...]:
        found: list[Literal] = []
        for text, place in items:
            if not text.strip():
                self._missing(predicate, place)
                continue
            try:
                found.append(values.read(predicate, operator, text, place))
            except values.BadValue as bad:
                self._problem(place, bad.message, list(bad.expected), bad.suggestion)
        return tuple(dict.fromkeys(found))

    def _missing(self, predicate: Predicate, place: Place) -> None:
        self._problem(place, f"{predicate.name} needs a value, as in {predicate.example}", list(predicate.values))

    # order and limit

    def _directive(
        self, predicate: Predicate, operator: str, negated: bool, items: list[tuple[str, Place]], start: int
    ) -> None:
        name = predicate.name
        if operator != ":" or negated:
            return self._problem((start, self.at), f"Write {name}: as in {predicate.example}", [predicate.example])
        for text, place in items:
            if not text.strip():
                self._missing(predicate, place)
            elif name == "limit":
                self._limit(text, place)
            else:
                self._sort_key(text.lower(), place)
        return None

    def _limit(self, text: str, place: Place) -> None:
        if text.isascii() and text.isdigit() and len(text) < 10 and int(text):
            self.limit = int(text)
        else:
            self._problem(place, f"limit is a whole number above 0, not “{text}”.", ["20"])

    def _sort_key(self, text: str, place: Place) -> None:
        name = text.removeprefix("-")
        if name in SORT_KEYS:
            self.sort.setdefault(name, SortKey(name, text != name))
            return
        close = nearest(name, list(SORT_KEYS))
        suggestion = close and text[: len(text) - len(name)] + close
        self._problem(place, f"Nothing is sorted by “{name}”.", list(SORT_KEYS), suggestion)

    # inside

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        """Return what matches here, and go behind it."""
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def _problem(
        self, place: Place, message: str, expected: list[str] | None = None, suggestion: str | None = None
    ) -> None:
        self.problems.append(QueryProblem(*place, message, expected or [], suggestion))


def _in_an_id(head: str, value: str) -> bool:
    """Return whether `head:value` is rather an id (`glm-5.2:free`) or a name (`Bolt: Rocket`) than a predicate."""
    return not (head.isascii() and head.isalpha()) or value.lower() in _VARIANTS or not re.match(r'[\w"]', value)
