"""Which process a sweep belongs to, named so that the next process with its id is not taken for it."""

from __future__ import annotations

import os
from pathlib import Path

from ..system import is_alive

_ENDED = ("Z", "X")
"""States of /proc: a process that has ended, and that nobody has asked about yet."""


def this_process() -> str:
    """Return what names this process as the owner of a sweep."""
    return _identity(os.getpid())


def pid_of(owner: str) -> int:
    """Return the process id of an owner."""
    return int(owner.partition(":")[0])


def lives(owner: str) -> bool:
    """Return whether the process that `owner` names still runs."""
    pid = pid_of(owner)
    return is_alive(pid) and _identity(pid) == owner


def _identity(pid: int) -> str:
    """Return a process by its id and, where /proc says it, its start, for ids are given out again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return f"{pid}:{'ended' if stat[0] in _ENDED else stat[19]}"
    except (OSError, IndexError):
        return f"{pid}:"
