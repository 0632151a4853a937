"""Where each key and value of a TOML text stands, by key path, from the tree-sitter grammar."""

from __future__ import annotations

import re
import tomllib
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ploked_protocol.preferences import ConfigProblem

if TYPE_CHECKING:
    from tree_sitter import Language, Node

KeyPath = tuple[str | int, ...]
"""Keys and 0-based list indexes from the root, e.g. `("registry", "models", 0, "model")`."""

Part = Literal["value", "key"]
_PARTS: tuple[Part, ...] = ("value", "key")
PIECE_BYTES = 4096
"""The parser is handed a text in such pieces: it keeps all other threads from running in between."""
MOST_PARTS = 100_000
"""Commas and line ends of a text whose places are found. The end of a parse, and of its tree, comes in no pieces.

Of a list of 500,000 entries it would keep all threads waiting for 50 to 100 ms, of 260,000 lines for 30 to 80 ms.
Preferences have no such lists, nor as many lines.
"""
_TABLES = {"table", "table_array_element"}
_KEYS = {"bare_key", "quoted_key", "dotted_key"}


class Span(NamedTuple):
    """A piece of a text: 1-based lines and columns, columns count code points, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


START = Span(1, 1, 1, 1)
"""Where a problem of the whole file stands."""


def dotted(path: KeyPath, *, indexes: bool = True) -> str:
    """Return `path` as people write it, `registry.profiles[0].params`; without `indexes`, as a header has it."""
    shown = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path if indexes or isinstance(part, str)]
    return "".join(shown).removeprefix(".")


def problem_at(
    span: Span,
    severity: Literal["error", "warning", "information"],
    code: str,
    message: str,
    suggestion: str | None = None,
) -> ConfigProblem:
    """Return a problem that covers `span`; `suggestion` is the text to put in its place."""
    return ConfigProblem(code, message, severity, *span, suggestion)


class TablePaths:
    """Turns the table headers of a file, fed in their order, into key paths with list indexes."""

    def __init__(self) -> None:
        self._last: dict[KeyPath, int] = {}
        """For each array of tables, the index of the entry begun last."""

    def resolve(self, keys: Sequence[str]) -> KeyPath:
        """Return the path that `keys` name now: keys of an array of tables stand for its last entry."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if (last := self._last.get(path)) is not None:
                path = (*path, last)
        return path

    def enter(self, keys: Sequence[str], *, array: bool) -> KeyPath:
        """Return the path that a header opens; `[[keys]]` (`array`) begins a further entry."""
        if not array:
            return self.resolve(keys)
        path: KeyPath = (*self.resolve(keys[:-1]), *keys[-1:])
        self._last[path] = self._last.get(path, -1) + 1
        return (*path, self._last[path])


class Positions:
    """Finds keys and values of one text. It is parsed on the first question, for most loads ask none.

    Never raises: in a broken text the whole statements are found and the rest is not; in one that holds more than
    100,000 entries of lists and lines, nothing is.
    """

    def __init__(self, text: str) -> None:
        self.kept: dict[KeyPath, list[int]] = {}
        """For a list that was read with entries left out, by its path in the text: the indexes there of the rest."""
        self._source = text.encode("utf-8", "surrogatepass")
        self._index: _Index | None = None
        self._spans: dict[tuple[KeyPath, Part], Span | None] = {}
        """What was asked before: a plan asks for the same places as the one before it."""

    def find(self, path: KeyPath, part: Part = "value") -> Span | None:
        """Return where the value (or the last key) of `path` stands; None when the text has no such path.

        Indexes count the entries that were read. The value of a table is its inline table, else the keys in its
        header; of a table that only dotted keys imply, the key.
        """
        if (path, part) in self._spans:
            return self._spans[path, part]
        in_text: KeyPath = ()
        for step in path:
            kept = self.kept.get(in_text, [])
            in_text = (*in_text, kept[step] if isinstance(step, int) and step < len(kept) else step)
        found = self._spans[path, part] = self.find_in_text(in_text, part)
        return found

    def find_in_text(self, path: KeyPath, part: Part = "value") -> Span | None:
        """Return `find(path, part)`, with indexes that count all entries of the text."""
        if self._index is None:
            self._index = _Index(self._source)
        return self._index.span(path, part)

    def nearest_in_text(self, path: KeyPath, part: Part = "value") -> Span:
        """Return where `path` stands, else the key of the innermost table around it, else the start of the text."""
        if span := self.find_in_text(path, part):
            return span
        outer = (self.find_in_text(path[:end], "key") for end in range(len(path) - 1, 0, -1))
        return next((span for span in outer if span), START)


class _Index:
    """Where every path of a text stands. Flat: a large file has 100,000 paths, and each object that is kept costs."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._lines = array("I", [0])
        self._lines.extend(match.end() for match in re.finditer(b"\n", source))
        self._rows: dict[KeyPath, int] = {}
        self._bytes = array("q")
        """For each row, where its value begins and ends, then its key; -1 for a part that it has not."""
        if source.count(b",") + len(self._lines) <= MOST_PARTS:
            for path, part, node in _entries(parsed(source)):
                self._add(path, part, node)

    def _add(self, path: KeyPath, part: Part, node: Node) -> None:
        """Keep a place; where a path is written twice, the first stands."""
        row = self._rows.setdefault(path, len(self._bytes))
        if row == len(self._bytes):
            self._bytes.extend((-1, -1, -1, -1))
        at = row + 2 * _PARTS.index(part)
        if self._bytes[at] < 0:
            self._bytes[at], self._bytes[at + 1] = node.start_byte, node.end_byte

    def span(self, path: KeyPath, part: Part) -> Span | None:
        """Return where a part of `path` stands, else its value; None for a path without a value."""
        row = self._rows.get(path)
        if row is None or self._bytes[row] < 0:
            return None
        at = row + 2 * _PARTS.index(part)
        at = row if self._bytes[at] < 0 else at
        return Span(*self._place(self._bytes[at]), *self._place(self._bytes[at + 1]))

    def _place(self, byte: int) -> tuple[int, int]:
        """Return line and column of a byte, both 1-based."""
        line = bisect_right(self._lines, byte)
        return line, len(self._source[self._lines[line - 1] : byte].decode("utf-8", "replace")) + 1


@lru_cache(maxsize=1)
def language() -> Language:
    """Return the TOML grammar; loaded once."""
    # Imported here: the daemon answers `initialize` before it needs a grammar.
    import tree_sitter_toml
    from tree_sitter import Language

    return Language(tree_sitter_toml.language())


def parsed(source: bytes) -> Node:
    """Return the root of the syntax tree of a text, broken or not.

    The parser lets no other thread run; it asks for one piece of the text after the other, and they run while it does.
    """
    from tree_sitter import Parser  # imported late: start-up pays for every import

    return Parser(language()).parse(lambda byte, _: source[byte : byte + PIECE_BYTES]).root_node


def children(node: Node) -> Iterator[Node]:
    """Yield the children of a node one by one: `node.children` makes them all in one step, and keeps them."""
    cursor = node.walk()
    more = cursor.goto_first_child()
    while more:
        if cursor.node is not None:
            yield cursor.node
        more = cursor.goto_next_sibling()


def _entries(root: Node) -> Iterator[tuple[KeyPath, Part, Node]]:
    """Yield every key and value of the file, in the order they are written."""
    tables = TablePaths()
    for node in _statements(root):
        if node.type == "pair":
            yield from _pair((), node)
        elif node.type in _TABLES:
            yield from _table(tables, node)


def _statements(root: Node) -> Iterator[Node]:
    """Yield the statements of the file, also those that are in the midst of what is broken."""
    levels = [children(root)]
    while levels:
        node = next(levels[-1], None)
        if node is None:
            levels.pop()
        elif node.type == "ERROR":
            levels.append(children(node))
        else:
            yield node


def _table(tables: TablePaths, node: Node) -> Iterator[tuple[KeyPath, Part, Node]]:
    header = next((child for child in children(node) if child.type in _KEYS), None)
    if header is None:
        return
    keys = key_parts(header)
    names = [name for name, _ in keys]
    path = tables.enter(names, array=node.type == "table_array_element")
    for part in ("value", "key"):
        yield path, part, header if part == "value" else keys[-1][1]
        if isinstance(path[-1], int):
            yield path[:-1], part, keys[-1][1]
        for end, (_, key) in enumerate(keys[:-1], 1):
            yield tables.resolve(names[:end]), part, key
    for child in children(node):
        if child.type == "pair":
            yield from _pair(path, child)


def _pair(base: KeyPath, pair: Node) -> Iterator[tuple[KeyPath, Part, Node]]:
    """Yield a pair and all that its value holds; levels, for values may nest deeper than Python calls."""
    levels = [iter([(base, pair)])]
    while levels:
        path, node = next(levels[-1], ((), None))
        if node is None:
            levels.pop()
        elif node.type == "pair":
            for name, key in key_parts(node.children[0]):
                path = (*path, name)
                yield path, "key", key
                if key.end_byte != node.children[0].end_byte:
                    yield path, "value", key
            levels.append(iter([(path, [child for child in node.children if child.type != "comment"][-1])]))
        else:
            yield path, "value", node
            levels.append(_inside(path, node))


def _inside(path: KeyPath, value: Node) -> Iterator[tuple[KeyPath, Node]]:
    """Yield the pairs of an inline table, and the entries of an array with their paths."""
    if value.type == "inline_table":
        yield from ((path, child) for child in children(value) if child.type == "pair")
    elif value.type == "array":
        entries = (child for child in children(value) if child.is_named and child.type != "comment")
        yield from (((*path, index), child) for index, child in enumerate(entries))


def key_parts(node: Node) -> list[tuple[str, Node]]:
    """Return the parts of a key, dotted or not, each with the node that spells it."""
    parts: deque[tuple[str, Node]] = deque()
    while node.type == "dotted_key":  # it nests to the left: (a.b).c
        parts.appendleft((_name(node.children[-1]), node.children[-1]))
        node = node.children[0]
    parts.appendleft((_name(node), node))
    return list(parts)


def _name(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    if node.type != "quoted_key":
        return text
    try:
        return next(iter(tomllib.loads(f"{text} = 0")))
    except tomllib.TOMLDecodeError:  # half typed
        return text.strip("\"'")
