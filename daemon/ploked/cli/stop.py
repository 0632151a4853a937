"""`ploked stop`: end the daemon. Its sweeps may finish first; editors start another when they need one."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

from ploked_protocol import control

from ..lifecycle.find import CannotStartError, ask, greet, home
from ..lifecycle.lock import holder
from ..lifecycle.place import Place, UnusablePlaceError
from . import left_behind

PATIENCE_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--now", action="store_true", help="end running sweeps too, and one that hangs")


def run(options: argparse.Namespace) -> int:
    """Stop the daemon; returns 0 also where none runs, 1 when it does not answer."""
    place = Place.of(os.environ, home())
    try:
        stopped = ask_to_stop(place, now=options.now, restart=False)
    except (CannotStartError, UnusablePlaceError) as error:
        if options.now and (pid := kill(place, error)):
            print(f"The daemon (process {pid}) did not answer and was killed.")
            return 0
        sys.stderr.write(f"ploked: {error}\n")
        return 1
    report(place, stopped, now=options.now)
    return 0


def report(place: Place, stopped: dict[str, Any] | None, *, now: bool) -> None:
    """Print what became of the daemon, and of those before it that stayed for their sweeps: `now` ends these."""
    print(said(place, stopped))
    for line in left_behind.said(place, now=now, apart_from=None if stopped is None else stopped["pid"]):
        print(line)


def said(place: Place, stopped: dict[str, Any] | None) -> str:
    """Return what became of the daemon, in words."""
    if stopped is None:
        return f"No daemon runs at {place.socket}."
    if stopped["waitsFor"]:
        return (
            f"The daemon (process {stopped['pid']}) takes no more clients and ends once its sweeps have, of which "
            f"{stopped['waitsFor']} run. To end it at once: kill {stopped['pid']}"
        )
    return f"The daemon (process {stopped['pid']}) {'has ended' if _gone(stopped['pid']) else 'is ending'}."


def ask_to_stop(place: Place, *, now: bool, restart: bool) -> dict[str, Any] | None:
    """Return what the daemon answers; None where none runs. Raises CannotStartError when it does not answer."""
    found = greet(place, patience_s=PATIENCE_S)
    if found is None:
        return None
    with found.connection:
        return ask(found.connection, control.STOP, {"now": now, "restart": restart}, patience_s=PATIENCE_S)


def kill(place: Place, error: Exception) -> int | None:
    """Kill a daemon that does not answer; return its process id. Who holds the lock is alive, and is the daemon.

    Nobody is killed at an unusable place: others may have written there who that is.
    """
    pid = None if isinstance(error, UnusablePlaceError) else holder(place.lock)
    if pid is None:
        return None
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return pid


def _gone(pid: int) -> bool:
    """Return whether a process has ended, waiting a little for that."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False
