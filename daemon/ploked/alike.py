"""rapidfuzz, imported late: start-up pays for every import, and most sessions have no slip in them.

By one thread at a time: of two that import parts of one package, in different order, one fails (_DeadlockError).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

_importing = Lock()


class Alike(NamedTuple):
    """What measures how alike two spellings are."""

    ratio: Callable[..., float]
    """Percent."""
    distance: Callable[..., int]
    """Slips; letters that are swapped are one."""
    extract: Callable[..., list[tuple[str, Any, int]]]
    """Text, score and place of the choices that are close."""


def alike() -> Alike:
    """Return the functions of rapidfuzz; takes some milliseconds when it is called first."""
    with _importing:
        from rapidfuzz import fuzz, process
        from rapidfuzz.distance import OSA
    return Alike(fuzz.ratio, OSA.distance, process.extract)
