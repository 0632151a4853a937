"""The start of a connection, before it is known who comes: a proxy that says hello, a command that asks, or a client.

What is asked here needs no session and no service, so that it is answered however busy both are.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from ploked_protocol import control
from ploked_protocol.framing import MAX_BODY_BYTES, FrameDecoder, FramingError, frame

from ..secret import Secret
from . import wire
from .streams import Reader, Writer

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 16
FIRST_MESSAGE_BYTES = 1 << 20
"""The largest editors introduce themselves with 10 kB."""
STRANGERS_BYTES = 1 << 16
"""The same of those that have not said the token of their port: its message may be an `initialize`."""
PATIENCE_S = 10.0
"""Who has not said a whole message by then is let go."""

Answer = Callable[[str, Any], object]
"""Takes the method and the params of a control request; returns its result."""


class First(FrameDecoder):
    """A decoder that can look at a message and leave it for the session to read."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes)
        self._kept: list[bytes] = []

    def leave(self, body: bytes) -> None:
        """Let the next `feed` begin with `body`, and take messages as long as a session may send."""
        self._kept.append(body)
        self.max_body = MAX_BODY_BYTES

    @property
    def left(self) -> bytes:
        """Return the message that was left last."""
        return self._kept[-1]

    def _next(self) -> bytes | None:
        return self._kept.pop() if self._kept else super()._next()


class Guard(Protocol):
    """What keeps others out where the system does not tell whose process has come."""

    token: Secret
    token_file: str


async def receive(reader: Reader, writer: Writer, answer: Answer, guard: Guard | None = None) -> First | None:
    """Answer what is asked of the daemon itself; return what has been read of a session, or None when none follows.

    A message has to be whole in ten seconds, and a first one has to come; after that, a proxy may wait for its editor.
    With a `guard`, the first message has to hold its token, else it is the last.
    """
    decoder, clock = First(FIRST_MESSAGE_BYTES if guard is None else STRANGERS_BYTES), asyncio.get_running_loop().time
    deadline: float | None = clock() + PATIENCE_S
    try:
        while True:
            async with asyncio.timeout_at(deadline):
                if not (data := await reader.read(CHUNK_BYTES)):
                    return None
                for body in decoder.feed(data):
                    if guard is not None and not _holds(body, guard.token):
                        log.warning("a client at the port is turned away: it has not said the token")
                        writer.write(_turned_away(body, guard))
                        return None
                    guard, decoder.max_body = None, FIRST_MESSAGE_BYTES
                    if (request := _control_request(body)) is None:
                        decoder.leave(body)
                        return decoder
                    writer.write(_answered(request, answer))
                    deadline = None
                await writer.drain()
            if not decoder.pending:
                deadline = None
            elif deadline is None:
                deadline = clock() + PATIENCE_S
    except FramingError as error:
        writer.write(frame(wire.error(None, wire.PARSE_ERROR, f"Cannot read on: {error}")))
    except (TimeoutError, ConnectionError) as error:
        log.info("a connection that never said anything is closed: %s", type(error).__name__)
    return None


class _Options(msgspec.Struct, frozen=True):
    token: str = ""


class _Credentials(msgspec.Struct, frozen=True):
    token: str = ""
    initializationOptions: _Options | None = None  # noqa: N815  # LSP's name


class _Carrier(msgspec.Struct):
    params: _Credentials = _Credentials()


def _holds(body: bytes, token: Secret) -> bool:
    """Return whether a message says `token`: `initialize` in its options, what is asked of the daemon in its params."""
    try:
        said = msgspec.json.decode(body, type=_Carrier).params
    except (ValueError, RecursionError):
        return False
    options = said.initializationOptions or _Options()
    return hmac.compare_digest((options.token or said.token).encode(), token.reveal().encode())


def _turned_away(body: bytes, guard: Guard) -> bytes:
    message = (
        f"This port takes no one without its token: send what {guard.token_file} says as initializationOptions.token "
        "of initialize"
    )
    return _refusal(body, message)


def refused(decoder: First, message: str) -> bytes:
    """Return the answer to the message that was left for a session, which is not to be."""
    return _refusal(decoder.left, message)


def _refusal(body: bytes, message: str) -> bytes:
    try:
        message_id = wire.read(body).id
    except wire.RefusedError as error:
        message_id = error.message_id
    known = message_id if isinstance(message_id, int | str) else None
    return frame(wire.error(known, wire.REQUEST_FAILED, message))


def _control_request(body: bytes) -> wire.Envelope | None:
    try:
        envelope = wire.read(body)
    except wire.RefusedError:
        return None
    is_ours = envelope.method is not None and envelope.method.startswith(control.PREFIX)
    return envelope if is_ours and isinstance(envelope.id, int | str) else None


def _answered(request: wire.Envelope, answer: Answer) -> bytes:
    message_id: Any = request.id
    try:
        value = answer(str(request.method), msgspec.json.decode(request.params))
        return frame(wire.result(message_id, value))
    except wire.RefusedError as error:
        return frame(wire.error(message_id, error.code, error.message))
    except (ValueError, TypeError, KeyError) as error:
        return frame(wire.error(message_id, wire.INVALID_PARAMS, str(error)))
