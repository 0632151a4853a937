"""Edits inside brackets: items of an array and pairs of an inline table. What is not edited keeps its bytes.

No comment in an array is lost: an item that goes leaves the comment beside it behind.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from .layout import items, sites
from .lines import indent, line_end, line_start, newline, remove_lines, starts_line
from .spelling import spelled

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME = b"_="
"""Makes a literal a file, so that it can be parsed alone: editing one list costs nothing in a long file."""


def relisted(literal: bytes, old: list[object], new: list[object]) -> bytes:
    """Return the array `literal`, which says `old`, saying `new`: items in both keep their bytes and their place."""
    change = SequenceMatcher(None, [*map(spelled, old)], [*map(spelled, new)], autojunk=False).get_opcodes()
    for kind, first, last, new_first, new_last in reversed(change):
        if kind == "equal":
            continue
        for value in reversed(new[new_first:new_last]):
            literal = with_item(literal, last, spelled(value).encode())
        for index in reversed(range(first, last)):
            literal = without_item(literal, index)
    return literal


def with_item(literal: bytes, index: int, item: bytes) -> bytes:
    """Return the array `literal` with `item` at `index`, on a line of its own where its neighbours have one."""
    source, array = _parsed(literal)
    values = items(array)
    if not values:
        return _with_only_item(source, array, item)
    if index:
        return _with_item_after(source, values[index - 1], item)
    first = values[0].start_byte
    between = newline(source, 0) + indent(source, first) if starts_line(source, first) else b" "
    return (source[:first] + item + b"," + between + source[first:])[len(_NAME) :]


def _with_only_item(source: bytes, array: Node, item: bytes) -> bytes:
    close, last = array.children[-1].start_byte, array.children[-2].end_byte
    if b"\n" in source[last:close]:
        item = newline(source, last) + indent(source, close) + b"  " + item + b","
    return (source[:last] + item + source[last:])[len(_NAME) :]


def _with_item_after(source: bytes, before: Node, item: bytes) -> bytes:
    comma = _comma_after(before)
    at = before.end_byte
    end = line_end(source, at)
    rest = source[at:end].strip()
    if comma is not None and comma.start_byte < end:
        rest = source[comma.end_byte : end].strip()
    alone = end < len(source) and (not rest or rest.startswith(b"#"))
    if not alone or (comma is not None and comma.start_byte > end):
        return (source[:at] + b", " + item + source[at:])[len(_NAME) :]
    own_indent = indent(source, at) if starts_line(source, before.start_byte) else b"  "
    head = source[:at] + (b"" if comma else b",") + source[at:end]
    line = newline(source, at) + own_indent + item + (b"," if comma else b"")
    return (head + line + source[end:])[len(_NAME) :]


def without_item(literal: bytes, index: int) -> bytes:
    """Return the array `literal` without the item at `index`; a line that is left blank goes too."""
    source, array = _parsed(literal)
    values = items(array)
    node, comma = values[index], _comma_after(values[index])
    start, end = node.start_byte, node.end_byte
    if comma is not None:
        after = comma.end_byte
        following = comma.next_sibling
        if following is not None and b"\n" not in source[after : following.start_byte]:
            after = following.start_byte if following.type != "]" else after
        source = source[: comma.start_byte] + source[after:]
    elif index and not source[values[index - 1].end_byte : start].strip(b" \t,"):
        start = values[index - 1].end_byte
    source = source[:start] + source[end:]
    if source[line_start(source, start) : line_end(source, start)].strip() == b"":
        source = remove_lines(source, start, start)
    return source[len(_NAME) :]


def _comma_after(item: Node) -> Node | None:
    """Return the comma that ends `item`; comments may stand before it."""
    node = item.next_sibling
    while node is not None and node.type == "comment":
        node = node.next_sibling
    return node if node is not None and node.type == "," else None


def _parsed(literal: bytes) -> tuple[bytes, Node]:
    source = _NAME + literal
    array = sites(source)[0].value
    assert array is not None  # noqa: S101 - a pair has a value
    return source, array


def with_pair(source: bytes, table: Node, pair: bytes) -> bytes:
    """Return `source` with `pair` at the end of the inline `table`."""
    pairs = table.named_children
    if not pairs:
        return source[: table.start_byte] + b"{ " + pair + b" }" + source[table.end_byte :]
    at = pairs[-1].end_byte
    return source[:at] + b", " + pair + source[at:]


def without_pair(source: bytes, pair: Node) -> bytes:
    """Return `source` without a `pair` of an inline table."""
    after, before = pair.next_named_sibling, pair.prev_named_sibling
    start = before.end_byte if before is not None and after is None else pair.start_byte
    end = after.start_byte if after is not None else pair.end_byte
    return source[:start] + source[end:]
