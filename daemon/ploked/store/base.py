"""What a store keeps, and the clock that everything which ages is given."""

from __future__ import annotations

import time
from typing import Generic, Protocol, TypeVar

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, ProviderRecord, SuccessorRecord

T = TypeVar("T")

SCHEMA_VERSION = 2
"""Bumped whenever a record changes shape; rows of another version are dropped and fetched again."""


class Clock(Protocol):
    """Passed to whatever ages, so that tests decide what time it is."""

    def now_s(self) -> float:
        """Return Unix time in seconds."""

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never jumps."""


class SystemClock:
    """The machine's clocks."""

    def now_s(self) -> float:
        """Return Unix time in seconds."""
        return time.time()

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never jumps."""
        return time.monotonic()


class Stored(msgspec.Struct, Generic[T], frozen=True):
    """Rows of one refresh and when it was."""

    rows: list[T]
    refreshed_s: int
    """Unix seconds."""


class CatalogStore(Protocol):
    """Keeps the last good rows. Synchronous: call it in a thread, any one.

    Saving replaces all rows of its kind at once; no rows leave nothing to load. Ids, tags with their ordinal, and slugs
    are unique. A store whose disk fails says so in the log and goes on: nothing here raises for it.
    """

    @property
    def trouble(self) -> str:
        """Return why nothing is kept, and what that means, for people; empty while all is."""

    def load_models(self) -> Stored[ModelRecord] | None:
        """Return the models of the last refresh, in its order; None when there are none of this schema version."""

    def save_models(self, rows: list[ModelRecord], refreshed_s: int) -> None:
        """Replace all models."""

    def load_all_endpoints(self) -> dict[str, Stored[EndpointRecord]]:
        """Return the endpoints of every model that was expanded, by model id, each in upstream's order."""

    def save_endpoints(self, model: str, rows: list[EndpointRecord], refreshed_s: int) -> None:
        """Replace the endpoints of one model."""

    def load_providers(self) -> Stored[ProviderRecord] | None:
        """Return the providers of the last refresh."""

    def save_providers(self, rows: list[ProviderRecord], refreshed_s: int) -> None:
        """Replace all providers."""

    def load_successors(self) -> Stored[SuccessorRecord] | None:
        """Return what took the place of ids that are listed no more, in the order in which it became known."""

    def save_successors(self, rows: list[SuccessorRecord], refreshed_s: int) -> None:
        """Replace all successors."""

    def close(self) -> None:
        """Release the file."""
