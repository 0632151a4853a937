"""Requests that wait for their answer. Each gets exactly one, however its work ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from . import wire
from .answers import Report, error_answer, result_answer
from .background import Work
from .wire import MessageId, RefusedError

FAREWELL_S = 0.2
"""How long cancelled work may take to end; after that it is left behind."""


class InFlight:
    """The requests of one session whose work runs as a task."""

    def __init__(self, send: Callable[[bytes], None], report: Report) -> None:
        self._send = send
        self._report = report
        self._tasks: dict[MessageId, asyncio.Task[None]] = {}
        self._withdrawn: dict[MessageId, RefusedError] = {}
        """What those are answered that are cancelled by us, and not by their client."""

    def __contains__(self, message_id: MessageId) -> bool:
        """Return whether `message_id` still waits for its answer."""
        return message_id in self._tasks

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._tasks)

    @property
    def full(self) -> bool:
        """Return whether as many wait as may."""
        return len(self._tasks) >= wire.MAX_IN_FLIGHT

    def begin(self, message_id: MessageId, work: Work, answered: Callable[[], None] = lambda: None) -> None:
        """Run `work` as a task and answer with what it returns or raises; cancelled, it answers with CANCELLED.

        `answered` is called in the end.
        """
        task = asyncio.get_running_loop().create_task(self._run(message_id, work))
        self._tasks[message_id] = task
        task.add_done_callback(lambda _: self._never_ran(message_id, work))
        task.add_done_callback(lambda _: answered())

    def cancel(self, message_id: MessageId) -> None:
        """Cancel one request; nothing happens when it is answered already."""
        if (task := self._tasks.get(message_id)) is not None:
            task.cancel()

    def cancel_others(self) -> None:
        """Cancel every request but the one that is running now."""
        for task in self._tasks.values():
            if task is not asyncio.current_task():
                task.cancel()

    async def settle(self, patience_s: float, why: str | None = None) -> None:
        """Wait until all are answered; cancel those that take longer than `patience_s`.

        With a `why`, these are answered with REQUEST_FAILED and that message, unless they had been cancelled before.
        """
        if self._tasks and patience_s:
            await asyncio.wait(self._tasks.values(), timeout=patience_s)
        if why is not None:
            refused = RefusedError(wire.REQUEST_FAILED, why)
            self._withdrawn = {one: refused for one, task in self._tasks.items() if not task.cancelling()}
        self.cancel_others()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=FAREWELL_S)

    async def _run(self, message_id: MessageId, work: Work) -> None:
        try:
            answer = result_answer(message_id, await work)
        except asyncio.CancelledError as error:
            answer = self._cancelled_answer(message_id, error)
        except BaseException as error:  # noqa: BLE001  # SystemExit of a handler is an answer, not our end
            answer = error_answer(message_id, error, self._report)
        self._answer(message_id, answer)

    def _never_ran(self, message_id: MessageId, work: Work) -> None:
        """Answer for a task that was cancelled before its first step."""
        work.close()
        if message_id in self._tasks:
            self._answer(message_id, self._cancelled_answer(message_id, asyncio.CancelledError()))

    def _cancelled_answer(self, message_id: MessageId, error: asyncio.CancelledError) -> bytes:
        return error_answer(message_id, self._withdrawn.get(message_id, error), self._report)

    def _answer(self, message_id: MessageId, answer: bytes) -> None:
        del self._tasks[message_id]
        self._send(answer)
