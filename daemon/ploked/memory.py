"""Give memory back: a refresh needs several times what it leaves behind."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

LARGE_BYTES = 1 << 18
"""Documents and payloads mostly are; answers, but for few, are not."""
_MMAP_THRESHOLD = -3
"""`M_MMAP_THRESHOLD` of glibc's malloc.h."""


def return_large_blocks() -> None:
    """Have the C library (glibc) take large blocks from the system one by one, and give each back as it is freed.

    Else it puts the later ones among small ones, which then keep their room: after a thousand documents of 1 MB that
    was up to 8 MB. macOS and Windows have ways of their own.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE_BYTES)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let no collection happen meanwhile, and later ones pass by what was made: much that stays, and in no cycles.

    A collection in the middle of an update of very many models would take half a second.
    """
    was_on = gc.isenabled()
    gc.collect(1)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def uncollected_if(condition: bool) -> AbstractContextManager[None]:
    """Return `uncollected()` where `condition` holds, and else what does nothing."""
    return uncollected() if condition else nullcontext()


def settle() -> None:
    """Return freed memory to the system where the C library keeps it (glibc), and let collections pass by what stays.

    Facts, classes and modules live as long as the process or until the next refresh, and hold no cycles; to look
    through them again and again takes Python's cycle collector 10 to 20 ms each time, in which nothing is answered.
    What little garbage in cycles lies about at this moment stays for good.
    """
    gc.collect(1)
    gc.freeze()
    with suppress(OSError, AttributeError, TypeError):  # macOS and Windows
        ctypes.CDLL(None).malloc_trim(0)
