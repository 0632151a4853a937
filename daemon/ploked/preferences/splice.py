"""Edits of a TOML text by key path, each one a change of the bytes that say it and of no others."""

from __future__ import annotations

from collections.abc import Mapping

from .brackets import relisted, with_item, with_pair, without_item, without_pair
from .layout import Site, sites
from .lines import indent, insert_above, insert_below, line_end, line_start, next_line, remove_lines
from .positions import KeyPath
from .spelling import spelled, spelled_key


def put(source: bytes, path: KeyPath, old: object, new: object) -> bytes:
    """Return `source` with `new` at `path`, where `old` is now (None when there is nothing)."""
    if old is None:
        return _add(source, path, new)
    places = _at(source, path)
    value = places[0].value if len(places) == 1 else None
    if value is None:  # a table under headers or dotted keys
        return _add(drop(source, path), path, new)
    literal = source[value.start_byte : value.end_byte]
    is_list = isinstance(old, list) and isinstance(new, list)
    text = relisted(literal, old, new) if is_list else spelled(new).encode()  # type: ignore[arg-type]  # is_list says so
    return source[: value.start_byte] + text + source[value.end_byte :]


def append(source: bytes, path: KeyPath, table: Mapping[str, object]) -> bytes:
    """Return `source` with `table` as the last entry of the list at `path`, in the form the list has already."""
    found = sites(source)
    literal = next((site for site in found if site.path == path and site.value is not None), None)
    if literal is not None and literal.value is not None:
        start, end = literal.value.start_byte, literal.value.end_byte
        count = sum(site.base == path for site in found)
        return source[:start] + with_item(source[start:end], count, spelled(table).encode()) + source[end:]
    blocks = [site for site in found if site.kind == "header" and _under(site.path, path)]
    if not blocks and (len(path) > 2 or _at(source, path[:1], inline=True)):
        return _add(source, path, [table])
    blocks = blocks or [site for site in found if site.kind == "header" and site.path[0] == path[0]]
    names = [part for part in path if isinstance(part, str)]
    lines = [f"[[{spelled_key(names)}]]", *(f"{spelled_key([key])} = {spelled(table[key])}" for key in table)]
    return _insert_block(source, _block_end(source, blocks[-1]) if blocks else _text_end(source), lines)


def drop(source: bytes, path: KeyPath) -> bytes:
    """Return `source` without what is at `path`, wherever it is written.

    Comments stay, but for those inside the lines of a header that goes. An index drops that one entry.
    """
    while places := _outermost(source, path):
        source = _without(source, places[-1])
        if isinstance(path[-1], int) and places[-1].path == path:
            break  # the next entry has moved up to this index
    return source


def _at(source: bytes, path: KeyPath, *, inline: bool = False) -> list[Site]:
    return [site for site in sites(source) if site.path == path and (site.value is not None or not inline)]


def _under(path: KeyPath, above: KeyPath) -> bool:
    return path[: len(above)] == above


def _outermost(source: bytes, path: KeyPath) -> list[Site]:
    """Return the sites at or under `path` that are not inside one another."""
    found: list[Site] = []
    for site in sites(source):
        if _under(site.path, path) and (not found or site.node.start_byte >= found[-1].node.end_byte):
            found.append(site)
    return found


def _without(source: bytes, site: Site) -> bytes:
    start = site.node.start_byte
    if site.kind == "item":
        array = site.node.parent
        assert array is not None and isinstance(site.path[-1], int)  # noqa: S101, PT018 - what an item is
        literal = without_item(source[array.start_byte : array.end_byte], site.path[-1])
        return source[: array.start_byte] + literal + source[array.end_byte :]
    if site.kind == "header":
        return _without_block(source, site)
    if not site.is_line:
        return without_pair(source, site.node)
    if source[site.end : line_end(source, site.end)].strip():  # a comment: it stays
        comment = source.index(b"#", site.end)
        return source[:start] + source[comment:]
    return remove_lines(source, start, site.end)


def _without_block(source: bytes, site: Site) -> bytes:
    """Return `source` without the lines of a header, and without the blank line that set it off."""
    start = site.node.start_byte
    above = line_start(source, start) - 1
    after = next_line(source, site.end)
    is_set_off = above > 0 and not source[line_start(source, above) : above].strip()
    if is_set_off and not source[after : line_end(source, after)].strip():
        start = above
    return remove_lines(source, start, site.end)


def _add(source: bytes, path: KeyPath, value: object) -> bytes:
    """Return `source` with a new key, in the form that the table around it has."""
    parent, found = path[:-1], sites(source)
    pair = _pair(path[len(parent) :], value)
    for site in found:
        if site.path == parent and site.value is not None:
            return with_pair(source, site.value, pair)
        if site.path == parent:
            return insert_below(source, site.end, [indent(source, site.end) + pair])
    pairs = [site for site in found if site.kind == "pair" and _under(site.path, parent)]
    dotted = [site for site in pairs if len(site.base) < len(parent)]
    if dotted:
        return _add_dotted(source, dotted[-1], path, value)
    if _wants_header(found, parent):
        return _add_table(source, parent, pair)
    return _add(source, parent, {str(path[-1]): value})


def _wants_header(found: list[Site], path: KeyPath) -> bool:
    """Return whether a table that nothing names yet gets a header: outer ones do, and those with tables below them.

    Others are written on the line of their key: a header would have to stand among those of its list's entry.
    """
    if any(site.kind == "header" and _under(site.path, path) for site in found):
        return True
    return len(path) <= 2 and not any(site.value is not None and _under(path, site.path) for site in found)


def _add_dotted(source: bytes, sibling: Site, path: KeyPath, value: object) -> bytes:
    pair = _pair(path[len(sibling.base) :], value)
    if sibling.is_line:
        return insert_below(source, sibling.end, [indent(source, sibling.node.start_byte) + pair])
    table = sibling.node.parent
    assert table is not None  # noqa: S101 - an inline pair stands in a table
    return with_pair(source, table, pair)


def _add_table(source: bytes, path: KeyPath, pair: bytes) -> bytes:
    """Return `source` with a header for `path`: before the headers of its parts, else at the end."""
    lines = [f"[{spelled_key([part for part in path if isinstance(part, str)])}]", pair.decode()]
    parts = [site for site in sites(source) if site.kind == "header" and _under(site.path, path)]
    if not parts:
        return _insert_block(source, _text_end(source), lines)
    at = line_start(source, parts[0].node.start_byte)
    while at and source[line_start(source, at - 1) : at].lstrip().startswith(b"#"):
        at = line_start(source, at - 1)
    return insert_above(source, at, [*(line.encode() for line in lines), b""])


def _pair(keys: KeyPath, value: object) -> bytes:
    return f"{spelled_key(map(str, keys))} = {spelled(value)}".encode()


def _insert_block(source: bytes, at: int, lines: list[str]) -> bytes:
    """Return `source` with `lines` below the line of `at`, set off by blank lines."""
    after = next_line(source, at)
    is_set_off = not source[after : line_end(source, after)].strip()
    return insert_below(source, at, [b"", *(line.encode() for line in lines), *([] if is_set_off else [b""])])


def _text_end(source: bytes) -> int:
    return len(source.rstrip())


def _block_end(source: bytes, site: Site) -> int:
    """Return a byte on the last line of a block. Comments right below it are its own, unless a header follows them."""
    end = here = line_end(source, site.end)
    while (at := next_line(source, here)) < len(source):
        line = source[at : line_end(source, at)].strip()
        if not line.startswith(b"#"):
            return end if line.startswith(b"[") else here
        here = line_end(source, at)
    return here
