"""Taking a place: its lock, then a socket that is private from the moment it can be seen. Standard library only."""

from __future__ import annotations

import json
import os
import socket
import time

from .lock import Lock, held_by, same_file
from .place import Place

LOCK_S = 3.0
"""How long a daemon that is about to leave may hold the lock."""
BACKLOG = 128


class TakenError(Exception):
    """Another daemon has the place; the text says which."""


class Seat:
    """A place that is ours: the lock is held, the socket listens. Raises TakenError, UnusablePlaceError, OSError."""

    def __init__(self, place: Place) -> None:
        place.prepare()
        self.place = place
        self._lock = _locked(place)
        self.listener, self._socket = _listening(place)
        self._lock.say(json.dumps({"pid": os.getpid(), "socket": place.socket}).encode())

    @property
    def is_ours(self) -> bool:
        """Return whether socket and lock are still those that we have made; somebody may have cleaned up."""
        return self._lock.in_place and same_file(self.place.socket, self._socket)

    def give_up(self) -> None:
        """Let another take the place: remove the socket if it is ours, then the lock."""
        if same_file(self.place.socket, self._socket):
            os.unlink(self.place.socket)
        self._lock.release()


def _locked(place: Place) -> Lock:
    lock, deadline = Lock(place.lock), time.monotonic() + LOCK_S
    while not lock.take():
        if time.monotonic() > deadline:
            note = (held_by(place.lock) or b"").decode(errors="replace")
            raise TakenError(f"Another daemon holds {place.lock}: {note}. `ploked stop --now` ends it.")
        time.sleep(0.01)
    return lock


def _listening(place: Place) -> tuple[socket.socket, os.stat_result]:
    """Return a listening socket at the path of `place`: nobody ever finds one there that does not listen yet."""
    early = os.path.join(place.folder, f".{os.getpid()}")
    if os.path.lexists(early):
        os.unlink(early)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(early)
    os.chmod(early, 0o600)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    status = os.lstat(early)
    os.rename(early, place.socket)
    return listener, status
