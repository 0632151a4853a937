"""Content-Length framing: what is taken, and what ends a stream."""

from __future__ import annotations

import pytest
from ploked_protocol.framing import MAX_BODY_BYTES, MAX_HEADER_BYTES, FrameDecoder, FramingError, frame


def bodies(data: bytes) -> list[bytes]:
    return list(FrameDecoder().feed(data))


def test_a_frame_is_its_header_and_its_body() -> None:
    assert frame(b"{}") == b"Content-Length: 2\r\n\r\n{}"


def test_the_length_counts_bytes_not_characters() -> None:
    assert bodies(frame("é€😀".encode())) == ["é€😀".encode()]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\n\r\n",
        b"Content-Length:   2  \r\n\r\n",
        b"Content-Length: 02\r\n\r\n",
        b"Content-Length: 2\n\n",
        b"Content-Length: 2\r\n\n",
        b"Content-Length: 2\n\r\n",
        b"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc\nContent-Length: 2\n\n",
        b"X-Other: a: b\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_what_lenient_peers_send_is_taken_and_so_is_the_next_message(head: bytes) -> None:
    assert bodies(head + b"{}" + frame(b"[]")) == [b"{}", b"[]"]


def test_an_empty_body_is_a_message() -> None:
    assert bodies(frame(b"") + frame(b"x")) == [b"", b"x"]


def test_a_body_may_look_like_headers() -> None:
    inner = frame(b"Content-Length: 5\r\n\r\n")
    assert bodies(frame(inner)) == [inner]


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"{}\r\n\r\n",
        b": 2\r\n\r\n{}",
        b"Content Length: 2\r\n\r\n{}",
        b"Content-Type: text/plain\r\n\r\n{}",
        b"Content-Length: two\r\n\r\n{}",
        b"Content-Length: -2\r\n\r\n{}",
        b"Content-Length: +2\r\n\r\n{}",
        b"Content-Length: 2.0\r\n\r\n{}",
        b"Content-Length: 0x2\r\n\r\n{}",
        b"Content-Length: \r\n\r\n{}",
        "Content-Length: ٢\r\n\r\n{}".encode(),
        b"Content-Length: " + b"9" * 5000,
        b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"X-%d: y\r\n" * 17 % tuple(range(17)) + b"Content-Length: 2\r\n\r\n{}",
        b"x" * (MAX_HEADER_BYTES + 1),
    ],
)
def test_what_cannot_be_resynchronised_ends_the_stream(data: bytes) -> None:
    with pytest.raises(FramingError):
        bodies(data)


def test_messages_before_the_place_that_goes_wrong_are_not_lost() -> None:
    stream = FrameDecoder().feed(frame(b"1") + frame(b"2") + b"garbage\r\n\r\n")
    assert [next(stream), next(stream)] == [b"1", b"2"]
    with pytest.raises(FramingError):
        next(stream)


def test_two_lengths_that_differ_end_the_stream() -> None:
    with pytest.raises(FramingError):
        bodies(b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}")


def test_a_larger_limit_can_be_asked_for() -> None:
    body = b"x" * 100
    assert list(FrameDecoder(max_body=100).feed(frame(body))) == [body]
    with pytest.raises(FramingError, match="message of 100 bytes; at most 99 are taken"):
        list(FrameDecoder(max_body=99).feed(frame(body)))


def test_a_message_that_is_cut_short_is_pending() -> None:
    decoder = FrameDecoder()
    for data, pending in ((b"Content-Le", True), (b"ngth: 2\r\n\r\n", True), (b"{", True), (b"}", False)):
        list(decoder.feed(data))
        assert decoder.pending is pending
