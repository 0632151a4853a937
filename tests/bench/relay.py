"""The yardstick of the proxy: from stdin to a socket and back, and nothing else. `python relay.py SOCKET`."""

from __future__ import annotations

import os
import select
import socket
import sys

CHUNK = 1 << 20


def relay(path: str) -> None:
    """Relay until one side ends."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    ways = {0: connection.fileno(), connection.fileno(): 1}
    poll = select.poll()
    for fd in ways:
        poll.register(fd, select.POLLIN)
    buffer = memoryview(bytearray(CHUNK))
    while True:
        for fd, _ in poll.poll():
            count = os.readv(fd, [buffer])
            if not count:
                return
            sent = 0
            while sent < count:
                sent += os.write(ways[fd], buffer[sent:count])


if __name__ == "__main__":
    relay(sys.argv[1])
