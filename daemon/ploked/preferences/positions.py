"""Where each key and value of a TOML text stands, by key path, from the tree-sitter grammar."""

from __future__ import annotations

import tomllib
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ploked_protocol.preferences import ConfigProblem

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Point

KeyPath = tuple[str | int, ...]
"""Keys and 0-based list indexes from the root, e.g. `("registry", "models", 0, "model")`."""

Part = Literal["value", "key"]
_Bytes = tuple["Point", "Point"]
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

    Never raises: in a broken text the whole statements are found and the rest is not.
    """

    def __init__(self, text: str) -> None:
        self.kept: dict[KeyPath, list[int]] = {}
        """For a list that was read with entries left out, by its path in the text: the indexes there of the rest."""
        self._source = text.encode("utf-8", "surrogatepass")
        self._lines: list[bytes] = []
        self._found: dict[KeyPath, dict[Part, _Bytes]] | None = None
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
        if self._found is None:
            self._lines = self._source.split(b"\n")
            self._found = _index(self._source)
        parts = self._found.get(path)
        return self._span(parts.get(part) or parts["value"]) if parts else None

    def nearest_in_text(self, path: KeyPath, part: Part = "value") -> Span:
        """Return where `path` stands, else the key of the innermost table around it, else the start of the text."""
        if span := self.find_in_text(path, part):
            return span
        outer = (self.find_in_text(path[:end], "key") for end in range(len(path) - 1, 0, -1))
        return next((span for span in outer if span), START)

    def _span(self, points: _Bytes) -> Span:
        (row, column), (end_row, end_column) = points
        return Span(row + 1, self._column(row, column), end_row + 1, self._column(end_row, end_column))

    def _column(self, row: int, byte: int) -> int:
        return len(self._lines[row][:byte].decode("utf-8", "replace")) + 1


@lru_cache(maxsize=1)
def language() -> Language:
    """Return the TOML grammar; loaded once."""
    # Imported here: the daemon answers `initialize` before it needs a grammar.
    import tree_sitter_toml
    from tree_sitter import Language

    return Language(tree_sitter_toml.language())


def _index(source: bytes) -> dict[KeyPath, dict[Part, _Bytes]]:
    """Return the points of every path; where a path is written twice, the first stands."""
    from tree_sitter import Parser

    found: dict[KeyPath, dict[Part, _Bytes]] = {}
    for path, part, node in _entries(Parser(language()).parse(source).root_node):
        found.setdefault(path, {}).setdefault(part, (node.start_point, node.end_point))
    return {path: parts for path, parts in found.items() if "value" in parts}


def _entries(root: Node) -> Iterator[tuple[KeyPath, Part, Node]]:
    """Yield every key and value of the file, in the order they are written."""
    tables = TablePaths()
    statements = deque(root.children)
    while statements:
        node = statements.popleft()
        if node.type == "pair":
            yield from _pair((), node)
        elif node.type in _TABLES:
            yield from _table(tables, node)
        elif node.type == "ERROR":
            statements.extendleft(reversed(node.children))


def _table(tables: TablePaths, node: Node) -> Iterator[tuple[KeyPath, Part, Node]]:
    header = next((child for child in node.children if child.type in _KEYS), None)
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
    for child in node.children:
        if child.type == "pair":
            yield from _pair(path, child)


def _pair(base: KeyPath, pair: Node) -> Iterator[tuple[KeyPath, Part, Node]]:
    """Yield a pair and all that its value holds; a stack, for values may nest deeper than Python calls."""
    stack: list[tuple[KeyPath, Node]] = [(base, pair)]
    while stack:
        path, node = stack.pop()
        if node.type == "pair":
            for name, key in key_parts(node.children[0]):
                path = (*path, name)
                yield path, "key", key
                if key.end_byte != node.children[0].end_byte:
                    yield path, "value", key
            stack.append((path, [child for child in node.children if child.type != "comment"][-1]))
            continue
        yield path, "value", node
        if node.type == "inline_table":
            stack.extend((path, child) for child in node.children if child.type == "pair")
        elif node.type == "array":
            values = [child for child in node.children if child.is_named and child.type != "comment"]
            stack.extend(((*path, index), child) for index, child in enumerate(values))


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
