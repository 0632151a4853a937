"""Who has come and has not said a word yet: few at a time, so that they cost those who are here nothing."""

from __future__ import annotations

import asyncio
from typing import Any


class Doorway:
    """Room for `most` connections. Where it is full, who has stood there longest has to go: the next may be earnest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._silent: dict[asyncio.Task[Any], None] = {}

    def __len__(self) -> int:
        """Return how many stand there."""
        return len(self._silent)

    def enter(self, task: asyncio.Task[Any]) -> None:
        """Let the connection that `task` serves stand here."""
        if len(self._silent) >= self._most:
            oldest = next(iter(self._silent))
            self.leave(oldest)
            oldest.cancel()
        self._silent[task] = None

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Make room: it has said what it wants, or has gone."""
        self._silent.pop(task, None)
