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
"""A batch of events ends when none has come for so long: a change is seen after one to two steps."""
IDLE_STEP_MS = 120
"""How long a step is while nobody is at work, each of which costs 0.03 to 0.06 ms of processor time.

Two would be too long to see a change: at each, the file is peeked at.
"""
ATTENTIVE_S = 30.0
"""How long after the last sign of life somebody counts as at work."""
DEBOUNCE_MS = 50
"""A batch ends after so long even if events keep coming."""
HEARTBEAT_MS = 2_000
"""The file is looked at this often in any case: network file systems and full event queues say nothing."""
IDLE_HEARTBEAT_MS = 10_000
"""The same while nobody is at work, when it is peeked at besides."""
POLL_S = 0.25
"""How often it is looked at where events cannot be had."""
_MOST_LINKS = 40
_STAND_ATTEMPTS = 3


class Attention:
    """Whether somebody is at work, for whom a save has to be seen at once. Asked in another thread than it is told."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._until_s = now_s() + ATTENTIVE_S

    def attend(self) -> None:
        """Note that somebody is at work now."""
        self._until_s = self._now_s() + ATTENTIVE_S

    @property
    def step_ms(self) -> int:
        """Return how often to look for changes."""
        return STEP_MS if self._now_s() < self._until_s else IDLE_STEP_MS


async def watch(
    path: Path,
    stop: asyncio.Event,
    seen: Callable[[], Reading | None] | None = None,
    attention: Attention | None = None,
) -> AsyncGenerator[Reading, None]:
    """Yield what `path` holds, once per settled change: saved in place or by rename, made, deleted, links swapped.

    It ends when `stop` is set. A change is a difference from `seen()`, which says what the caller read last; without
    it, from what the watch found last. Neither the file nor its folder has to exist. A change calls for `attention`.
    """
    attention = attention or Attention()
    last = None if seen else await asyncio.to_thread(read, path)
    known = seen or (lambda: last)
    loop, sentry = asyncio.get_running_loop(), _Sentry(path, stop, attention)
    thread = ThreadPoolExecutor(1, "ploked-watch")  # its own: it would hold one of asyncio's few for ever
    try:
        while not stop.is_set():
            reading = await loop.run_in_executor(thread, sentry.next, known)
            if reading is not None:
                last = reading
                attention.attend()
                yield reading
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


_Glimpse = tuple[int, int, int] | None


def _glimpse(path: Path) -> _Glimpse:
    """Return what tells most changes of a file without reading it; None when it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116  # cheaper than that of a Path, and made eight times a second
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class _Sentry:
    """The half that blocks; every method runs in the one thread of its watch."""

    def __init__(self, path: Path, stop: asyncio.Event, attention: Attention) -> None:
        self._path = path
        self._stop = stop
        self._attention = attention
        self._step_ms = STEP_MS
        self._places: _Places | None = None
        self._notify: RustNotify | None = None
        self._looked = False
        self._glimpse: _Glimpse = None

    def next(self, known: Callable[[], Reading | None]) -> Reading | None:
        """Return what the file holds once that differs from `known()`; None when the watch is stopped.

        The event loop is not woken for less.
        """
        while True:
            if self._looked:
                self.wait()
            if self._stop.is_set():
                return None
            self._looked = True
            reading = self.look(known())
            if reading != known():
                return reading

    def look(self, known: Reading | None) -> Reading:
        """Watch where the file is now, then return what it holds: nothing can change unseen from here on."""
        for _ in range(_STAND_ATTEMPTS):
            places = _places(self._path)
            if self._notify is not None and places == self._places:
                break
            self.close()
            self._places, self._notify = places, _notifier(places)
        self._glimpse = _glimpse(self._path)
        reading = read(self._path)
        return reading if reading == known else read_settled(self._path)

    def wait(self) -> None:
        """Return when something happened to the file, at the heartbeat, and when the watch or its pace ends."""
        if self._notify is None or self._places is None:
            return self._doze()
        while True:
            self._step_ms = self._attention.step_ms
            try:
                heartbeat_ms = HEARTBEAT_MS if self._step_ms == STEP_MS else IDLE_HEARTBEAT_MS
                found = self._notify.watch(DEBOUNCE_MS, self._step_ms, heartbeat_ms, self)
            except (OSError, RuntimeError):  # the system's watcher failed: `look` makes another
                self.close()
                return self._doze()
            if isinstance(found, str) or any(name in self._places.names for _, name in found):
                return None

    def is_set(self) -> bool:
        """Return whether a wait is to end; the system's watcher asks at each step.

        While nobody is at work, it would take another of the long steps to tell of a change.
        """
        if self._stop.is_set() or self._step_ms != self._attention.step_ms:
            return True
        return self._step_ms == IDLE_STEP_MS and self._glimpse != _glimpse(self._path)

    def _doze(self) -> None:
        until = time.monotonic() + POLL_S
        while time.monotonic() < until and not self._stop.is_set():
            time.sleep(self._attention.step_ms / 1000)

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
