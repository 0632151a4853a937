"""Starting a daemon that belongs to nobody (no terminal, parent or open files), or a server for one editor alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from ..paths import NO_HOME
from .find import home
from .place import Place

MOST_WORDS = 2000


class LastWords:
    """What a starting daemon writes to stderr; it closes that once it serves, so an end with words is a failure."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._said = b""

    def ended(self) -> str | None:
        """Return what the daemon said before it ended; None while it runs."""
        try:
            while data := os.read(self._fd, 4096):
                self._said = (self._said + data)[-MOST_WORDS:]
        except BlockingIOError:
            return None
        return self._said.decode(errors="replace").strip()

    def close(self) -> None:
        """Listen no more."""
        os.close(self._fd)


def spawn(place: Place, port: int | None = None) -> LastWords:
    """Start `ploked serve --socket` in a session of its own, with a TCP port where one is given.

    Raises nothing that the daemon itself could say.

    It forks once more and lets go of this process (`--detach`): editors end the whole tree of the servers they started.
    The daemon's working directory is /, so the paths of its environment are made absolute here.
    """
    tcp = [] if port is None else ["--tcp", str(port)]
    heard, said = os.pipe()
    try:
        starter = subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-m", "ploked", "serve", "--socket", place.socket, "--detach", *tcp],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            cwd="/",
            env=_absolute(dict(os.environ)),
        )
    finally:
        os.close(said)
    starter.wait()
    return LastWords(heard)


def spawn_alone() -> socket.socket:
    """Start `ploked serve --stdio` and return what it reads from and writes to; it ends when that is closed.

    Raises OSError. It runs in the editor's folder, as this process does, but imports nothing from there (`-P`): that is
    somebody's project, and may hold a json.py.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-P", "-m", "ploked", "serve", "--stdio"]
        subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno())  # noqa: S603  # our own interpreter
    return ours


def _absolute(environ: dict[str, str]) -> dict[str, str]:
    for name in ("PLOKED_CONFIG", "PLOKED_CACHE_DIR", "PLOKED_LOG"):
        if value := environ.get(name):
            environ[name] = os.path.join(os.getcwd(), os.path.expanduser(value))
    if "HOME" in environ and (found := home()) != NO_HOME:
        environ["HOME"] = found
    return environ
