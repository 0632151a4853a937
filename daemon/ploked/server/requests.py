"""The method table bound to a service: each row answers its request and its `workspace/executeCommand` twin."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Coroutine
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from lsprotocol import types
from ploked_protocol.methods import REQUESTS, Method
from ploked_protocol.wire import decoder, encode

from .convert import invalid_params, reading

if TYPE_CHECKING:
    from .session import Session

Listener = Callable[[Method[Any, None], Any], None]


class Service(Protocol):
    """What a session needs of RegistryService besides one method per row, named as the row in snake_case.

    A method takes the params record; that of a slow row a Progress as well, that of a row that edits a ConfigEditor.
    Methods that are not `async` must answer from memory; they may return a coroutine where that takes long.
    """

    async def ready(self) -> None:
        """Return once requests can be answered. Many wait for it, and any of them may be cancelled."""

    async def catch_up(self) -> None:
        """Return once what was saved until now is in force; a client that is new here asks for it."""

    def troubles(self) -> list[str]:
        """Return what cannot be kept on disk, sentences for people."""

    def attend(self) -> None:
        """Take note that a client has said something."""

    @property
    def many_models(self) -> bool:
        """Whether requests that supersede end earlier ones: among few models that would save nothing."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every notification, until the function returned is called."""


_NULL, _NOTHING = msgspec.Raw(b"null"), msgspec.Raw(b"{}")


class _Token(msgspec.Struct):
    workDoneToken: int | str | None = None  # noqa: N815  # LSP's name


class BoundRequest:
    """One row for one session. Called with raw params, it returns the result or the coroutine that will."""

    def __init__(self, row: Method[Any, Any], session: Session) -> None:
        self._row = row
        self._session = session
        self._latest: asyncio.Task[Any] | None = None

    @cached_property
    def _method(self) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._session.service, snake_case(self._row.short))
        return method

    @cached_property
    def _immediate(self) -> bool:
        return not inspect.iscoroutinefunction(self._method)

    def __call__(self, raw: msgspec.Raw, token: int | str | None = None) -> Any:
        """Return the result at once where it comes from memory; raises InvalidParams, RefusedError."""
        if raw == _NULL:
            raw = _NOTHING
        params = reading(partial(_decoder(self._row).decode, raw))
        if self._session.service_ready and self._immediate:
            return self._superseding(self._method(params))
        if self._row.slow and token is None:
            token = reading(partial(msgspec.json.decode, raw, type=_Token)).workDoneToken
        return self._run(params, token)

    def run_as_command(self, params: types.ExecuteCommandParams) -> Any:
        """Do the same for `workspace/executeCommand`: the params are its only argument."""
        arguments = params.arguments or [None]
        if len(arguments) != 1:
            raise invalid_params(f"Expected one argument, the params of {self._row.name}, got {len(arguments)}")
        return self(msgspec.Raw(encode(arguments[0])), params.work_done_token)

    async def _run(self, params: Any, token: int | str | None) -> Any:
        await self._session.ready()
        if self._row.slow:
            async with self._session.progress.of(_title(self._row), token) as progress:
                return await self._method(params, progress)
        outcome = self._method(params, self._session.editor) if self._row.edits else self._method(params)
        outcome = self._superseding(outcome)
        return await outcome if inspect.isawaitable(outcome) else outcome

    def _superseding(self, outcome: Any) -> Any:
        """Return `outcome`; of a row that supersedes, where that takes long, as work that ends the one before it."""
        ends = self._row.supersedes and inspect.iscoroutine(outcome) and self._session.service.many_models
        return self._alone(outcome) if ends else outcome

    async def _alone(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do `work` in place of what is done for an earlier request, whose answer then says that it was cancelled."""
        if self._latest is not None:
            self._latest.cancel()
        mine = self._latest = asyncio.current_task()
        try:
            return await work
        finally:
            if self._latest is mine:
                self._latest = None


def bind(session: Session) -> dict[str, BoundRequest]:
    """Return the rows by method name, and offer their twins as commands."""
    bound = {row.name: BoundRequest(row, session) for row in REQUESTS}
    for row in REQUESTS:
        session.server.command(str(row.command))(bound[row.name])
    return bound


def snake_case(short: str) -> str:
    """Return the name of the service's method: `search_models` for `searchModels`."""
    return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", short)


def _title(row: Method[Any, Any]) -> str:
    """Return what progress is called before people: `List endpoints` for `listEndpoints`."""
    return snake_case(row.short).replace("_", " ").capitalize()


@cache
def _decoder(row: Method[Any, Any]) -> msgspec.json.Decoder[Any]:
    return decoder(row.params)
