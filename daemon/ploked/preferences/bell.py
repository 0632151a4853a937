"""Rings when something happens in a folder: until then nothing runs.

watchfiles tells what has happened, on every system; but while it waits, it looks whether it has heard anything, at
every step. Where there is inotify, that can be left until there is something to hear.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inotify_simple import INotify

EXISTS = hasattr(os, "eventfd")
"""Whether this is Linux, which alone has inotify."""


class Bell:
    """A bell over some folders, for one thread to wait at. Others may only `pull` it."""

    def __init__(self) -> None:
        self._rope = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._inotify: INotify | None = None

    def hang(self, folders: Sequence[str]) -> None:
        """Listen in `folders` from now on, and nowhere else; `hangs` says whether that could be done."""
        from inotify_simple import INotify, flags  # imported late: start-up pays for every import

        self._unhang()
        content = flags.MODIFY | flags.ATTRIB | flags.CLOSE_WRITE | flags.CREATE | flags.DELETE
        own = flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR
        try:
            self._inotify = INotify(nonblocking=True)
            for folder in folders:
                self._inotify.add_watch(folder, content | flags.MOVED_FROM | flags.MOVED_TO | own)
        except OSError:  # no instances or watches left, or a folder that went away or may not be read
            self._unhang()

    @property
    def hangs(self) -> bool:
        """Return whether it rings when something happens."""
        return self._inotify is not None

    def wait(self, timeout_ms: int) -> bool:
        """Return whether something has happened since it was hung or last rang, or it was pulled; at once, if so."""
        poll = select.poll()
        for fd in (self._rope, self._inotify):
            if fd is not None:
                poll.register(fd, select.POLLIN)
        rings = bool(poll.poll(timeout_ms))
        if rings and self._inotify is not None:
            self._inotify.read(timeout=0)
        return rings

    def pull(self) -> None:
        """Let it ring from now on, for whoever waits to stop."""
        os.eventfd_write(self._rope, 1)

    def close(self) -> None:
        """Take it down for good; it cannot be pulled any more."""
        self._unhang()
        os.close(self._rope)

    def _unhang(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
        self._inotify = None


def new_bell() -> Bell | None:
    """Return a bell that hangs nowhere yet; None where the system has none to give."""
    try:
        return Bell() if EXISTS else None
    except OSError:  # too many open files
        return None
