"""Where the cursor is in a TOML text that is being typed, and which model ids the text names.

The text is broken most of the time: the grammar's ERROR nodes then swallow the next line (an open quote in a list, a
bare value), so that this reads lines instead. A line that looks like a header or like `key =` begins anew whatever
stands above it, and a slip costs its own line. Lines and columns of `Cursor` are 0-based as an editor's, columns count
code points.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from ploked.preferences.positions import KeyPath, Span, TablePaths

from .cursor import Cursor, nothing_at
from .toml_line import Walk, content_end, unquoted

__all__ = ["Cursor", "ModelId", "cursor", "is_ploke_config", "model_ids"]

# Blanks are matched possessively: many of them in a broken line must not be tried in every division.
_KEY = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*+\.[ \t]*+{_KEY})*"
_HEADER = re.compile(rf"[ \t]*+(\[\[?)[ \t]*+({_DOTTED})?[ \t]*+\.?[ \t]*+\]{{0,2}}[ \t]*+(?:#.*)?$")
_KEY_LINE = re.compile(rf"[ \t]*+{_DOTTED}[ \t]*+=")
_PART = re.compile(_KEY)
_BRACKETS = re.compile(r"[ \t]*\[{1,2}[ \t]*")
_NAME_BEFORE = re.compile(r"[\w-]*\Z")
_NAME_AFTER = re.compile(r"[\w-]*")
_GOES_ON = re.compile(r"[,\[][ \t]*+(?:#.*)?$")
_LITERALS = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""|"(?:[^"\\\n]|\\[^\n])*"?''' r"""|'''.*?'''|'[^'\n]*'?""" r"|#[^\n]*", re.DOTALL
)
_MODEL = re.compile(r"""model["']?[ \t]*=""")
_MODEL_LINE = re.compile(r"""[ \t]*+(?:model|"model"|'model')[ \t]*=[ \t]*+(?=["'])""")
MAX_COLUMNS = 10_000
"""Longer lines are not looked into: nobody types in one, and some take time by the square of their length."""
_ROOTS: tuple[KeyPath, ...] = ((), ("registry",))
"""The tables from which `models = [{ model = ... }]` may be written."""
_QUOTES = ('"', "'")
_OURS = re.compile(r"^[ \t]*\[{1,2}[ \t]*registry[ \t]*(?:$|[\]#\r]|\.[ \t]*(?:$|[A-Za-z_\]\r]))", re.MULTILINE)


class ModelId(NamedTuple):
    """A model id in the text; `span` covers it without its quotes."""

    span: Span
    id: str
    key_path: KeyPath


def cursor(text: str, line: int, character: int) -> Cursor:
    """Return what stands at a place of `text` (0-based, code points); never raises, outside it is "none"."""
    return _outline(text).cursor(line, character)


def model_ids(text: str) -> list[ModelId]:
    """Return the ids that `[[registry.models]]` entries name, in the order of the text, half-typed ones included."""
    return list(_outline(text).model_ids())


def is_ploke_config(path: str, text: str, config_path: str) -> bool:
    """Return whether a TOML document is ours: the configured file, `ploke/config.toml`, or one with our headers.

    Paths are compared as they are written. Cargo's own `config.toml` has a `[registry]` too and is left alone.
    """
    here = Path(path)
    if here == Path(config_path) or (here.name == "config.toml" and here.parent.name == "ploke"):
        return True
    return here.parent.name != ".cargo" and _OURS.search(text) is not None


@lru_cache(maxsize=4)
def _outline(text: str) -> _Outline:
    """Return the outline of `text`, kept for the next question: an editor asks several about one version."""
    return _Outline(text)


class _Header(NamedTuple):
    line: int
    path: KeyPath
    keys: list[str]
    array: bool


class _Outline:
    """The lines and headers of one text."""

    def __init__(self, text: str) -> None:
        text, self._inside = _without_long_strings(text.replace("\r\n", "\n").replace("\r", "\n"))
        self._lines = [row if len(row) <= MAX_COLUMNS else "" for row in text.split("\n")]
        self._headers = [_Header(-1, (), [], False)]
        tables = TablePaths()
        for line, row in enumerate(self._lines):
            if row.lstrip().startswith("[") and (match := _HEADER.match(row)) and match[2]:
                if _may_be_entry(match[2]) and self._list_goes_on(line):
                    continue
                keys, array = [unquoted(key) for key in _PART.findall(match[2])], match[1] == "[["
                self._headers.append(_Header(line, tables.enter(keys, array=array), keys, array))
        self._header_lines = [header.line for header in self._headers]

    def cursor(self, line: int, column: int) -> Cursor:
        """Return what stands at a place."""
        if line in self._inside or not (0 <= line < len(self._lines) and 0 <= column <= len(self._lines[line])):
            return nothing_at(line, column)
        header = self._header_above(line)
        row = self._lines[line]
        if header.line == line or (row.lstrip().startswith("[") and not self._list_goes_on(line)):
            return self._in_header(row, line, column)
        first = self._statement(line, header.line + 1)
        walk = Walk(header.path, first)
        for above in range(first, line):
            walk.line(self._lines[above])
            if not walk.goes_on(partial(self._following, above)):
                walk = Walk(header.path, above + 1)
        return walk.cursor(row, column)

    def model_ids(self) -> Iterator[ModelId]:
        """Yield the ids after `model =` in entries of `registry.models`."""
        walked = -1
        for line, row in enumerate(self._lines):
            if "model" not in row or line <= walked:
                continue
            if own := _MODEL_LINE.match(row):  # the usual form, alone on its line: its header says where it is
                yield from self._model_id((*self._header_above(line).path, "model"), line, own.end())
            elif _MODEL.search(row) and self._header_above(line).path in _ROOTS and not row.lstrip().startswith("#"):
                walk, walked = self._walked(line, walked + 1)
                for value in walk.values:
                    yield from self._model_id(*value)

    def _model_id(self, path: KeyPath, line: int, column: int) -> Iterator[ModelId]:
        row = self._lines[line]
        if len(path) == 4 and path[:2] == ("registry", "models") and path[3] == "model" and row[column] in _QUOTES:
            start, end = column + 1, content_end(row, column + 1)
            if end > start:
                yield ModelId(Span(line + 1, start + 1, line + 1, end + 1), row[start:end], path)

    def _walked(self, line: int, first: int) -> tuple[Walk, int]:
        """Return a walk over the statement that `line` is part of, not before `first`, and the last line of it."""
        header = self._header_above(line)
        first = self._statement(line, max(header.line + 1, first))
        walk = Walk(header.path, first)
        for at in range(first, len(self._lines)):
            if at > line and (_KEY_LINE.match(self._lines[at]) or self._header_above(at) is not header):
                return walk, at - 1
            walk.line(self._lines[at])
            if walk.goes_on(partial(self._following, at)):
                continue
            if at >= line:
                return walk, at
            walk = Walk(header.path, at + 1)
        return walk, len(self._lines)

    def _in_header(self, row: str, line: int, column: int) -> Cursor:
        opening = _BRACKETS.match(row)
        first = opening.end() if opening else 0
        if column < first or "]" in row[:column] or "#" in row[:column]:
            return nothing_at(line, column)
        before, after = _NAME_BEFORE.search(row, first, column), _NAME_AFTER.match(row, column)
        start, end = before.start() if before else column, after.end() if after else column
        tables = TablePaths()
        for header in self._headers[1:]:
            if header.line < line:
                tables.enter(header.keys, array=header.array)
        table = tables.resolve([unquoted(key) for key in _PART.findall(row[first:start])])
        path = (*table, row[start:end]) if end > start else table
        return Cursor("header", table, path, line, column, start, end, row[start:end], closed="]" in row[end:])

    def _list_goes_on(self, line: int) -> bool:
        """Return whether a list of the lines above goes on in `line`."""
        above = next((row for row in reversed(self._lines[:line]) if row.strip()), "")
        return _GOES_ON.search(above) is not None

    def _following(self, line: int) -> str:
        """Return the next row below that is not blank or a comment, without its indent."""
        rows = (self._lines[at].lstrip() for at in range(line + 1, len(self._lines)))
        return next((row for row in rows if row and not row.startswith("#")), "")

    def _header_above(self, line: int) -> _Header:
        return self._headers[bisect_right(self._header_lines, line) - 1]

    def _statement(self, line: int, first: int) -> int:
        """Return the line where the statement that `line` may belong to begins."""
        return next((at for at in range(line, first, -1) if _KEY_LINE.match(self._lines[at])), first)


def _may_be_entry(keys: str) -> bool:
    """Return whether what looks like a header may be a list in a list: `["a"]`, `[1]`, `[true]`."""
    return keys[0] in "\"'-0123456789" or keys in ("true", "false")


def _without_long_strings(text: str) -> tuple[str, set[int]]:
    """Return `text` with strings of several lines made comments, and the lines that continue one."""
    inside: set[int] = set()
    if '"""' not in text and "'''" not in text:
        return text, inside
    pieces: list[str] = []
    line = end = 0
    for match in _LITERALS.finditer(text):
        if rows := match[0].count("\n"):
            pieces += text[end : match.start()], re.sub(r"[^\n]", "#", match[0])
            line += text.count("\n", end, match.start())
            inside.update(range(line + 1, line + rows + 1))
            line, end = line + rows, match.end()
    return "".join([*pieces, text[end:]]), inside
