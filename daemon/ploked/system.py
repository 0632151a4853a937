"""What not every system has. Standard library only, and little of that: the proxy imports it."""

from __future__ import annotations

import errno
import os
import sys

WINDOWS = sys.platform == "win32"
"""Whether an event loop cannot wait for pipes, and signal 0 would end a process instead of looking for it."""

_SYNCHRONIZE, _STILL_RUNS, _ACCESS_DENIED = 0x00100000, 0x102, 5
"""Constants of the Windows API: the right to wait for a process, a wait that timed out, another user's process."""


def flags(*names: str) -> int:
    """Return the flags of `os.open` with these names, of those that the system has; Windows lacks most."""
    return sum(getattr(os, name, 0) for name in names)


def expect_streams() -> None:
    """Raise OSError where stdin or stdout were closed when Python started."""
    for name, stream in (("stdin", sys.__stdin__), ("stdout", sys.__stdout__)):
        if stream is None:
            raise OSError(errno.EBADF, f"{name} is closed")


def own_uid() -> int | None:
    """Return the id of our user; None on Windows, where the folder of a user's profile keeps others out."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def is_alive(pid: int) -> bool:
    """Return whether there is a process `pid`, whoever it belongs to."""
    if WINDOWS:
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        return True
    except (OSError, OverflowError):
        return False
    return True


def _is_alive_on_windows(pid: int) -> bool:
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]  # only there
    process = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
    if not process:
        return bool(ctypes.get_last_error() == _ACCESS_DENIED)  # type: ignore[attr-defined]  # only there
    try:
        return bool(kernel.WaitForSingleObject(process, 0) == _STILL_RUNS)
    finally:
        kernel.CloseHandle(process)
