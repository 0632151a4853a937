"""One feed of facts: rows that answer from memory, and one fetch at a time that renews them."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from ploked_protocol.queries import Refreshed

from .importers.base import Batch, ImportFailedError
from .lastgood import LastGood
from .store.base import Clock

T = TypeVar("T")

LONGEST_PAUSE_S = 6 * 3600.0
"""An upstream that asks for a longer pause is asked again after this."""

_log = logging.getLogger(__name__)


class Pause:
    """How long the upstream wants to be left alone (`Retry-After`): it counts clients, not paths, so feeds share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s = -math.inf

    def extend(self, seconds: float | None) -> None:
        """Let the pause last at least so long from now; None is no pause."""
        if seconds is not None:
            self._until_s = max(self._until_s, self._clock.monotonic_s() + min(seconds, LONGEST_PAUSE_S))

    @property
    def left_s(self) -> float:
        """Return the seconds that are left of it; 0 when it is over."""
        return max(0.0, self._until_s - self._clock.monotonic_s())


class Feed(Generic[T]):
    """The `held` rows and what renews them. Never two fetches at once: whoever asks meanwhile joins the one in the air.

    `ended` is called in the event loop after every fetch, failed ones too, before anybody who waits goes on.
    """

    def __init__(
        self,
        held: LastGood[T],
        fetch: Callable[[], Awaitable[Batch[T]]],
        pause: Pause,
        ended: Callable[[LastGood[T], Refreshed], None],
    ) -> None:
        self.held = held
        self._fetch = fetch
        self._pause = pause
        self._ended = ended
        self._flight: asyncio.Task[Refreshed] | None = None

    def touch(self) -> None:
        """Start a fetch in the background when the rows are stale and nothing asks to wait."""
        if self.held.due and not self._pause.left_s:
            self._start(by_hand=False)

    async def refresh(self) -> Refreshed:
        """Fetch now, or join the fetch in the air. Cancelling one who waits leaves the fetch to the others."""
        return await asyncio.shield(self._start(by_hand=True))

    async def aclose(self) -> None:
        """Cancel the fetch in the air, if any, and wait for its end; those who joined it are cancelled too."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.gather(self._flight, return_exceptions=True)

    def _start(self, *, by_hand: bool) -> asyncio.Task[Refreshed]:
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._fly(by_hand=by_hand))
        return self._flight

    async def _fly(self, *, by_hand: bool) -> Refreshed:
        refreshed = await self._answer(by_hand=by_hand)
        self._ended(self.held, refreshed)
        return refreshed

    async def _answer(self, *, by_hand: bool) -> Refreshed:
        try:
            return self.held.take(await self._fetch(), by_hand=by_hand)
        except ImportFailedError as error:
            self._pause.extend(error.retry_after_s)
            return self.held.fail(str(error))
        except Exception as error:  # noqa: BLE001  an importer's bug must not end in a fetch at every keystroke
            _log.exception("a refresh broke")
            return self.held.fail(f"The refresh broke ({type(error).__name__}): a bug in ploked. Its log says more.")
