"""The last good rows of one kind: where they are from, how old they are, and when to ask again. No IO.

Invariant: an empty, partial or failed refresh never replaces good rows; it leaves its reason in `freshness`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Generic, Literal, TypeVar

from ploked_protocol.catalog import Freshness
from ploked_protocol.queries import Refreshed

from .importers.base import Batch
from .store.base import Clock, Stored

T = TypeVar("T")
Outcome = Literal["updated", "unchanged", "failed"]

FIRST_DELAY_S = 30.0
LONGEST_DELAY_S = 1800.0
"""After a failure the next background refresh waits; twice as long after each further one, up to this.

Nothing random is added: a refresh starts when somebody asks something, which no two daemons have in common.
"""
IMPLAUSIBLE_LOSS = 20
"""An answer that lacks at least this many rows, and more than half of all, is taken for a partial one."""


class LastGood(Generic[T]):
    """The rows of `kind` (of `model`, for endpoints) that `upstream` sends; `name_of` gives the name people know."""

    def __init__(
        self,
        kind: Literal["models", "endpoints", "providers"],
        upstream: str,
        name_of: Callable[[T], str],
        ttl_s: Callable[[], float],
        clock: Clock,
        model: str | None = None,
    ) -> None:
        self.rows: list[T] | None = None
        """None until the first answer; may be empty for a model that has no endpoints of its own."""
        self._kind = kind
        self._upstream = upstream
        self._name_of = name_of
        self._ttl_s = ttl_s
        self._clock = clock
        self._model = model
        self._source = "none"
        self._refreshed_s: float | None = None
        self._bundled = False
        """Whether the rows are from the snapshot: always stale, and no measure for what the upstream sends."""
        self._error: str | None = None
        self._failures = 0
        self._next_try_s = -math.inf
        self._refused: dict[str, None] | None = None

    def restore(self, stored: Stored[T]) -> None:
        """Take rows from a store.

        A time that is in the future, or missing, is the trace of a wrong clock or a damaged row: the age is unknown.
        """
        self.rows, self._source, self._bundled = stored.rows, self._upstream, False
        self._refreshed_s = stored.refreshed_s if 0 < stored.refreshed_s <= self._clock.now_s() else None

    def restore_bundled(self, rows: list[T], taken_on: str) -> None:
        """Take rows from the snapshot of that day (ISO date)."""
        self.rows, self._source, self._bundled = rows, f"snapshot {taken_on}", True
        self._refreshed_s = datetime.fromisoformat(taken_on).replace(tzinfo=UTC).timestamp()

    @property
    def bundled(self) -> bool:
        """Whether the rows are those of the snapshot."""
        return self._bundled

    @property
    def stale(self) -> bool:
        """Whether the rows are older than their time to live, of unknown age, or bundled."""
        age_s = self._age_s()
        return self._bundled or age_s is None or not 0 <= age_s < self._ttl_s()

    @property
    def due(self) -> bool:
        """Whether a background refresh should start: the rows are stale, and no failure asks to wait."""
        return self.stale and self._clock.monotonic_s() >= self._next_try_s

    def freshness(self) -> Freshness:
        """Return how old the rows are, where they are from, and why the last refresh failed."""
        age_s = self._age_s()
        return Freshness(
            source=self._source,
            refreshed_at=None if self._refreshed_s is None else _iso(self._refreshed_s),
            age_s=None if age_s is None else round(max(age_s, 0.0), 3),
            stale=self.stale,
            error=self._error,
        )

    def stored(self) -> Stored[T]:
        """Return the rows as a store keeps them."""
        return Stored(self.rows or [], int(self._refreshed_s or 0))

    def take(self, batch: Batch[T], *, by_hand: bool) -> Refreshed:
        """Replace the rows, unless the answer is empty or lacks so much that it must be partial.

        A person who refreshes by hand and gets the same partial answer as the time before is believed.
        """
        if refusal := self._refusal(batch.rows, by_hand=by_hand):
            return self.fail(refusal, skipped=batch.skipped)
        same = self.rows == batch.rows and not self._bundled  # the same facts of today are news
        before, self.rows = self.rows, batch.rows
        self._refreshed_s, self._source, self._bundled = self._clock.now_s(), self._upstream, False
        self._error, self._failures, self._next_try_s, self._refused = None, 0, -math.inf, None
        return self._refreshed(
            "unchanged" if same else "updated", batch.skipped, _what_was_skipped(batch), before or []
        )

    def fail(self, why: str, skipped: int = 0) -> Refreshed:
        """Keep the rows, remember `why` for people, and let the next background refresh wait."""
        self._error = why
        delay_s = min(FIRST_DELAY_S * 2 ** min(self._failures, 10), LONGEST_DELAY_S)
        self._failures += 1
        self._next_try_s = self._clock.monotonic_s() + delay_s
        return self._refreshed("failed", skipped, why, self.rows or [])

    def _age_s(self) -> float | None:
        return None if self._refreshed_s is None else self._clock.now_s() - self._refreshed_s

    def _refusal(self, rows: list[T], *, by_hand: bool) -> str | None:
        known = len(self.rows or [])
        what = f"{self._kind} of {self._model}" if self._model else self._kind
        if not rows and (known or self._kind != "endpoints"):
            return f"{self._upstream} sent no {what}. The {known} known before are kept."
        lost = known - len(rows)
        if self._bundled or lost < IMPLAUSIBLE_LOSS or lost * 2 <= known:
            return None
        refused_before, self._refused = self._refused, self._names(rows)
        if by_hand and self._refused == refused_before:
            return None
        return (
            f"{self._upstream} sent only {len(rows)} {what} where {known} were known, as if the answer were cut. "
            f"The {known} are kept. If so few are right, refresh by hand once more."
        )

    def _names(self, rows: list[T]) -> dict[str, None]:
        """Return the names, each once and in order."""
        return dict.fromkeys(map(self._name_of, rows))

    def _refreshed(self, outcome: Outcome, skipped: int, message: str | None, before: list[T]) -> Refreshed:
        rows = self.rows or []
        old, new = self._names(before), self._names(rows)
        return Refreshed(
            kind=self._kind,
            outcome=outcome,
            count=len(rows),
            skipped=skipped,
            freshness=self.freshness(),
            model=self._model,
            added=[name for name in new if name not in old],
            removed=[name for name in old if name not in new],
            message=message,
        )


def _what_was_skipped(batch: Batch[T]) -> str | None:
    problems = "; ".join(batch.problems)
    if not batch.skipped:
        return problems or None
    return f"{batch.skipped} of {batch.skipped + len(batch.rows)} rows could not be read: {problems}"


@lru_cache(maxsize=64)
def _iso(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
