"""Connections that are no session yet, as many as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .streams import StreamOut


class Room:
    """Holds connections in the order of their last words. Where one too many comes, the longest silent has to go.

    So whoever says something at once is heard, however many came before and sit there.
    """

    def __init__(self, holds: Callable[[], int], on_full: Callable[[], None]) -> None:
        self._holds = holds
        self._on_full = on_full
        self._here: dict[StreamOut, None] = {}

    def __len__(self) -> int:
        """Return how many are here."""
        return len(self._here)

    def __iter__(self) -> Iterator[StreamOut]:
        """Return those who are here, the longest silent first."""
        return iter(list(self._here))

    def heard(self, connection: StreamOut) -> None:
        """Take note that one has come, or has said something."""
        self.leave(connection)
        self._here[connection] = None
        if len(self._here) > self._holds():
            self._on_full()
            silent = next(iter(self._here))
            self.leave(silent)
            silent.transport.abort()

    def leave(self, connection: StreamOut) -> None:
        """Forget one, whether it is here or not."""
        self._here.pop(connection, None)
