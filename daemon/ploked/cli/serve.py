"""`ploked serve`: the language server, for one editor on stdio or as the daemon at a socket."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from ..lifecycle.listen import Seat
    from ..server.session import Session
    from ..service import RegistryService

SWITCH_S = 0.001
"""How long a busy thread may keep the event loop waiting. An answer waits three or four times: Python has 5 ms."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--stdio", action="store_true", help="speak LSP on stdin and stdout with one editor")
    form.add_argument(
        "--socket",
        nargs="?",
        const="",
        metavar="PATH",
        help="be the daemon of `ploked connect`, at its place or at PATH",
    )
    parser.add_argument("--detach", action="store_true", help="with --socket: go on in the background")
    parser.add_argument(
        "--tcp",
        type=int,
        metavar="PORT",
        help="with --socket: listen on 127.0.0.1 too, and stay; clients say the token of the file that `ploked status` "
        "names. 0 takes any free port",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until it is time to leave; does not return."""
    gc.disable()  # importing makes much and frees nothing; the server turns it on again once it has started
    if options.socket is None:
        if options.tcp is not None:
            sys.stderr.write("ploked: --tcp goes with --socket: an editor on stdio needs no port\n")
            return 2
        return serve_alone()
    return _daemon(options.socket, options.tcp, detach=options.detach)


def serve_alone(why: str = "") -> NoReturn:
    """Serve one editor on stdio; `why` is shown to it where it has asked for the daemon."""
    gc.disable()
    from .. import logs

    _keep_memory_private()
    logs.configure(os.environ)
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write("ploked: waiting for an editor to speak LSP on stdin; Ctrl-C ends it\n")
    from ..server import features, stdio, troubles

    def announce(session: Session) -> None:
        text = f"ploked serves this editor alone, for its daemon cannot be had: {why}"
        session.on_initialized.append(lambda: session.show_warning(text))

    stdio.serve(_service, [features.register, troubles.announce, *([announce] if why else [])])


def _daemon(path: str, tcp: int | None, *, detach: bool) -> int:
    """Be the daemon: take the place first, for clients wait in line there, then import what it takes to serve them.

    Without a `path`, the place is that of the environment.
    """
    from ..lifecycle.find import home
    from ..lifecycle.listen import Seat, TakenError
    from ..lifecycle.place import Place, UnusablePlaceError

    place = Place.of({**os.environ, "PLOKED_SOCKET": path} if path else os.environ, home())
    if place.remark:  # never where `connect` starts it: that gives a path, and has said so itself
        sys.stderr.write(f"ploked: {place.remark}\n")
    try:
        place.check()
        if detach and os.fork():
            os._exit(0)
        os.umask(0o077)
        seat = Seat(place)
    except (TakenError, UnusablePlaceError, OSError) as error:
        sys.stderr.write(f"ploked: {error}\n")
        return 1
    return _serve_at(seat, tcp, detach=detach)


def _serve_at(seat: Seat, tcp: int | None, *, detach: bool) -> int:
    from .. import logs

    _keep_memory_private()
    logs.configure_daemon(os.environ, seat.place.log)
    import asyncio
    import logging

    from ..lifecycle.daemon import Daemon
    from ..lifecycle.port import Port
    from ..server import features, files, troubles

    files.raise_limit()
    try:
        port = None if tcp is None else Port(seat.place, tcp)
    except OSError as error:
        seat.give_up()
        sys.stderr.write(f"ploked: {error}\n")
        return 1
    if detach:
        _close_stderr()
    daemon = Daemon(seat, _service, [features.register, troubles.announce], dict(os.environ), port)
    asyncio.new_event_loop().run_until_complete(daemon.serve())
    logging.shutdown()
    os._exit(0)  # an ordinary exit waits for worker threads, and one of them may hang in a system call


def _keep_memory_private() -> None:
    """Let no crash write memory to a disk: it holds the API key."""
    try:
        import resource
    except ImportError:  # Windows writes none
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _close_stderr() -> None:
    """Tell whoever started the daemon that it has no more to say: what goes wrong from here on is in the log."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    os.close(null)


def _service() -> RegistryService:
    """Return the service. Its modules are imported only now: `initialize` is answered before they are needed."""
    from ..lifecycle.find import home
    from ..memory import return_large_blocks
    from ..service import RegistryService
    from ..settings import Settings

    return_large_blocks()
    sys.setswitchinterval(SWITCH_S)
    return RegistryService.create(Settings.from_environ(os.environ, Path(home())))
