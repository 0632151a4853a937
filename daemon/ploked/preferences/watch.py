"""Watches config.toml through the folders that it and its links are in.

A watch on the file itself would die with the first save by rename.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from .bell import new_bell
from .disk import Reading, read, read_settled
from .places import Places, places_of

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

STEP_MS = 10
"""A batch of events ends when none has come for so long: a change is seen after one to two steps."""
IDLE_STEP_MS = 120
"""How long a step is while nobody is at work, where there is no bell; each costs 0.03 to 0.06 ms of processor time.

Two would be too long to see a change: at each, the file is peeked at.
"""
HEARD_MS = 200
"""How long to wait for the events that the bell has rung for: the system tells both at the same time."""
ATTENTIVE_S = 30.0
"""How long after the last sign of life somebody counts as at work."""
DEBOUNCE_MS = 50
"""A batch ends after so long even if events keep coming."""
HEARTBEAT_MS = 2_000
"""The file is looked at this often in any case: network file systems and full event queues say nothing."""
IDLE_HEARTBEAT_MS = 10_000
"""The same while nobody is at work."""
POLL_S = 0.25
"""How often it is looked at where events cannot be had."""
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
    stopped = loop.create_task(_after(stop, sentry.wake))
    try:
        while not stop.is_set():
            reading = await loop.run_in_executor(thread, sentry.next, known)
            if reading is not None:
                last = reading
                attention.attend()
                yield reading
    finally:
        stopped.cancel()
        stop.set()  # ends a wait that was cancelled
        sentry.wake()
        thread.submit(sentry.leave)
        thread.shutdown(wait=False)


async def _after(event: asyncio.Event, call: Callable[[], None]) -> None:
    await event.wait()
    call()


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
        self._places: Places | None = None
        self._notify: RustNotify | None = None
        self._bell = new_bell()
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
            places = places_of(self._path)
            if self._notify is not None and places == self._places:
                break
            self.close()
            self._places, self._notify = places, _notifier(places)
            if self._bell is not None and self._notify is not None:
                self._bell.hang([name for name, _, _ in places.folders])
        self._glimpse = _glimpse(self._path)
        reading = read(self._path)
        return reading if reading == known else read_settled(self._path)

    def wait(self) -> None:
        """Return when something happened to the file, at the heartbeat, and when the watch or its pace ends."""
        if self._notify is None or self._places is None:
            return self._doze()
        try:
            while not isinstance(found := self._events(self._notify), str):
                if any(name in self._places.names for _, name in found):
                    break
        except (OSError, RuntimeError):  # the system's watcher failed: `look` makes another
            self.close()
            self._doze()
        return None

    def _events(self, notify: RustNotify) -> set[tuple[int, str]] | str:
        """Return what happened in the folders, or why that is not known; a bell makes steps unnecessary until then."""
        self._step_ms = self._attention.step_ms
        heartbeat_ms = HEARTBEAT_MS if self._step_ms == STEP_MS else IDLE_HEARTBEAT_MS
        if self._bell is None or not self._bell.hangs:
            return notify.watch(DEBOUNCE_MS, self._step_ms, heartbeat_ms, self)
        if not self._bell.wait(heartbeat_ms):
            return "timeout"
        return notify.watch(DEBOUNCE_MS, STEP_MS, HEARD_MS, self._stop)

    def wake(self) -> None:
        """End a wait, whose watch was stopped; called in another thread."""
        if self._bell is not None:
            self._bell.pull()

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

    def leave(self) -> None:
        """Let go of all that the system lent."""
        self.close()
        if self._bell is not None:
            self._bell.close()

    def close(self) -> None:
        """Let go of the system's watcher."""
        if self._notify is not None:
            self._notify.close()
        self._notify = None


def _notifier(places: Places) -> RustNotify | None:
    """Return the system's watcher of the folders; None where there is none to be had, so that we look now and then."""
    if os.environ.get("WATCHFILES_FORCE_POLLING", "false").lower() not in {"", "false", "disable", "disabled"}:
        return None
    # Imported late: start-up pays for every import. `awatch` would not say from when on it sees changes.
    from watchfiles._rust_notify import RustNotify

    try:
        return RustNotify([name for name, _, _ in places.folders], False, False, 0, False, False)
    except (OSError, RuntimeError):  # no inotify, no watches left, or a folder that went away or may not be read
        return None
