"""Where a change of a file shows: in its folder, and in those of every link on the way to it."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import msgspec

_MOST_LINKS = 40


class Places(msgspec.Struct, frozen=True):
    """Where a change of the file shows."""

    folders: tuple[tuple[str, int, int], ...]
    """Path, device and inode: a folder made anew has to be watched anew."""
    names: frozenset[str]
    """The paths that matter in them."""


def places_of(path: Path) -> Places:
    """Return the folders of the file and of every link on the way to it.

    Where the file's folder is missing, the last folder that is there takes its place. A watched folder tells of its
    own end and move, so that none above it is needed.
    """
    whole = path.absolute()
    here, rest = Path(whole.anchor), deque(whole.parts[1:])
    folders: list[Path] = []
    names: set[str] = set()
    while rest:
        part = rest.popleft()
        step = here.parent if part == ".." else here / part
        names.add(str(step))
        if step.is_symlink() and len(folders) < _MOST_LINKS:
            folders.append(here)
            target = step.readlink()
            rest.extendleft(reversed(target.parts[target.is_absolute() :]))
            here = Path(target.anchor) if target.is_absolute() else here
        elif rest and step.is_dir():
            here = step
        else:
            break
    return Places(tuple(map(_identity, dict.fromkeys([*folders, here]))), frozenset(names))


def _identity(folder: Path) -> tuple[str, int, int]:
    try:
        found = folder.stat()
    except OSError:
        return str(folder), 0, 0
    return str(folder), found.st_dev, found.st_ino
