"""JSON-RPC messages: what is read, what is refused, and the bytes of every answer.

Codes and the rules of refusal follow the JSON-RPC 2.0 specification (section 5.1) and LSP 3.17 ("Base Protocol").
"""

from __future__ import annotations

from typing import Any

import msgspec
from ploked_protocol.wire import encode

MAX_IN_FLIGHT = 64
"""Requests of one session that may wait for an answer at the same time."""
MAX_UNREAD_BYTES = 64 << 20
"""A client that leaves more than this unread is let go: it would cost memory without end."""
MAX_ECHO = 100
"""Characters of the client's own text that an error repeats."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
CANCELLED = -32800
REQUEST_FAILED = -32803

MessageId = int | str


class Envelope(msgspec.Struct):
    """A message whose payload stays raw until the type that its method takes is known."""

    jsonrpc: str = ""
    id: int | str | msgspec.UnsetType | None = msgspec.UNSET
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"null")
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _OnlyId(msgspec.Struct):
    id: int | str | None = None


class _Result(msgspec.Struct, tag_field="jsonrpc", tag="2.0"):
    id: MessageId
    result: Any


class _Notification(msgspec.Struct, tag_field="jsonrpc", tag="2.0"):
    method: str
    params: Any


class RefusedError(Exception):
    """A message that is answered with an error before any handler sees it."""

    def __init__(self, code: int, message: str, message_id: MessageId | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.message_id = message_id
        """None where no id could be read: JSON-RPC then asks for an answer with id null."""


_ENVELOPE = msgspec.json.Decoder(Envelope)
_ONLY_ID = msgspec.json.Decoder(_OnlyId)


def read(body: bytes) -> Envelope:
    """Return the message in `body`; raises RefusedError when it is no JSON-RPC 2.0 message."""
    try:
        envelope = _ENVELOPE.decode(body)
    except msgspec.ValidationError as error:
        raise RefusedError(INVALID_REQUEST, f"Not a JSON-RPC message: {error}", _find_id(body)) from None
    except (ValueError, RecursionError) as error:
        raise unreadable(error) from None
    if envelope.jsonrpc != "2.0":
        raise RefusedError(INVALID_REQUEST, 'Not JSON-RPC 2.0: "jsonrpc" must be "2.0"', _find_id(body))
    return envelope


def unreadable(error: Exception) -> RefusedError:
    """Return the refusal of bytes that are no JSON, no UTF-8, or nested beyond what can be read."""
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return RefusedError(PARSE_ERROR, f"Cannot read this as JSON: {reason}")


def id_of(body: bytes) -> MessageId | None:
    """Return the id that an error is to carry which answers a message; None where the message has none."""
    try:
        message_id = read(body).id
    except RefusedError as error:
        return error.message_id
    return message_id if isinstance(message_id, int | str) else None


def _find_id(body: bytes) -> MessageId | None:
    """Return the id of a message that is wrong elsewhere, so that whoever waits for it is answered."""
    try:
        return _ONLY_ID.decode(body).id
    except (ValueError, RecursionError):
        return None


def result(message_id: MessageId, value: object) -> bytes:
    """Return the answer that carries `value`: records, `msgspec.Raw` or builtins; raises when JSON cannot hold it."""
    return encode(_Result(message_id, value))


def error(message_id: MessageId | None, code: int, message: str, data: object = None) -> bytes:
    """Return the answer that carries an error; `data` is left out when it is None."""
    body: dict[str, object] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    return encode({"jsonrpc": "2.0", "id": message_id, "error": body})


def notification(method: str, params: object) -> bytes:
    """Return a notification; raises when JSON cannot hold `params`."""
    return encode(_Notification(method, params))


def echo(text: str) -> str:
    """Return the client's own text, short enough to stand in an error."""
    return text if len(text) <= MAX_ECHO else text[:MAX_ECHO] + "..."
