"""What comes from a daemon, on its way to the client. Standard library only."""

from __future__ import annotations

import socket
import sys

from ploked_protocol.framing import PLAIN_HEADER

from .recall import Recall
from .streams import FrameReader, Outlet

try:
    import fcntl
    import termios
except ImportError:  # Windows has neither, and gets no further than `Place.check`
    pass

LONG_BYTES = 1 << 14
"""From here on it takes less time to move a frame than to read and write it, where it can be moved."""
HEAD_BYTES = 128


class Answers:
    """The messages of one daemon. `recall` takes note of each, and says which are for the client."""

    def __init__(self, connection: socket.socket, to_client: Outlet, recall: Recall) -> None:
        self._connection = connection
        self._to_client = to_client
        self._recall = recall
        self._frames = FrameReader(connection.fileno())
        self._moves = to_client.takes_pages

    def pass_on(self) -> bool:
        """Give the client what has come and is for it; return whether the daemon is still there.

        Raises FramingError when what comes are no messages.
        """
        if self._moves and self._frames.is_empty and self._pass_by():
            return True
        goes_on = self._frames.fill()
        if goes_on:
            self._pass_frames()
        return goes_on is not False

    def _pass_by(self) -> bool:
        """Let a long answer pass without reading more than its head; return whether there was one.

        Only one that has come whole: should the daemon be killed in the midst of one, half of it would be all that the
        client ever reads.
        """
        head, size = long_frame(self._connection) or (b"", 0)
        if not size or not self._recall.begun(head):
            return False
        self._to_client.move(self._connection.fileno(), size)
        return True

    def _pass_frames(self) -> None:
        """Give the client as many messages at a time as came together."""
        begin = stop = 0
        for start, body, end in self._frames.frames():
            if self._recall.received(self._frames.view(body, end)):
                begin, stop = (begin if stop else start), end
            elif stop:
                self._to_client.put(self._frames.view(begin, stop))
                begin = stop = 0
        if stop:
            self._to_client.put(self._frames.view(begin, stop))


def long_frame(connection: socket.socket) -> tuple[bytes, int] | None:
    """Return how the body begins of a long frame that waits at a socket as a whole, and the length of the frame."""
    if _queued(connection) < LONG_BYTES:  # asked for each answer: this has to cost little
        return None
    head = connection.recv(HEAD_BYTES, socket.MSG_PEEK)
    header = PLAIN_HEADER.match(head)
    size = header.end() + int(header[1]) if header else 0
    return (head[header.end() :], size) if header and LONG_BYTES <= size <= _queued(connection) else None


def _queued(connection: socket.socket) -> int:
    """Return how many bytes wait at a socket."""
    return int.from_bytes(fcntl.ioctl(connection, termios.FIONREAD, bytes(4)), sys.byteorder)
