"""Lines of a text as bytes. Every line keeps the ending it has, a new one takes its neighbour's."""

from __future__ import annotations

from collections.abc import Iterable


def line_start(source: bytes, at: int) -> int:
    """Return where the line of `at` begins."""
    return source.rfind(b"\n", 0, at) + 1


def line_end(source: bytes, at: int) -> int:
    """Return where the line of `at` ends, before its line ending."""
    end = source.find(b"\n", at)
    if end < 0:
        return len(source)
    return end - 1 if end > at and source[end - 1 : end] == b"\r" else end


def next_line(source: bytes, at: int) -> int:
    """Return where the line after that of `at` begins; the length of `source` when there is none."""
    end = source.find(b"\n", at)
    return len(source) if end < 0 else end + 1


def newline(source: bytes, at: int) -> bytes:
    """Return the ending of the line of `at`, or of the line before when it has none; LF when no line has one."""
    end = source.find(b"\n", at)
    if end < 0:
        end = source.rfind(b"\n")
    return b"\r\n" if end > 0 and source[end - 1 : end] == b"\r" else b"\n"


def indent(source: bytes, at: int) -> bytes:
    """Return the blanks that the line of `at` begins with."""
    line = source[line_start(source, at) : line_end(source, at)]
    return line[: len(line) - len(line.lstrip(b" \t"))]


def starts_line(source: bytes, at: int) -> bool:
    """Return whether only blanks stand before `at` on its line."""
    return not source[line_start(source, at) : at].strip()


def insert_below(source: bytes, at: int, lines: Iterable[bytes]) -> bytes:
    """Return `source` with `lines` below the line of `at`. A missing final line ending stays missing."""
    end, ending = line_end(source, at), newline(source, at)
    return source[:end] + b"".join(ending + line for line in lines) + source[end:]


def insert_above(source: bytes, at: int, lines: Iterable[bytes]) -> bytes:
    """Return `source` with `lines` above the line of `at`."""
    start, ending = line_start(source, at), newline(source, at)
    return source[:start] + b"".join(line + ending for line in lines) + source[start:]


def remove_lines(source: bytes, first: int, last: int) -> bytes:
    """Return `source` without the lines from that of `first` to that of `last`."""
    start, end = line_start(source, first), next_line(source, last)
    if end == len(source) and not source.endswith(b"\n"):  # the line before loses its ending instead
        start = line_end(source, line_start(source, start - 1)) if start else 0
    return source[:start] + source[end:]
