"""The protocol of one session: pygls keeps LSP's state, but every message comes in and goes out through here.

What pygls 2.1 gets wrong and this corrects: requests that are never answered, errors that carry tracebacks, futures
that are never released, an `initialize` that fails on unknown values, handlers that end the process.

Architecture invariant: every request gets exactly one answer, every notification none.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from ploked_protocol.errors import InvalidParams
from ploked_protocol.wire import encode
from pygls.exceptions import JsonRpcException

from . import wire
from .answers import error_answer, result_answer
from .convert import converter, lsp_params, reading, reply_result
from .handlers import Handler, call
from .in_flight import InFlight
from .lsp_methods import LspMethods
from .wire import Envelope, MessageId, RefusedError

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

    from .session import Session

log = logging.getLogger(__name__)

Request = Callable[[msgspec.Raw], Any]
"""Takes raw params; returns the result, or a coroutine that will."""


class SessionProtocol(LspMethods):
    """Takes messages in (`receive`), has them handled, and hands what goes out to its session."""

    def __init__(self, server: LanguageServer, _converter: object) -> None:
        super().__init__(server, converter())
        self.requests: dict[str, Request] = {}
        """The methods of ploked's own table: they pass by pygls and cattrs."""
        self.started = False
        self._ids = itertools.count(1)
        self._name = secrets.token_hex(4)
        """Keeps the replies to an earlier daemon's requests, which a proxy may bring, apart from those to ours."""

    def attach(self, session: Session) -> None:
        """Belong to `session`. Apart from the constructor, which pygls calls."""
        self.session = session
        self.in_flight = InFlight(session.send, session.report)

    @property
    def ended(self) -> bool:
        """Return whether the client has asked for `shutdown`."""
        return self._shutdown

    # in

    def receive(self, body: bytes) -> None:
        """Take one message in. Whatever it is, nothing is raised, and a request is answered once."""
        try:
            self._dispatch(wire.read(body))
        except RefusedError as refused:
            self.session.send(wire.error(refused.message_id, refused.code, refused.message))
        except Exception as error:  # noqa: BLE001  # a fault of ours in one message must not cost the others
            self.session.report(error)

    def _dispatch(self, message: Envelope) -> None:
        if message.method is None:
            self._take_reply(message)
        elif message.id is msgspec.UNSET:
            self._take_notification(message.method, message.params)
        elif message.id is None:
            raise RefusedError(wire.INVALID_REQUEST, "The id of a request must be a number or a string")
        else:
            self._take_request(message.id, message.method, message.params)

    def _take_request(self, message_id: MessageId, method: str, params: msgspec.Raw) -> None:
        began_s = time.perf_counter()
        try:
            self._admit(message_id, method)
            outcome = self._begin(method, params)
            if inspect.iscoroutine(outcome):
                return self.in_flight.begin(message_id, outcome, partial(self.session.answered, method, began_s))
            answer = result_answer(message_id, outcome)
        except RefusedError as error:
            return self.session.send(error_answer(message_id, error, self.session.report))
        except BaseException as error:  # noqa: BLE001  # SystemExit of a handler is an answer, not our end
            answer = error_answer(message_id, error, self.session.report)
        self.session.send(answer)
        return self.session.answered(method, began_s)

    def _admit(self, message_id: MessageId, method: str) -> None:
        """Raise RefusedError when a request may not come now."""
        if message_id in self.in_flight:
            raise RefusedError(wire.INVALID_REQUEST, f"The id {wire.echo(str(message_id))} is in flight already")
        if self._shutdown:
            raise RefusedError(wire.INVALID_REQUEST, "The session is shut down: only exit may follow")
        if not self.started and method != types.INITIALIZE:
            raise RefusedError(wire.NOT_INITIALIZED, "The session is not initialized: send initialize first")
        if self.started and method == types.INITIALIZE:
            raise RefusedError(wire.INVALID_REQUEST, "The session is initialized already")
        if self.in_flight.full and method != types.SHUTDOWN:
            raise RefusedError(
                wire.REQUEST_FAILED, f"{len(self.in_flight)} requests wait for their answers: send this one again later"
            )

    def _begin(self, method: str, params: msgspec.Raw) -> Any:
        """Return the result of a request, or the coroutine that will; raises what its answer is to say."""
        if (request := self.requests.get(method)) is not None:
            return request(params)
        handler = self._handler(method)
        if handler is None:
            raise RefusedError(wire.METHOD_NOT_FOUND, f"There is no method {wire.echo(method)}")
        if _is_notification(method):
            raise RefusedError(wire.INVALID_REQUEST, f"{method} is a notification: send it without an id")
        value = reading(partial(lsp_params, method, params))
        self.started = True  # whatever is admitted before that is `initialize`
        return call(handler, value)

    def _take_notification(self, method: str, params: msgspec.Raw) -> None:
        if method == types.EXIT:
            self.session.stop()
        elif not self.started or self._shutdown:
            log.info("%s ignored outside of a session", wire.echo(method))
        elif (handler := self._handler(method)) is not None and _is_notification(method):
            try:
                value = reading(partial(lsp_params, method, params))
            except (InvalidParams, RefusedError) as error:
                log.warning("%s ignored: %s", method, error)
            else:
                self.session.spawn(call(handler, value))

    def _take_reply(self, reply: Envelope) -> None:
        """Resolve the future of a request of ours; replies to anything else are dropped."""
        key: Any = reply.id
        future, kind = self._request_futures.pop(key, None), self._result_types.pop(key, None)
        if future is None and reply.result is msgspec.UNSET and reply.error is msgspec.UNSET:
            known = key if isinstance(key, int | str) else None
            raise RefusedError(wire.INVALID_REQUEST, "Neither a request nor a reply: the method is missing", known)
        if future is None or future.done():
            return
        try:
            future.set_result(reply_result(reply, kind))
        except JsonRpcException as error:
            future.set_exception(error)
        except Exception as error:  # noqa: BLE001  # whatever the reply holds, the one who waits for it must go on
            future.set_exception(JsonRpcException(f"The client's reply cannot be read ({type(error).__name__})"))

    def _handler(self, method: str) -> Handler | None:
        found: Handler | None = self.fm.builtin_features.get(method) or self.fm.features.get(method)
        return found

    # out

    def _send_data(self, data: Any) -> None:
        """Send a notification or a request that pygls made."""
        self.session.send(encode(self._converter.unstructure(data)))

    async def ask(self, method: str, params: object, timeout_s: float) -> Any:
        """Return what the client answers to a request of ours; raises JsonRpcException or TimeoutError."""
        message_id = f"ploked-{self._name}-{next(self._ids)}"
        try:
            async with asyncio.timeout(timeout_s):
                return await self.send_request_async(method, params, message_id)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # The client has shut down or left. Who waits may be another session, whose own request goes on.
            raise JsonRpcException("it has ended") from None
        finally:
            self._request_futures.pop(message_id, None)
            self._result_types.pop(message_id, None)

    def give_up_asking(self) -> None:
        """End the wait for all that the client was asked: it has left."""
        for future in list(self._request_futures.values()):
            future.cancel()

    # pygls caches these two together with `self`, which keeps every session for ever.

    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # not cached
        """Return the message type of a method of LSP."""
        return types.METHOD_TO_TYPES.get(method, (None,))[0]

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # not cached
        """Return the response type of a request of LSP."""
        return types.METHOD_TO_TYPES.get(method, (None, None))[1]


def _is_notification(method: str) -> bool:
    kinds = types.METHOD_TO_TYPES.get(method)
    return kinds is not None and kinds[1] is None
