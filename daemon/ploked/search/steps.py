"""Long work in steps: while one call into C runs, no other thread does, the event loop's neither."""

from __future__ import annotations

from collections.abc import Iterator

STEP = 8_192
"""Items that one call takes: some milliseconds."""


def steps(count: int, step: int = STEP) -> Iterator[slice]:
    """Yield the slices of `count` items that one call each takes."""
    return (slice(at, at + step) for at in range(0, count, step))
