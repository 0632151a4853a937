"""Watches config.toml through the folders that it and its links are in.

A watch on the file itself would die with the first save by rename.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .disk import Reading, read, read_settled

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

STEP_MS = 10
"""A batch of events ends when none has come for so long; also how soon a stop is seen."""
DEBOUNCE_MS = 50
"""A batch ends after so long even if events keep coming."""
HEARTBEAT_MS = 2_000
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
    known = seen or (lambda: last)
    loop, sentry = asyncio.get_running_loop(), _Sentry(path, stop)
    thread = ThreadPoolExecutor(1, "ploked-watch")  # its own: it would hold one of asyncio's few for ever
    try:
        while not stop.is_set():
            reading = await loop.run_in_executor(thread, sentry.look, known())
            if reading != known():
                last = reading
                yield reading
            await loop.run_in_executor(thread, sentry.wait)
    finally:
        stop.set()  # ends a wait that was cancelled
        thread.submit(sentry.close)
        thread.shutdown(wait=False)


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
    whole = path.absolute()
    here, rest = Path(whole.anchor), deque(whole.parts[1:])
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
            here = Path(target.anchor) if target.is_absolute() else here
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
    """The half that blocks; every method runs in the one thread of its watch."""

    def __init__(self, path: Path, stop: asyncio.Event) -> None:
        self._path = path
        self._stop = stop
        self._places: _Places | None = None
        self._notify: RustNotify | None = None

    def look(self, known: Reading | None) -> Reading:
        """Watch where the file is now, then return what it holds: nothing can change unseen from here on."""
        for _ in range(_STAND_ATTEMPTS):
            places = _places(self._path)
            if self._notify is not None and places == self._places:
                break
            self.close()
            self._places, self._notify = places, _notifier(places)
        reading = read(self._path)
        return reading if reading == known else read_settled(self._path)

    def wait(self) -> None:
        """Return when something happened to the file, at the heartbeat, and when the watch is stopped."""
        if self._notify is None or self._places is None:
            return self._doze()
        while True:
            try:
                found = self._notify.watch(DEBOUNCE_MS, STEP_MS, HEARTBEAT_MS, self._stop)
            except (OSError, RuntimeError):  # the system's watcher failed: `look` makes another
                self.close()
                return self._doze()
            if isinstance(found, str) or any(name in self._places.names for _, name in found):
                return None

    def _doze(self) -> None:
        until = time.monotonic() + POLL_S
        while time.monotonic() < until and not self._stop.is_set():
            time.sleep(STEP_MS / 1000)

    def close(self) -> None:
        """Let go of the system's watcher."""
        if self._notify is not None:
            self._notify.close()
        self._notify = None


def _notifier(places: _Places) -> RustNotify | None:
    """Return the system's watcher of the folders; None where there is none to be had, so that we look now and then."""
    if os.environ.get("WATCHFILES_FORCE_POLLING", "false").lower() not in {"", "false", "disable", "disabled"}:
        return None
    # Imported late: start-up pays for every import. `awatch` would not say from when on it sees changes.
    from watchfiles._rust_notify import RustNotify

    try:
        return RustNotify([name for name, _, _ in places.folders], False, False, 0, False, False)
    except (OSError, RuntimeError):  # no inotify, no watches left, or a folder that went away or may not be read
        return None
