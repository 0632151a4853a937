"""`ploked restart`: a new daemon takes over; the old one ends once its sweeps have."""

from __future__ import annotations

import argparse
import os
import sys

from ..lifecycle.find import CannotStartError, find_or_start, home
from ..lifecycle.place import Place, UnusablePlaceError
from . import stop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    stop.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Restart the daemon; returns 0, or 1 when the old one does not answer or no new one can be started."""
    place = Place.of(os.environ, home())
    try:
        print(stop.said(place, stop.ask_to_stop(place, now=options.now, restart=True)))
    except (CannotStartError, UnusablePlaceError) as error:
        if not options.now or not stop.kill(place, error):
            sys.stderr.write(f"ploked: {error}\n")
            return 1
    try:
        found = find_or_start(place)
    except (CannotStartError, UnusablePlaceError) as error:
        sys.stderr.write(f"ploked: {error}\n")
        return 1
    with found.connection:
        print(f"The daemon (process {found.hello['pid']}) serves now.")
    return 0
