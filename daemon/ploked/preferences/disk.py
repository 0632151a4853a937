"""config.toml on disk: read whole or not at all, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from ploked_protocol.errors import ConfigNotEditable, ErrorData

from .. import system
from ..paths import make_private
from .exchange import exchange
from .folder_lock import locked
from .load import MAX_BYTES

SETTLE_S = 0.004
PATIENCE = 12
"""How many readings in a row must find the file empty or gone: a save may stand between truncating and writing it."""

_MOST_READINGS = 60
_SWAPS = 10
_NEXT_STEPS = {
    errno.EACCES: "Make the file and its folder writable for you, or edit it by hand.",
    errno.EPERM: "Make the file and its folder writable for you, or edit it by hand.",
    errno.EROFS: "The file system is read-only: edit the file where it comes from, or point PLOKED_CONFIG elsewhere.",
    errno.ENOSPC: "Free some space on the disk, then try again.",
    errno.EDQUOT: "Free some space of your quota, then try again.",
    errno.EAGAIN: "Another process keeps the folder locked: try again once it has ended.",
}


class Reading(msgspec.Struct, frozen=True):
    """What the file held at one moment."""

    text: str | None
    """As it is, with its byte order mark and line endings; None when there is no file, or `trouble`."""
    trouble: str | None = None
    """Why it cannot be read, in words that follow its name."""


def read(path: Path) -> Reading:
    """Return what `path` holds now; never raises."""
    try:
        # Without O_NONBLOCK, opening a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | system.flags("O_NONBLOCK", "O_CLOEXEC"))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return Reading(None, "is not a regular file")
        with os.fdopen(descriptor, "rb") as file:
            return _decoded(file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return Reading(None)
    except OSError as error:
        return Reading(None, f"cannot be read: {_why(error)}")


def _decoded(data: bytes) -> Reading:
    if len(data) > MAX_BYTES:
        return Reading(None, f"has more than the {MAX_BYTES:,} bytes that are read")
    try:
        return Reading(data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Reading(None, f"is not UTF-8: see line {line}")


def read_settled(path: Path) -> Reading:
    """Return what `path` holds once two readings agree; takes 4 ms as a rule, 0.3 s at the most.

    A file found empty or gone gets 50 ms to come back, for many a save truncates or deletes first.
    """
    reading, calm = read(path), 0
    for _ in range(_MOST_READINGS):
        if calm >= (1 if reading.text or reading.trouble else PATIENCE):
            break
        time.sleep(SETTLE_S)
        again = read(path)
        calm = calm + 1 if again == reading else 0
        reading = again
    return reading


def write_atomic(path: Path, expected_text: str | None, new_text: str) -> bool:
    """Replace the file by `new_text`; return False, with nothing done, when it does not hold `expected_text` any more.

    None expects no file. Links are followed; mode and, where allowed, owner are kept; a new file and folder are the
    user's alone. Whatever happens, the file is the old or the new one. Raises ConfigNotEditable.
    """
    target = Path(os.path.realpath(path))
    try:
        make_private(str(target.parent))
        with locked(target.parent) as sync:
            return _replaced(target, Reading(expected_text), new_text.encode(), sync)
    except OSError as error:
        step = _NEXT_STEPS.get(error.errno or 0, "Put that right, or edit the file by hand.")
        raise ConfigNotEditable(
            f"{path} was left as it is: {_why(error)}.", ErrorData(path=str(path), next_step=step)
        ) from None


def _replaced(target: Path, expected: Reading, data: bytes, sync: Callable[[], None]) -> bool:
    as_effective = os.access in os.supports_effective_ids
    if target.exists() and not os.access(target, os.W_OK, effective_ids=as_effective):  # a rename would not mind
        raise PermissionError(errno.EACCES, "the file is read-only")
    for left in target.parent.glob(f".{target.name}.*.ploked"):  # by a process that was killed: we hold the lock
        left.unlink()
    beside = target.with_name(f".{target.name}.{os.getpid()}.ploked")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | system.flags("O_CLOEXEC"), 0o600)
    try:
        _fill(descriptor, data, target)
        if read(target) != expected or not _placed(beside, target, expected):
            return False
    finally:
        beside.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # some file systems cannot; the data itself is on disk
        sync()
    return True


def _placed(beside: Path, target: Path, expected: Reading) -> bool:
    """Put `beside` in the place of `target`; return False when an editor saved in this very moment.

    A plain rename would lose that save: it waits in the kernel until the editor's rename is done, then undoes it.
    """
    mine = read(beside)
    try:
        if expected.text is None:
            os.link(beside, target)
            return True
        if not exchange(beside, target):
            beside.replace(target)
            return True
    except (FileExistsError, FileNotFoundError):
        return False
    theirs = read(beside)
    return theirs == expected or _given_back(beside, target, mine, theirs)


def _given_back(beside: Path, target: Path, mine: Reading, theirs: Reading) -> bool:
    """Swap the editor's save, which `beside` holds, back to `target`; return False: the edit was not made."""
    for _ in range(_SWAPS):
        exchange(beside, target)
        found = read(beside)
        if found == mine:
            break
        mine, theirs = theirs, found  # it has saved once more: that one is the newest
    return False


def _fill(descriptor: int, data: bytes, target: Path) -> None:
    """Write `data` to disk, with the owner and the mode of `target` if there is one."""
    with os.fdopen(descriptor, "wb") as file:
        with contextlib.suppress(FileNotFoundError):
            _make_like(descriptor, target.stat())
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _make_like(descriptor: int, like: os.stat_result) -> None:
    if system.own_uid() is None:  # Windows, where a file takes over the rights of its folder
        return
    with contextlib.suppress(OSError):  # only root may give files away
        os.fchown(descriptor, like.st_uid, like.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(like.st_mode))


def _why(error: OSError) -> str:
    """Return the system's reason as words within a sentence."""
    reason = error.strerror or type(error).__name__
    return reason[:1].lower() + reason[1:]
