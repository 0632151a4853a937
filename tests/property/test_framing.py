"""Framing does not depend on how a stream is cut into chunks."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from ploked_protocol.framing import MAX_HEADER_BYTES, FrameDecoder, FramingError, frame

HEADS = st.sampled_from(
    [
        b"Content-Length: %d\r\n\r\n",
        b"content-length:%d\n\n",
        b"X-A: b\r\nContent-Length: %d\r\nContent-Type: c\r\n\r\n",
    ]
)
MESSAGES = st.lists(st.tuples(HEADS, st.binary(max_size=40)), max_size=6)


def stream_of(messages: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(head % len(body) + body for head, body in messages)


def read(chunks: list[bytes]) -> tuple[list[bytes], bool]:
    """Return the bodies and whether the stream went wrong."""
    decoder = FrameDecoder(max_body=1000)
    found: list[bytes] = []
    try:
        for chunk in chunks:
            found.extend(decoder.feed(chunk))  # keeps what came before an error
    except FramingError:
        return found, True
    return found, False


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def test_split_at_every_byte() -> None:
    bodies = [b"{}", b"", "é😀".encode(), b"\r\n\r\n", frame(b"inner")]
    data = b"".join(map(frame, bodies)) + b"content-length:3\n\nabc"
    for place in range(len(data) + 1):
        assert read([data[:place], data[place:]]) == ([*bodies, b"abc"], False)
    assert read([data[at : at + 1] for at in range(len(data))]) == ([*bodies, b"abc"], False)


def test_the_longest_header_is_the_same_however_it_is_cut() -> None:
    verdicts = set()
    for extra in range(MAX_HEADER_BYTES - 40, MAX_HEADER_BYTES + 8):
        data = b"X: %b\r\nContent-Length: 1\r\n\r\nz" % (b"y" * extra)
        whole = read([data])
        assert read([data[at : at + 1] for at in range(len(data))]) == whole
        verdicts.add(whole[1])
    assert verdicts == {False, True}


@given(MESSAGES, st.lists(st.integers(min_value=0), max_size=12))
def test_any_cut_gives_the_same_bodies(messages: list[tuple[bytes, bytes]], places: list[int]) -> None:
    data = stream_of(messages)
    assert read(cut(data, places)) == ([body for _, body in messages], False)


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0), max_size=12))
def test_garbage_ends_the_stream_at_the_same_place_however_it_is_cut(data: bytes, places: list[int]) -> None:
    assert read(cut(data, places)) == read([data])


@given(MESSAGES, st.binary(min_size=1, max_size=20), st.integers(min_value=0), st.lists(st.integers(min_value=0)))
def test_a_damaged_stream_gives_the_same_bodies_however_it_is_cut(
    messages: list[tuple[bytes, bytes]], damage: bytes, place: int, places: list[int]
) -> None:
    data = bytearray(stream_of(messages))
    at = place % (len(data) + 1)
    data[at : at + len(damage)] = damage
    assert read(cut(bytes(data), places)) == read([bytes(data)])
