"""Which bytes of a valid TOML text name what: every header, key and array item with its path and its node.

Edits are made by byte range on this, not by printing a parsed document again, so that nothing else can change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from .positions import KeyPath, TablePaths, key_parts, parsed

if TYPE_CHECKING:
    from tree_sitter import Node

HEADERS = ("table", "table_array_element")


class UnreadLayoutError(ValueError):
    """The text is valid TOML that the syntax tree does not follow."""


class Site(NamedTuple):
    """One place that names a path. A table may have several: its header, headers below it, dotted keys."""

    path: KeyPath
    base: KeyPath
    """The path of what it is written in: a block under a header, an inline table, an array, or the root."""
    kind: Literal["header", "pair", "item"]
    node: Node
    value: Node | None
    """None for a header."""

    @property
    def is_line(self) -> bool:
        """Whether it is a `key = value` line of its own, not part of an inline table."""
        return self.kind == "pair" and self.node.parent is not None and self.node.parent.type != "inline_table"

    @property
    def end(self) -> int:
        """The byte after the value, or after the last value under the header; no comment behind it is counted."""
        if self.value is not None:
            return self.value.end_byte
        last = [child for child in self.node.children if child.type in ("]", "]]", "pair")][-1]
        return last.children[2].end_byte if last.type == "pair" else last.end_byte


def sites(source: bytes) -> list[Site]:
    """Return every place of `source` that names something, in the order of the text, containers before contents.

    Raises UnreadLayoutError.
    """
    root = parsed(source)
    if root.has_error:
        raise UnreadLayoutError
    return list(_statements(root))


def _statements(root: Node) -> Iterator[Site]:
    tables = TablePaths()
    for statement in root.named_children:
        if statement.type == "pair":
            yield from _pair((), statement)
        elif statement.type in HEADERS:
            keys = [name for name, _ in key_parts(statement.named_children[0])]
            path = tables.enter(keys, array=statement.type == "table_array_element")
            yield Site(path, (), "header", statement, None)
            for child in statement.named_children:
                if child.type == "pair":
                    yield from _pair(path, child)


def _pair(base: KeyPath, node: Node) -> Iterator[Site]:
    key, value = node.named_children[:2]
    path = (*base, *(name for name, _ in key_parts(key)))
    yield Site(path, base, "pair", node, value)
    yield from _inside(path, value)


def _inside(path: KeyPath, value: Node) -> Iterator[Site]:
    if value.type == "inline_table":
        for pair in value.named_children:
            yield from _pair(path, pair)
    elif value.type == "array":
        for index, item in enumerate(items(value)):
            yield Site((*path, index), path, "item", item, item)
            yield from _inside((*path, index), item)


def items(array: Node) -> list[Node]:
    """Return the values in an array, without the comments between them."""
    return [child for child in array.named_children if child.type != "comment"]
