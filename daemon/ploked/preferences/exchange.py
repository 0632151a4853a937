"""Swaps two files in one step, so that what was replaced can be looked at afterwards."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def exchange(one: Path, other: Path) -> bool:
    """Swap two files (Linux, renameat2(2)); return False where the system or the file system cannot. Raises OSError."""
    import ctypes  # imported late: start-up pays for every import, and only edits need it

    try:
        library = ctypes.CDLL(None, use_errno=True)
    except TypeError:  # Windows has no library of all that is loaded
        return False
    if not hasattr(library, "renameat2"):
        return False
    if library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))
