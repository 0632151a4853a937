"""Finding the daemon, and starting it where there is none: exactly one, however many look at once.

Standard library only: the proxy imports it.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable

from ploked_protocol import PROTOCOL_VERSION, control
from ploked_protocol.framing import FrameDecoder, FramingError

from .. import __version__
from ..paths import NO_HOME, quoted
from ..peers import is_ours
from .lock import Lock, held_by
from .patience import telling
from .place import Place, UnusablePlaceError

START_S = 20.0
"""How long a daemon may take to answer from the time it is asked for; its imports take 0.4 s on an idle machine."""
HELLO_S = 8.0
"""How long one that listens may take to say hello, unless it is only starting: editors give a server up after 20 s."""
PAUSE_S = 0.01
LOOK_S = 0.5
"""How often one who waits looks whether anybody still waits for him."""


class CannotStartError(Exception):
    """No daemon answers and none can be started; the text says why and what to do."""


class SilentError(CannotStartError):
    """A daemon is there and does not answer."""

    def __init__(self, patience_s: float) -> None:
        super().__init__(
            f"The daemon does not answer within {patience_s:g} s. `ploked stop --now` ends it; its log may say why."
        )


class RefusingError(CannotStartError):
    """A daemon is there and answers with an error."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"The daemon cannot answer: {message}. `ploked restart` puts another in its place; its log may say more."
        )


class Found:
    """A daemon that answers: the connection, and what it said of itself."""

    def __init__(self, connection: socket.socket, hello: dict[str, object]) -> None:
        self.connection = connection
        self.hello = hello


def nobody_leaves() -> bool:
    """Return False: for callers that wait whatever happens."""
    return False


def greet(place: Place, gone: Callable[[], bool] = nobody_leaves, patience_s: float = HELLO_S) -> Found | None:
    """Return the daemon that listens; None when none does, or when it ends before it answers.

    Raises UnusablePlaceError when it or its folder is not ours, SilentError when it does not answer, RefusingError.
    """
    place.check()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(LOOK_S)
    try:
        _connect(connection, place.socket, gone, patience_s)
        if not is_ours(connection):
            raise UnusablePlaceError(
                f"Another user's process listens at {place.socket}. Remove it: rm {quoted(place.socket)}"
            )
        hello = {"protocol": PROTOCOL_VERSION, "version": __version__}
        answer = ask(connection, control.HELLO, hello, gone, patience_s)
    except (OSError, FramingError):
        answer = None
    except BaseException:
        connection.close()
        raise
    if answer is None:
        connection.close()
        return None
    return Found(connection, answer)


def _connect(connection: socket.socket, path: str, gone: Callable[[], bool], patience_s: float) -> None:
    """Connect, also where so many do at once that the system asks to wait.

    Raises OSError when nobody listens, SilentError when nobody is let in.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and not gone():
        try:
            return connection.connect(path)
        except BlockingIOError:
            time.sleep(PAUSE_S)
    raise SilentError(patience_s)


def ask(
    connection: socket.socket,
    method: str,
    params: object,
    gone: Callable[[], bool] = nobody_leaves,
    patience_s: float = START_S,
) -> dict[str, object] | None:
    """Return the result of a request on a connection that is not a session; None when the daemon ends instead.

    Raises SilentError when it does not answer, RefusingError when it answers with an error, OSError, FramingError.
    """
    connection.sendall(control.message(id=0, method=method, params=params))
    decoder, deadline = FrameDecoder(), time.monotonic() + patience_s
    while time.monotonic() < deadline and not gone():
        try:
            data = connection.recv(1 << 16)
        except TimeoutError:
            continue
        if not data:
            return None
        for body in decoder.feed(data):
            return _result(json.loads(body))
    raise SilentError(patience_s)


def _result(said: dict[str, dict[str, object]]) -> dict[str, object] | None:
    """Return the result that a message holds; None where it is the word of a daemon that leaves."""
    if "error" in said:
        raise RefusingError(str(said["error"]["message"]).rstrip("."))
    return said.get("result")


def find_or_start(
    place: Place, gone: Callable[[], bool] = nobody_leaves, say: Callable[[str], None] = lambda _: None
) -> Found:
    """Return the daemon at `place`, started where there was none.

    `say` hears for what one waits long, and why an old one is replaced. Raises UnusablePlaceError, CannotStartError.
    """
    place.prepare()
    gone, deadline = telling(place, gone, say), time.monotonic() + START_S
    while time.monotonic() < deadline and not gone():
        found = _greet_or_start(place, gone)
        if found is None:
            time.sleep(PAUSE_S)
        elif found.hello["serves"]:
            return found
        else:
            say(str(found.hello["reason"]))
            found.connection.close()
            time.sleep(PAUSE_S)
    raise CannotStartError(f"No daemon could be started within {START_S:g} s. Its log may say why: {place.log}")


def replace(place: Place, make_room: Callable[[], int | None]) -> Found:
    """Return the daemon that takes over once `make_room` has had the old one leave; it listens at the port returned.

    Nobody else can start one meanwhile: an editor that has lost the old one would not know of the port. Raises
    UnusablePlaceError, CannotStartError, and what `make_room` raises.
    """
    place.prepare()
    turn, deadline = Lock(place.start), time.monotonic() + START_S
    while not _taken(turn, place):
        if time.monotonic() > deadline:
            raise CannotStartError(f"Another process has been starting a daemon for {START_S:g} s; try again.")
        time.sleep(PAUSE_S)
    try:
        port = make_room()
        found = _start(place, nobody_leaves, port)
    finally:
        turn.release()
    return found or find_or_start(place)


def _greet_or_start(place: Place, gone: Callable[[], bool]) -> Found | None:
    """Return the daemon that is there, or that could be started; None when it is worth to look again."""
    try:
        return greet(place, gone) or _start_alone(place, gone)
    except SilentError:
        if held_by(place.start) is None:
            raise
        return None  # somebody is starting it: it may still have its imports to do


def _start_alone(place: Place, gone: Callable[[], bool]) -> Found | None:
    """Start the daemon unless somebody else is at it; return None when it is worth to look again."""
    turn = Lock(place.start)
    if not _taken(turn, place):
        return None
    try:
        return greet(place, gone) or _start(place, gone)
    finally:
        turn.release()


def _taken(turn: Lock, place: Place) -> bool:
    try:
        return turn.take()
    except OSError as error:
        raise CannotStartError(f"{place.start} cannot be opened: {error}.") from None


def _start(place: Place, gone: Callable[[], bool], port: int | None = None) -> Found | None:
    from .spawn import spawn  # its imports cost what most starts do not need

    try:
        last_words = spawn(place, port)
    except OSError as error:
        raise CannotStartError(f"No process can be started: {error}.") from None
    try:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and not gone():
            ended = last_words.ended()
            if found := greet(place, gone, START_S):
                return found
            if ended is not None:
                raise CannotStartError(f"The daemon could not start: {ended or 'it did not say why'}")
            time.sleep(PAUSE_S)
    finally:
        last_words.close()
    return None


def home() -> str:
    """Return the home of whoever runs this, absolute; NO_HOME where neither HOME nor the system names one."""
    found = os.path.expanduser("~")
    return NO_HOME if found == "~" else os.path.abspath(found)
