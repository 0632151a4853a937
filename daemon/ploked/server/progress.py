"""Work-done progress of the slow requests (LSP 3.17, "Work Done Progress")."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ..progress import Progress
from . import wire

if TYPE_CHECKING:
    from .session import Session

Token = int | str

CREATE_TIMEOUT_S = 1.0
"""How long a client may take to agree to progress that it did not ask for."""


class ProgressTokens:
    """The progress of one session: which tokens are in use, and which task each of them cancels."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tasks: dict[Token, asyncio.Task[Any] | None] = {}
        self._numbers = itertools.count(1)
        self._unwilling = False

    @asynccontextmanager
    async def of(self, title: str, token: Token | None) -> AsyncIterator[Progress]:
        """Give the progress of the running task, shown under the client's own `token` from the start.

        Without a token the client is asked for one at the first report, if it can show such progress at all.
        """
        progress = WorkDone(self, title, self.take(token))
        try:
            progress.begin()
            yield progress
        finally:
            progress.end()

    def take(self, token: Token | None) -> Token | None:
        """Return `token`, which now cancels the running task; None when it is in use already."""
        if token is None or token in self._tasks:
            return None
        self._tasks[token] = asyncio.current_task()
        return token

    def release(self, token: Token) -> None:
        """Forget a token; it may be used again."""
        self._tasks.pop(token, None)

    def cancel(self, token: Token) -> None:
        """Cancel the task that `token` belongs to, if it is still running."""
        if (task := self._tasks.get(token)) is not None:
            task.cancel()

    async def create(self) -> Token | None:
        """Return a token that the client agreed to; None when it shows none. It is asked until it first declines."""
        window = self._session.client_capabilities.window
        if self._unwilling or window is None or not window.work_done_progress:
            return None
        token = f"ploked-{next(self._numbers)}"
        try:
            await self._session.protocol.ask(
                types.WINDOW_WORK_DONE_PROGRESS_CREATE, types.WorkDoneProgressCreateParams(token), CREATE_TIMEOUT_S
            )
        except (JsonRpcException, TimeoutError):
            self._unwilling = True
            return None
        return self.take(token)

    def tell(self, token: Token, value: dict[str, object]) -> None:
        """Send one `$/progress`."""
        self._session.send(wire.notification(types.PROGRESS, {"token": token, "value": value}))


class WorkDone:
    """The progress of one request."""

    def __init__(self, tokens: ProgressTokens, title: str, token: Token | None) -> None:
        self._tokens = tokens
        self._title = title
        self._token = token
        self._asked = token is not None

    async def report(self, message: str, percentage: int | None = None) -> None:
        """Show `message`, and how much is done."""
        if not self._asked:
            self._asked = True
            self._token = await self._tokens.create()
            self.begin(percentage)
        self._tell("report", message=message, cancellable=True, percentage=percentage)

    def begin(self, percentage: int | None = None) -> None:
        """Show the title, where there is a token to show it under."""
        self._tell("begin", title=self._title, cancellable=True, percentage=percentage)

    def end(self) -> None:
        """Take the progress away."""
        self._tell("end")
        if self._token is not None:
            self._tokens.release(self._token)

    def _tell(self, kind: str, **fields: object) -> None:
        if self._token is not None:
            known = {name: value for name, value in fields.items() if value is not None}
            self._tokens.tell(self._token, {"kind": kind, **known})
