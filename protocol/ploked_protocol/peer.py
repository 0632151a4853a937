"""The client's half of a conversation, without IO: shared by the sync and the async client."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec

from . import wire
from .errors import ERRORS, ErrorData, PlokedError
from .framing import FrameDecoder, frame

_log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 256 << 20
"""The daemon is trusted: the results of a large sweep exceed what it would take from a client."""

ServerRequest = Callable[[Any], Any]
"""Answers a request of the server: takes its params, returns the result."""


class RemoteError(PlokedError):
    """An error of the other side that is not in the table; `remote_code` is its JSON-RPC code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.remote_code = code


class ConnectionClosedError(ConnectionError):
    """The daemon went away before it answered."""


def to_error(error: dict[str, Any]) -> PlokedError:
    """Return the exception of a JSON-RPC error object: PlokedError or one of `errors.ERRORS`, else RemoteError."""
    known: tuple[type[PlokedError], ...] = (PlokedError, *ERRORS)
    kinds = {kind.code: kind for kind in known}
    kind = kinds.get(error.get("code", 0))
    message = str(error.get("message", ""))
    if kind is None:
        return RemoteError(int(error.get("code", 0)), message)
    try:
        return kind(message, wire.convert(error.get("data") or {}, ErrorData))
    except msgspec.ValidationError:
        return kind(message)


class Peer:
    """The client's half of the conversation, without IO: bytes in, bytes out, futures resolved.

    `requests` answers what the server asks (`workspace/applyEdit`, ...), `notifications` hears what it tells; what
    these raise is logged, and the conversation goes on.
    """

    def __init__(self) -> None:
        self._decoder = FrameDecoder(max_body=MAX_ANSWER_BYTES)
        self._pending: dict[int, Future[Any]] = {}
        self._ids = itertools.count(1)
        self._closed = False
        self.requests: dict[str, ServerRequest] = {
            "window/workDoneProgress/create": lambda _params: None,
            "client/registerCapability": lambda _params: None,
        }
        self.notifications: dict[str, list[Callable[[Any], None]]] = {}

    def request(self, method: str, params: object) -> tuple[bytes, int, Future[Any]]:
        """Return the frame to send, the id it has, and the future of its result (builtins).

        Raises ConnectionClosedError when nobody is there any more to answer.
        """
        request_id = next(self._ids)
        data = _message(id=request_id, method=method, params=params)
        future: Future[Any] = Future()
        self._pending[request_id] = future
        if self._closed:
            self.close()
            raise ConnectionClosedError("the daemon has closed the connection")
        return data, request_id, future

    def notification(self, method: str, params: object) -> bytes:
        """Return the frame to send."""
        return _message(method=method, params=params)

    def receive(self, data: bytes) -> bytes:
        """Take in what arrived; return the frames to send back. Raises ValueError for what is no message in a frame."""
        return b"".join(self._handle(msgspec.json.decode(body)) for body in self._decoder.feed(data))

    def close(self) -> None:
        """Fail whatever is still waiting, and what is asked from now on."""
        self._closed = True
        while self._pending:
            _, future = self._pending.popitem()
            if future.set_running_or_notify_cancel():
                future.set_exception(ConnectionClosedError("the daemon closed the connection before it answered"))

    def _handle(self, message: dict[str, Any]) -> bytes:
        method = message.get("method")
        if method is None:
            return self._resolve(message)
        if "id" in message:
            return self._answer(message["id"], method, message.get("params"))
        for callback in self.notifications.get(method, []):
            try:
                callback(message.get("params"))
            except Exception:  # noqa: BLE001  a listener's fault must not end the conversation
                _log.exception("A listener to %s failed.", method)
        return b""

    def _resolve(self, message: dict[str, Any]) -> bytes:
        future = self._pending.pop(message.get("id", 0), None)
        if future is not None and future.set_running_or_notify_cancel():
            if "error" in message:
                future.set_exception(to_error(message["error"]))
            else:
                future.set_result(message.get("result"))
        return b""

    def _answer(self, request_id: object, method: str, params: object) -> bytes:
        handler = self.requests.get(method)
        if handler is None:
            return _message(id=request_id, error={"code": -32601, "message": f"{method} is not supported"})
        try:
            return _message(id=request_id, result=handler(params))
        except Exception as error:  # noqa: BLE001  whatever it is, the server waits for an answer
            _log.exception("The answer to %s failed.", method)
            return _message(id=request_id, error={"code": -32603, "message": f"{type(error).__name__}: {error}"})


def _message(**fields: object) -> bytes:
    return frame(wire.encode({"jsonrpc": "2.0", **fields}))
