"""`ploked restart`: a new daemon takes over; the old one ends once its sweeps have."""

from __future__ import annotations

import argparse
import os
import sys

from ..lifecycle.find import CannotStartError, home, replace
from ..lifecycle.place import Place, UnusablePlaceError
from . import stop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    stop.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Restart the daemon; returns 0, or 1 when the old one does not answer or no new one can be started."""
    place = Place.of(os.environ, home())
    try:
        found = replace(place, lambda: _make_room(place, now=options.now))
    except (CannotStartError, UnusablePlaceError) as error:
        sys.stderr.write(f"ploked: {error}\n")
        return 1
    with found.connection:
        print(f"The daemon (process {found.hello['pid']}) serves now.")
    return 0


def _make_room(place: Place, *, now: bool) -> int | None:
    """Have the old daemon leave, if there is one; return its TCP port, if it has one and could still say so."""
    try:
        stopped = stop.ask_to_stop(place, now=now, restart=True)
    except (CannotStartError, UnusablePlaceError) as error:
        if not now or not stop.kill(place, error):
            raise
        return None
    stop.report(place, stopped, now=now)
    return None if stopped is None else stopped.get("port")
