"""A TCP port beside the socket, on loopback alone and only where asked for: for clients that speak nothing else.

Every user of the machine can reach it, and so can web pages in their browsers. So whoever connects must say a token
first, which stands in a file that only we can read.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import socket
import time

from ..secret import Secret
from .place import Place

LOOPBACK = "127.0.0.1"
TAKEN_S = 1.0
"""How long the port may still be held by the daemon whose place we take."""
PAUSE_S = 0.02


class Port:
    """A listening port and its token. Raises OSError, with the address in its text, where the port cannot be had."""

    def __init__(self, place: Place, number: int) -> None:
        try:
            self.listener = _listening(number)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "ports end at 65535"
            raise OSError(f"The port {LOOPBACK}:{number} cannot be had: {reason}.") from None
        self.listener.setblocking(False)
        self.number: int = self.listener.getsockname()[1]
        self.address = f"{LOOPBACK}:{self.number}"
        self.token = Secret(secrets.token_urlsafe(32))
        self.token_file = f"{place.socket}.token"
        _write_private(self.token_file, json.dumps({"address": self.address, "token": self.token.reveal()}))

    def give_up(self) -> None:
        """Take the token away: who does not hold it yet cannot come in any more."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.token_file)


def _listening(number: int) -> socket.socket:
    deadline = time.monotonic() + TAKEN_S
    while True:
        try:
            return socket.create_server((LOOPBACK, number))
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_S)


def _write_private(path: str, text: str) -> None:
    """Write a file that nobody else can read, not even for a moment."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
