"""One session over stdin and stdout: how every editor can start a language server."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol

from lsprotocol import types

from .. import system
from .parent import process_ended
from .requests import Service
from .session import Session
from .streams import open_streams

log = logging.getLogger(__name__)

SIGNALS = [signal.Signals[name] for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
CLOSE_S = 0.3
"""How long the service may take to put its things away; it keeps nothing that a crash would lose."""

Feature = Callable[[Session], None]


class OwnService(Service, Protocol):
    """A service whose life is that of its only session."""

    async def start(self) -> None:
        """Load what is needed to answer; `ready` returns then."""

    async def aclose(self) -> None:
        """Stop what runs."""


MakeService = Callable[[], OwnService]


def serve(make_service: MakeService, features: Sequence[Feature]) -> NoReturn:
    """Serve the client on stdin and stdout, then end the process with the exit code that LSP asks for."""
    try:
        stdin, stdout = claim()
    except OSError as error:
        sys.exit(f"ploked: an editor must hold stdin and stdout open: {error}")
    loop = asyncio.new_event_loop()
    code = loop.run_until_complete(_serve(make_service, features, stdin, stdout))
    logging.shutdown()
    os._exit(code)  # an ordinary exit waits for worker threads, and one of them may hang in a system call


def claim() -> tuple[int, int]:
    """Return our own copies of stdin and stdout, and put /dev/null and stderr in their places.

    A stray `print`, of ours, of a library or of a child process, then reaches stderr instead of breaking a frame.
    """
    system.expect_streams()
    stdin, stdout = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return stdin, stdout


async def _serve(make_service: MakeService, features: Sequence[Feature], stdin: int, stdout: int) -> int:
    session = Session(make_service, features=features)
    asked_to_stop = asyncio.Event()

    def stop() -> None:
        asked_to_stop.set()
        session.stop()

    for number in SIGNALS:
        _on_signal(number, stop)
    session.on_answered.append(lambda: session.spawn(_start(session)))
    session.on_answered.append(lambda: session.spawn(_end_with_parent(session)))
    polite = await session.run(*await open_streams(stdin, stdout))
    if session.protocol.started:
        await _close(session)
    return 0 if polite or asked_to_stop.is_set() else 1


def _on_signal(number: signal.Signals, stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, stop)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


async def _start(session: Session) -> None:
    """Start the service. Without it there is nothing to serve: the session says so and ends."""
    gc.collect()  # the imports left 8 MB of cycles, which the service can use; the answer to initialize is out
    try:
        await session.service.start()
    except Exception as error:  # noqa: BLE001  # whatever it is, the user must see it
        incident = session.report(error)
        session.server.window_show_message(
            types.ShowMessageParams(types.MessageType.Error, f"ploked cannot start. Its log says why: {incident}.")
        )
        session.stop()
    gc.freeze()  # what is loaded stays: collecting it again and again would cost 30 ms each time
    gc.enable()


async def _close(session: Session) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await session.service.aclose()
    except TimeoutError:
        log.info("the service was still putting its things away after %g s and is left to it", CLOSE_S)
    except Exception as error:  # noqa: BLE001  # the process ends anyway; why it did not end well is in the log
        session.report(error)


async def _end_with_parent(session: Session) -> None:
    if (parent := session.server.process_id) is not None:
        await process_ended(parent)
        log.warning("the editor (process %d) has ended", parent)
        session.stop()
