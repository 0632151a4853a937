"""Give memory back: a refresh needs several times what it leaves behind."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress


def settle() -> None:
    """Return freed memory to the system where the C library keeps it (glibc), and let collections pass by what stays.

    Facts, classes and modules live as long as the process or until the next refresh, and hold no cycles; to look
    through them again and again takes Python's cycle collector 10 to 20 ms each time, in which nothing is answered.
    What little garbage in cycles lies about at this moment stays for good.
    """
    gc.collect(1)
    gc.freeze()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
