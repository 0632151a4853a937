"""Long answers pass by the proxy: moved from the daemon's socket into the editor's pipe, whole and in order."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from ploked.lifecycle.answers import LONG_BYTES, long_frame
from ploked.lifecycle.streams import Outlet
from ploked_protocol.framing import frame

if not hasattr(os, "splice"):
    pytest.skip("only Linux moves bytes between a socket and a pipe", allow_module_level=True)

LONG = frame(bytes(range(256)) * (LONG_BYTES // 128))


@dataclass
class Ends:
    """A daemon's socket and an editor's pipe, with what the proxy holds of both."""

    daemon: socket.socket
    connection: socket.socket
    outlet: Outlet
    editor: int

    def read_all(self) -> bytes:
        """Return what the editor reads until nothing more comes."""
        got = b""
        while True:
            self.outlet.flush()
            try:
                data = os.read(self.editor, 1 << 20)
            except BlockingIOError:
                return got
            got += data


@pytest.fixture
def ends() -> Iterator[Ends]:
    daemon, connection = socket.socketpair()
    connection.setblocking(False)
    editor, stdout = os.pipe()
    os.set_blocking(editor, False)
    Outlet.unblock(stdout)
    yield Ends(daemon, connection, Outlet(stdout), editor)
    for end in (daemon, connection):
        end.close()
    for fd in (editor, stdout):
        os.close(fd)


def test_a_long_frame_that_has_come_whole_is_seen_and_moved(ends: Ends) -> None:
    ends.daemon.sendall(LONG + b"next")
    found = long_frame(ends.connection)
    assert found is not None
    head, size = found
    assert (size, LONG.index(head)) == (len(LONG), LONG.index(b"\r\n\r\n") + 4)
    ends.outlet.move(ends.connection.fileno(), size)
    assert ends.read_all() == LONG
    assert ends.connection.recv(100) == b"next"


@pytest.mark.parametrize(
    "sent",
    [b"", frame(b"{}"), LONG[:-1], b"Content-Length: 1\r\nX: y\r\n\r\n" + bytes(LONG_BYTES), frame(b"{}") + LONG],
    ids=["nothing", "a short one", "all but a byte", "an odd header", "a short one before it"],
)
def test_what_else_has_come_is_read_as_ever(ends: Ends, sent: bytes) -> None:
    ends.daemon.sendall(sent)
    assert long_frame(ends.connection) is None


def test_what_a_full_pipe_does_not_take_waits(ends: Ends) -> None:
    before = 0
    while not ends.outlet.waits:
        ends.outlet.put(b"y" * 4096)
        before += 4096
    ends.daemon.sendall(LONG)
    ends.outlet.move(ends.connection.fileno(), len(LONG))
    assert ends.outlet.waits
    assert ends.read_all() == b"y" * before + LONG


def test_a_pipe_that_is_almost_full_takes_what_it_can(ends: Ends) -> None:
    stuffing = 0
    while not ends.outlet.waits:
        ends.outlet.put(b"y" * 4096)
        stuffing += 4096
    got = os.read(ends.editor, 3 * 4096)
    ends.outlet.flush()
    os.read(ends.editor, 2 * 4096)
    ends.daemon.sendall(LONG)
    ends.outlet.move(ends.connection.fileno(), len(LONG))
    assert ends.outlet.waits
    assert ends.read_all() == b"y" * (stuffing - len(got) - 2 * 4096) + LONG


def test_an_editor_that_has_gone_is_noticed(ends: Ends) -> None:
    editor, stdout = os.pipe()
    outlet = Outlet(stdout)
    os.close(editor)
    ends.daemon.sendall(LONG + b"next")
    outlet.move(ends.connection.fileno(), len(LONG))
    assert outlet.broken
    assert ends.connection.recv(100) == b"next"
    os.close(stdout)


def test_only_pipes_take_pages(ends: Ends) -> None:
    assert ends.outlet.takes_pages
    assert not Outlet(ends.daemon.fileno()).takes_pages
