"""`ploked log`: the end of the daemon's log, one JSON object a line, and what is added to it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import deque
from typing import TextIO

from ..lifecycle.find import CannotStartError, home
from ..lifecycle.place import Place, UnusablePlaceError
from .status import running

POLL_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("-n", "--lines", type=int, default=50, help="how many of the last lines to print (50)")
    parser.add_argument("-f", "--follow", action="store_true", help="print what is added, until Ctrl-C")
    parser.add_argument("--path", action="store_true", help="print where the log is, and nothing else")


def run(options: argparse.Namespace) -> int:
    """Print the end of the log; returns 0, or 1 where there is none."""
    path = _path()
    try:
        if options.path:
            print(path)
            return 0
        with open(path, encoding="utf-8", errors="replace") as file:
            sys.stdout.writelines(deque(file, max(0, options.lines)))
            if options.follow:
                _follow(path, file)
    except OSError as error:
        sys.stderr.write(f"ploked: there is no log to show: {error}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _path() -> str:
    """Return where the daemon that runs writes its log, which may have been started with another `$PLOKED_LOG`."""
    place = Place.of(os.environ, home())
    try:
        status = running(place)
    except (CannotStartError, UnusablePlaceError):  # it hangs: what it has written can be read all the same
        status = None
    return str(status["log"]) if status else place.log


def _follow(path: str, file: TextIO) -> None:
    """Print what is added, also to the file that takes the place of this one."""
    while True:
        sys.stdout.writelines(file)
        sys.stdout.flush()
        time.sleep(POLL_S)
        if os.path.exists(path) and not os.path.samestat(os.stat(path), os.fstat(file.fileno())):
            sys.stdout.writelines(file)
            with open(path, encoding="utf-8", errors="replace") as newer:
                return _follow(path, newer)
