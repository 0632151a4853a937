"""Watching the process that started us (`processId` of `initialize`), for editors that die without closing stdin."""

from __future__ import annotations

import asyncio
import os

from ..system import is_alive

POLL_S = 2.0


async def process_ended(pid: int) -> None:
    """Return once process `pid` has ended.

    Never returns when there is no such process to begin with: an editor outside of our container counts its
    processes otherwise, and one that is dead already has closed stdin.
    """
    if not is_alive(pid):
        await asyncio.Event().wait()
    try:
        watched = os.pidfd_open(pid)
    except (AttributeError, OSError):  # not on this system
        await _poll(pid)
    else:
        await _readable(watched)


async def _readable(fd: int) -> None:
    """Return once a pidfd says that its process has ended, even if nobody has reaped it yet."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)


async def _poll(pid: int) -> None:
    while is_alive(pid):  # noqa: ASYNC110  # nothing tells us of a process that is not our child
        await asyncio.sleep(POLL_S)
