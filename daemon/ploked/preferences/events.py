"""What happens in folders, told as it happens: nothing runs while nothing does.

On Linux through inotify, whose descriptor the event loop waits for. watchfiles, which serves the other systems, looks
for events every few milliseconds, which is 0.2 % of a core for as long as the daemon lives.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Protocol

HAS_INOTIFY = sys.platform == "linux"
STEP_MS = 10
"""How often watchfiles looks."""

Heard = Callable[[str], None]
"""Is called in the loop with the path that something happened to; with "" when it could be any."""


class FolderEvents(Protocol):
    """A watch of some folders."""

    @property
    def alive(self) -> bool:
        """Return whether all of the folders are still watched."""

    def close(self) -> None:
        """Tell nothing any more."""


async def folder_events(folders: Sequence[str], heard: Heard) -> FolderEvents | None:
    """Return a watch of `folders` that stands already; None where there is none to be had.

    It tells of what is made, written, renamed and deleted in them, and of their own end and move.
    """
    if os.environ.get("WATCHFILES_FORCE_POLLING", "false").lower() not in {"", "false", "disable", "disabled"}:
        return None
    try:
        if not HAS_INOTIFY:
            return _Watchfiles(folders, heard)
        await asyncio.to_thread(_load_inotify)
        return _Inotify(folders, heard)
    except (OSError, RuntimeError):  # no inotify, no watches left, or a folder that went away or may not be read
        return None


@cache
def _load_inotify() -> None:
    """Have the library ready, which asks another process where libc is when it is first used."""
    from inotify_simple import INotify  # imported late, as watchfiles: start-up pays for every import

    INotify().close()


class _Inotify:
    def __init__(self, folders: Sequence[str], heard: Heard) -> None:
        from inotify_simple import INotify, flags

        self.alive = True
        self._heard = heard
        self._ends = flags.IGNORED | flags.DELETE_SELF | flags.MOVE_SELF
        self._folders: dict[int, str] = {}
        self._inotify = INotify(nonblocking=True)
        content = flags.MODIFY | flags.ATTRIB | flags.CLOSE_WRITE | flags.CREATE | flags.DELETE
        mask = content | flags.MOVED_FROM | flags.MOVED_TO | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR
        try:
            for folder in folders:
                self._folders[self._inotify.add_watch(folder, mask)] = folder
        except OSError:
            self._inotify.close()
            raise
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._inotify.fileno(), self._read)

    def _read(self) -> None:
        for event in self._inotify.read(timeout=0):
            self.alive = self.alive and not event.mask & self._ends
            folder = self._folders.get(event.wd)  # none is given with the event that some were lost
            self._heard(f"{folder}/{event.name}" if folder and event.name else "")

    def close(self) -> None:
        self._loop.remove_reader(self._inotify.fileno())
        self._inotify.close()


class _Watchfiles:
    def __init__(self, folders: Sequence[str], heard: Heard) -> None:
        from watchfiles._rust_notify import RustNotify  # `awatch` would not say from when on it sees changes

        self.alive = True
        self._heard = heard
        self._stop = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._notify = RustNotify(list(folders), False, False, 0, False, False)
        threading.Thread(target=self._run, name="ploked-watch", daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError, RuntimeError):  # the system's watcher failed, or the loop has ended
            while not isinstance(found := self._notify.watch(STEP_MS, STEP_MS, 0, self._stop), str):
                for _, path in found:
                    self._loop.call_soon_threadsafe(self._heard, path)
        self.alive = False
        self._notify.close()

    def close(self) -> None:
        self._stop.set()
