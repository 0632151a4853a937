"""Reads the statements of half-typed TOML line by line, as far as a cursor."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ploked.preferences.positions import KeyPath

from .cursor import Cursor

_TOKEN = re.compile(
    r"""[ \t]+ | (?P<comment>\#.*) | (?P<string>"(?:[^"\\]|\\.)*"|'[^']*') | (?P<open>["'].*)
    | (?P<sign>[=,\[\]{}]) | (?P<bare>[^\s=,\[\]{}"'\#]+) | .""",
    re.VERBOSE,
)
_WORD = re.compile(r"[\w./:@~+-]*")
_ASSIGNED = re.compile(r"[ \t]*[.=]")


@dataclass
class _Frame:
    """A container that is open: the table of the statement, an inline table, or a list."""

    kind: Literal["table", "list"]
    path: KeyPath
    line: int
    index: int = 0


class Walk:
    """Follows one statement, a pair of `table` that begins in `line`, over its lines."""

    def __init__(self, table: KeyPath, line: int) -> None:
        self._frames = [_Frame("table", table, line)]
        self._expects: Literal["key", "value", "end"] = "key"
        self._keys: KeyPath = ()
        """The parts of the key read so far."""
        self._path: KeyPath = ()
        """Of the value that is expected or just ended."""
        self._line = line
        self._last = ""
        self.values: list[tuple[KeyPath, int, int]] = []
        """Every value read that is no list or table: its path, its line, and the column where it begins."""

    def line(self, row: str) -> None:
        """Read a whole line."""
        self._last = ""
        for token in _TOKEN.finditer(row):
            self._take(token)

    def goes_on(self, following: Callable[[], str]) -> bool:
        """Return whether the statement goes on in the next line, and get ready for it.

        A list does, unless the line that opened it broke off in the middle of an entry and `following`, the next row
        that says anything, does not take it up again (it is asked for only then). An inline table never does.
        """
        inner = next((frame for frame in reversed(self._frames) if frame.kind == "list"), None)
        if inner is None:
            return False
        if inner.line == self._line and self._last not in (",", "[") and not following().startswith((",", "]")):
            return False
        if inner is not self._frames[-1]:
            self._leave("list", keep=True)
        self._line += 1
        return True

    def cursor(self, row: str, column: int) -> Cursor:
        """Read the line of the cursor up to it and return what stands there."""
        at = Cursor("none", self._frames[-1].path, (), self._line, column, column, column, "")
        for token in _TOKEN.finditer(row):
            kind, (start, end) = token.lastgroup, token.span()
            if end < column or (end == column and kind in ("string", "sign", None)):
                self._take(token)
            elif start > column or (start == column and kind in ("sign", "comment", None)):
                break
            elif kind == "comment":
                return at
            elif kind:
                return self._at_word(token, row, at)
        if self._expects == "key" and self._keys:  # after a key, `=` comes and no word
            return at
        return self._found(at, column, column, "")

    def _take(self, token: re.Match[str]) -> None:
        kind, text = token.lastgroup, token[0]
        if kind in (None, "comment"):
            return
        self._last = text
        if kind == "sign":
            self._take_sign(text)
        elif self._expects == "key":
            self._keys += (unquoted(text),) if kind == "string" else tuple(part for part in text.split(".") if part)
        else:
            self._begin_value()
            if self._expects == "value":
                self.values.append((self._path, self._line, token.start()))
            self._expects = "end"

    def _take_sign(self, sign: str) -> None:
        top = self._frames[-1]
        if sign == "=" and self._expects == "key":
            self._path = (*top.path, *self._keys)
            self._expects = "value"
        elif sign in "[{" and self._expects != "key":
            self._begin_value()
            self._open("list" if sign == "[" else "table")
        elif sign in "]}":
            self._leave("list" if sign == "]" else "table")
        elif sign == "," and top.kind == "list":
            self._next_entry(top)
        elif sign == "," and len(self._frames) > 1:
            self._expects, self._keys = "key", ()

    def _begin_value(self) -> None:
        """Begin a value; in a list, after another one without a comma: the comma is still to be typed."""
        if self._expects == "end" and self._frames[-1].kind == "list":
            self._next_entry(self._frames[-1])

    def _next_entry(self, frame: _Frame) -> None:
        frame.index += 1
        self._path = (*frame.path, frame.index)
        self._expects = "value"

    def _open(self, kind: Literal["table", "list"]) -> None:
        self._frames.append(_Frame(kind, self._path, self._line))
        if kind == "list":
            self._path, self._expects = (*self._path, 0), "value"
        else:
            self._keys, self._expects = (), "key"

    def _leave(self, kind: Literal["table", "list"], *, keep: bool = False) -> None:
        """Leave the innermost container of `kind` (or all inside it, with `keep`); nothing when there is none."""
        at = next((at for at in range(len(self._frames) - 1, 0, -1) if self._frames[at].kind == kind), None)
        if at is not None:
            self._path = self._frames[at].path
            del self._frames[at + keep :]
            self._expects = "end"
            if keep:
                self._path = (*self._path, self._frames[at].index)

    def _at_word(self, token: re.Match[str], row: str, at: Cursor) -> Cursor:
        if self._expects == "key":
            return self._at_key(token, row, at)
        self._begin_value()
        start, end = token.span()
        if token.lastgroup == "bare":
            return self._found(at, start, end, token[0])
        closed = token.lastgroup == "string" and not _closed_by_the_next(token, row)
        end = end - 1 if closed else _word_end(row, max(at.column, start + 1))
        text = row[start + 1 : end]
        if at.column == start:  # before the opening quote: what replaces the word brings its own
            return self._found(at, start, end + closed, text)
        return self._found(at, start + 1, end, text, quote=token[0][0], closed=closed)

    def _at_key(self, token: re.Match[str], row: str, at: Cursor) -> Cursor:
        start, end = token.span()
        assigned = _ASSIGNED.match(row, end) is not None
        if token.lastgroup == "bare":
            before, dot, _ = row[start : at.column].rpartition(".")
            self._keys += tuple(part for part in before.split(".") if part)
            start += len(before) + len(dot)
            after = row.find(".", at.column, end)
            end = after if after >= 0 else end
            return self._found(at, start, end, row[start:end], assigned=assigned or after >= 0)
        closed, name = token.lastgroup == "string", unquoted(token[0])
        if at.column == start:
            return self._found(at, start, end, name, assigned=assigned)
        return self._found(at, start + 1, end - closed, name, quote=token[0][0], closed=closed, assigned=assigned)

    def _found(
        self,
        at: Cursor,
        start: int,
        end: int,
        text: str,
        *,
        quote: str | None = None,
        closed: bool = False,
        assigned: bool = False,
    ) -> Cursor:
        if self._expects == "end":
            return at
        if self._expects == "value":
            last_key = max(index for index, key in enumerate(self._path) if isinstance(key, str))
            table, path = self._path[:last_key], self._path
        else:
            table = (*self._frames[-1].path, *self._keys)
            path = (*table, text) if text else table
        return Cursor(self._expects, table, path, at.line, at.column, start, end, text, quote, closed, assigned)


def content_end(row: str, column: int) -> int:
    """Return where the quoted text that begins at `column` ends: at its quote, else after its first word."""
    token = _TOKEN.match(row, column - 1)
    return token.end() - 1 if token and token.lastgroup == "string" else _word_end(row, column)


def unquoted(text: str) -> str:
    """Return a key or a string, open or not, without its quotes."""
    if text[:1] not in ('"', "'"):
        return text
    return text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]


def _word_end(row: str, column: int) -> int:
    word = _WORD.match(row, column)
    return word.end() if word else column


def _closed_by_the_next(token: re.Match[str], row: str) -> bool:
    """Return whether a string ends at the quote that opens the next one, as in `["a, "b"]`: one quote is missing."""
    rest = [each.lastgroup for each in _TOKEN.finditer(row, token.end())]
    return "," in token[0] and "open" in rest
