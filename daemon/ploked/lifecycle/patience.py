"""What is said to people who wait for a daemon. Standard library only: the proxy imports it."""

from __future__ import annotations

import time
from collections.abc import Callable

from .lock import holder
from .place import Place

QUIET_S = 2.0
"""How long one waits without being told for what. All but the slowest starts on a busy machine take less."""


def telling(place: Place, gone: Callable[[], bool], say: Callable[[str], None]) -> Callable[[], bool]:
    """Return `gone`, which whoever waits asks again and again, as one that says once for what he waits so long."""
    due = [time.monotonic() + QUIET_S]

    def asked() -> bool:
        if due and time.monotonic() >= due[0]:
            due.clear()
            say(_waiting(place))
        return gone()

    return asked


def _waiting(place: Place) -> str:
    pid = holder(place.lock)
    who = "No daemon" if pid is None else f"The daemon (process {pid})"
    not_yet = "has answered yet" if pid is None else f"has not answered for {QUIET_S:g} s"
    return f"{who} {not_yet}. Unless one does soon, this editor is served alone. The daemon's log: {place.log}"
