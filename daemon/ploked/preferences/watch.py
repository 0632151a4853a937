"""Watches config.toml through the folders that it and its links are in.

A watch on the file itself would die with the first save by rename.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Literal

import msgspec

from .disk import Reading, read, read_settled
from .events import FolderEvents, folder_events

SETTLE_S = 0.01
"""A batch of events ends when none has come for so long."""
DEBOUNCE_S = 0.05
"""A batch ends after so long even if events keep coming."""
HEARTBEAT_S = 5.0
"""The file is looked at this often in any case: network file systems and full event queues say nothing."""
POLL_S = 0.25
"""How often it is looked at where events cannot be had."""
_MOST_LINKS = 40
_STAND_ATTEMPTS = 3


async def watch(
    path: Path, stop: asyncio.Event, seen: Callable[[], Reading | None] | None = None
) -> AsyncGenerator[Reading, None]:
    """Yield what `path` holds, once per settled change: saved in place or by rename, made, deleted, links swapped.

    It ends when `stop` is set. A change is a difference from `seen()`, which says what the caller read last; without
    it, from what the watch found last. Neither the file nor its folder has to exist.
    """
    last = None if seen else await asyncio.to_thread(read, path)
    known, sentry = seen or (lambda: last), _Sentry(path)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        while not stop.is_set():
            reading = await sentry.look(known())
            if reading != known():
                last = reading
                yield reading
            await sentry.wait(stopped)
    finally:
        stopped.cancel()
        sentry.close()


class _Places(msgspec.Struct, frozen=True):
    """Where a change of the file shows."""

    folders: tuple[tuple[str, int, int], ...]
    """Path, device and inode: a folder made anew has to be watched anew."""
    names: frozenset[str]
    """The paths that matter in them."""


def _places(path: Path) -> _Places:
    """Return the folders of the file and of every link on the way to it.

    Where the file's folder is missing, the last folder that is there takes its place. A watched folder tells of its
    own end and move, so that none above it is needed.
    """
    here, rest = Path("/"), deque(path.absolute().parts[1:])
    folders: list[Path] = []
    names: set[str] = set()
    while rest:
        part = rest.popleft()
        step = here.parent if part == ".." else here / part
        names.add(str(step))
        if step.is_symlink() and len(folders) < _MOST_LINKS:
            folders.append(here)
            target = step.readlink()
            rest.extendleft(reversed(target.parts[target.is_absolute() :]))
            here = Path("/") if target.is_absolute() else here
        elif rest and step.is_dir():
            here = step
        else:
            break
    return _Places(tuple(map(_identity, dict.fromkeys([*folders, here]))), frozenset(names))


def _identity(folder: Path) -> tuple[str, int, int]:
    try:
        found = folder.stat()
    except OSError:
        return str(folder), 0, 0
    return str(folder), found.st_dev, found.st_ino


class _Sentry:
    """Stands where the file is, and follows it when its folders change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: _Places | None = None
        self._events: FolderEvents | None = None
        self._happened = asyncio.Event()

    async def look(self, known: Reading | None) -> Reading:
        """Watch where the file is now, then return what it holds: nothing can change unseen from here on."""
        for _ in range(_STAND_ATTEMPTS):
            places, reading = await asyncio.to_thread(_glance, self._path, known)
            if self._events is not None and self._events.alive and places == self._places:
                break
            self.close()
            self._places = places
            self._events = await folder_events([name for name, _, _ in places.folders], self._heard)
        return reading

    async def wait(self, stopped: asyncio.Future[Literal[True]]) -> None:
        """Return when something happened to the file, at the heartbeat, and when the watch is stopped."""
        waits_s = HEARTBEAT_S if self._events is not None else POLL_S
        if await self._first(stopped, waits_s):
            loop = asyncio.get_running_loop()
            ends = loop.time() + DEBOUNCE_S
            while loop.time() < ends and await self._first(stopped, SETTLE_S):
                pass

    async def _first(self, stopped: asyncio.Future[Literal[True]], seconds: float) -> bool:
        """Return whether something happened within so many seconds; at once, once the watch is stopped."""
        happened = asyncio.ensure_future(self._happened.wait())
        await asyncio.wait([happened, stopped], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        happened.cancel()
        was_set = self._happened.is_set() and not stopped.done()
        self._happened.clear()
        return was_set

    def _heard(self, path: str) -> None:
        if self._places is None or path in self._places.names or not path:
            self._happened.set()

    def close(self) -> None:
        """Let go of the system's watcher."""
        if self._events is not None:
            self._events.close()
        self._events = None


def _glance(path: Path, known: Reading | None) -> tuple[_Places, Reading]:
    """Return where a change of the file shows, and what it holds."""
    places, reading = _places(path), read(path)
    return places, reading if reading == known else read_settled(path)
