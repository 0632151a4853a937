"""Content-Length framing without IO (LSP base protocol): one codec for daemon, client and tests."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_HEADER_BYTES = 4096
MAX_HEADER_LINES = 16
MAX_BODY_BYTES = 8 << 20
"""Larger messages are refused: nothing an editor sends comes near."""

PLAIN_HEADER = re.compile(rb"Content-Length: ([0-9]{1,15})\r\n\r\n")
"""The header that `frame` writes and nearly everybody sends; it is read at once, others line by line."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(rb"[0-9]{1,15}")


class FramingError(ValueError):
    """The stream is no Content-Length framing, or a frame is too large; it cannot be read on."""


def frame(body: bytes) -> bytes:
    """Return `body` with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class FrameDecoder:
    """Cuts a byte stream into message bodies, however it is chunked.

    Header names are case-insensitive and lines may end in LF alone, as lenient peers accept; other headers are
    skipped. Raises FramingError when resync is impossible.
    """

    def __init__(self, max_body: int = MAX_BODY_BYTES) -> None:
        self.max_body = max_body
        self._buffer = bytearray()
        self._length: int | None = None
        """Length of the body being read; None while in the header."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take `data` in and return an iterator over the bodies that it completes, in order.

        The iterator raises FramingError where the stream goes wrong: the bodies before that place are not lost.
        """
        self._buffer += data
        return iter(self._next, None)

    def whole(self, data: bytes) -> bytes | None:
        """Return the body when `data` is exactly one frame and none has begun before; else None, with nothing taken."""
        header = None if self.pending else PLAIN_HEADER.match(data)
        if header is None or not 0 <= len(data) - header.end() == int(header[1]) <= self.max_body:
            return None
        return data[header.end() :]

    @property
    def pending(self) -> bool:
        """Whether a frame has begun and not ended: an EOF now cuts a message short."""
        return bool(self._buffer) or self._length is not None

    def _next(self) -> bytes | None:
        if self._length is None and not self._read_header():
            return None
        if self._length is None or len(self._buffer) < self._length:
            return None
        with memoryview(self._buffer) as view:  # a slice of the buffer itself would copy twice
            body = bytes(view[: self._length])
        del self._buffer[: self._length]
        self._length = None
        return body

    def _read_header(self) -> bool:
        if (plain := PLAIN_HEADER.match(self._buffer)) is not None:
            self._length = _parse_length(plain[1], self.max_body)
            del self._buffer[: plain.end()]
            return True
        end = _header_end(self._buffer)
        if end is None:
            if len(self._buffer) >= MAX_HEADER_BYTES:
                raise FramingError(f"header longer than {MAX_HEADER_BYTES} bytes")
            return False
        head = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._length = _content_length(head, self.max_body)
        return True


def _header_end(buffer: bytearray) -> int | None:
    """Return the index after the empty line that ends the header; None when it has not come."""
    ends = [
        at + len(mark)
        for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n")
        if (at := buffer.find(mark, 0, MAX_HEADER_BYTES)) >= 0
    ]
    return min(ends, default=None)


def _content_length(head: bytes, max_body: int) -> int:
    lines = [line for line in head.replace(b"\r\n", b"\n").split(b"\n") if line]
    if len(lines) > MAX_HEADER_LINES:
        raise FramingError(f"more than {MAX_HEADER_LINES} header lines")
    length = None
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            raise FramingError(f"not a header line: {line[:60]!r}")
        if name.lower() == b"content-length":
            said = _parse_length(value.strip(), max_body)
            if length not in (None, said):
                raise FramingError(f"two lengths for one message: {length} and {said}")
            length = said
    if length is None:
        raise FramingError("header without Content-Length")
    return length


def _parse_length(value: bytes, max_body: int) -> int:
    if not _LENGTH.fullmatch(value):
        raise FramingError(f"Content-Length is not a number: {value[:40]!r}")
    if int(value) > max_body:
        raise FramingError(f"message of {int(value)} bytes; at most {max_body} are taken")
    return int(value)
