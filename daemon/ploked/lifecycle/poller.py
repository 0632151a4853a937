"""What a proxy waits for: file descriptors, signals, the end of its editor. Standard library only."""

from __future__ import annotations

import math
import os
import select
import signal
import time
from collections.abc import Callable, Iterable

LOOK_MS = 500
"""How often to look for the end of the editor where the system does not tell."""
ALERT_S = 0.0001
"""How long to stay awake for the answer to a request."""


class Poller:
    """Waits. `orphaned` is called when the editor has ended, `signalled` when a signal asks us to end."""

    def __init__(self, orphaned: Callable[[], None], signalled: Callable[[], None]) -> None:
        self._orphaned = orphaned
        self._parent = os.getppid()
        self._watches = {**_end_of(self._parent, orphaned), **_wakeups(signalled)}
        self._look_ms = None if hasattr(os, "pidfd_open") else LOOK_MS
        self._alert_until = 0.0
        self._alert_s = ALERT_S if _has_cores() else 0.0
        self._calm = select.poll()
        self.listen()

    def listen(self, *fds: int) -> None:
        """Make ready what `calm` waits for."""
        self._fds = fds
        self._calm = select.poll()
        for fd in (*fds, *self._watches):
            self._calm.register(fd, select.POLLIN)

    def watch(self, pid: int) -> None:
        """Take the end of process `pid` for that of the editor, too."""
        self._watches.update(_end_of(pid, self._orphaned))
        self.listen(*self._fds)

    def be_alert(self) -> None:
        """Stay awake for a little while from now."""
        self._alert_until = time.perf_counter() + self._alert_s

    def calm(self) -> list[int]:
        """Return where something has come, of what `listen` named and of what is ours.

        Most turns are this, which costs little.

        While an answer is likely, it does not sleep: to be woken takes longer than most answers. Nor does it give its
        core away, which on a busy machine takes milliseconds.
        """
        while time.perf_counter() < self._alert_until:
            if found := self._calm.poll(0):
                return [fd for fd, _ in found]
        return [fd for fd, _ in self._calm.poll(self._look_ms)]

    def busy(self, reads: Iterable[int], writes: Iterable[int], timeout_s: float | None) -> tuple[list[int], list[int]]:
        """Return which of `reads` and of what is ours can be read within `timeout_s`, and which of `writes` written."""
        if timeout_s is None and self._look_ms is not None:
            timeout_s = self._look_ms / 1000
        waited = select.poll()  # select() takes no more than 1,024 open files, and who starts us may hold more
        wanted = dict.fromkeys([*reads, *self._watches], select.POLLIN)
        for fd in writes:
            wanted[fd] = wanted.get(fd, 0) | select.POLLOUT
        for fd, events in wanted.items():
            waited.register(fd, events)
        found = waited.poll(None if timeout_s is None else math.ceil(timeout_s * 1000))
        return _ready(found, wanted, select.POLLIN), _ready(found, wanted, select.POLLOUT)

    def heed(self, fd: int) -> None:
        """Call who waits for what has come at a file descriptor of ours."""
        self._watches[fd]()

    @property
    def sees_orphan(self) -> bool:
        """Return whether the editor has ended, where the system does not tell."""
        return self._look_ms is not None and os.getppid() != self._parent

    def gone(self) -> bool:
        """Return whether the editor has ended, or a signal asks us to, without calling anybody."""
        watched = select.poll()
        for fd in self._watches:
            watched.register(fd, select.POLLIN)
        return os.getppid() != self._parent or bool(watched.poll(0))


def _ready(found: list[tuple[int, int]], wanted: dict[int, int], event: int) -> list[int]:
    """Return where `event` was waited for and has come; an end of the other side counts as any."""
    return [fd for fd, came in found if wanted[fd] & event and came & (event | ~(select.POLLIN | select.POLLOUT))]


def _end_of(pid: int, ended: Callable[[], None]) -> dict[int, Callable[[], None]]:
    """Return a file descriptor that becomes readable when process `pid` ends, with what to do then.

    None where the system has no such thing, or no such process: an editor outside of our container counts its
    processes otherwise.
    """
    try:
        return {os.pidfd_open(pid): ended} if pid > 1 else {}
    except (AttributeError, OSError):
        return {}


def _wakeups(called: Callable[[], None]) -> dict[int, Callable[[], None]]:
    """Return a file descriptor that becomes readable when a signal asks us to end, with what to do then."""
    out, into = os.pipe()
    os.set_blocking(out, False)
    os.set_blocking(into, False)
    signal.set_wakeup_fd(into)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)

    def heard() -> None:
        os.read(out, 64)
        called()

    return {out: heard}


def _has_cores() -> bool:
    """Return whether the daemon can run while we do."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) > 1
