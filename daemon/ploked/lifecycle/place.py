"""Where the daemon listens: one socket per protocol and build, in a folder that is ours alone. Standard library only.

The folder is `$XDG_RUNTIME_DIR/ploked` where that variable names a folder of ours, else `~/.cache/ploked/run`; never
/tmp, where others could put one first. Its mode guards the socket: not all systems heed that of the socket itself.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import struct
import sys
from collections.abc import Mapping

from ploked_protocol import PROTOCOL_VERSION

from .. import __version__, paths

MAX_PATH_BYTES = 100
"""Linux takes 107, macOS 103; the name under which a socket is first bound is longer than its last one."""


class UnusablePlaceError(Exception):
    """The folder of the socket cannot be trusted or used; the text says what to do about it."""


class Place:
    """The files of one daemon: its socket, the lock it holds for life, and the one of whoever starts it."""

    def __init__(self, socket_path: str, log_path: str) -> None:
        self.socket = socket_path
        self.folder = os.path.dirname(socket_path)
        self.lock = f"{socket_path}.lock"
        self.start = f"{socket_path}.start"
        self.log = log_path

    @classmethod
    def of(cls, environ: Mapping[str, str], home: str) -> Place:
        """Return the place of the daemon that serves this environment; `$PLOKED_SOCKET` names one outright."""
        build = _build(environ, home)
        name = environ.get("PLOKED_SOCKET") or os.path.join(_folder(environ, home), f"{PROTOCOL_VERSION}-{build}.sock")
        log = environ.get("PLOKED_LOG") or os.path.join(paths.state_dir(environ, home), f"daemon-{build}.log")
        return cls(os.path.abspath(name), os.path.abspath(log))

    def prepare(self) -> None:
        """Make the folder, or check the one that is there; raises UnusablePlaceError."""
        if len(os.fsencode(self.socket)) > MAX_PATH_BYTES:
            raise UnusablePlaceError(
                f"The path of the socket, {self.socket}, is longer than {MAX_PATH_BYTES} bytes, which systems do not "
                "take. Set XDG_RUNTIME_DIR to a folder of yours with a shorter path."
            )
        try:
            os.makedirs(os.path.dirname(self.folder), exist_ok=True)
            os.mkdir(self.folder, 0o700)
        except FileExistsError:
            pass
        except OSError as error:
            raise UnusablePlaceError(f"The folder of the socket cannot be made: {error}.") from None
        if fault := _fault(self.folder):
            raise UnusablePlaceError(fault)


def peer_uid(connection: socket.socket) -> int | None:
    """Return whose process is at the other end of a unix socket; None where the system does not say."""
    if hasattr(socket, "SO_PEERCRED"):  # Linux: pid, uid, gid
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("iII", credentials)[1])
    if sys.platform == "darwin":  # struct xucred of LOCAL_PEERCRED: version, uid, groups
        return int(struct.unpack_from("II", connection.getsockopt(0, 1, 76))[1])
    return None


def is_ours(connection: socket.socket) -> bool:
    """Return whether the other end runs as the same user. Where the system does not say, the folder has to do."""
    return peer_uid(connection) in (os.geteuid(), None)


def _build(environ: Mapping[str, str], home: str) -> str:
    """Return what tells daemons apart that must not stand in for one another."""
    parts = (
        __version__,
        sys.executable,
        paths.config_path(environ, home),
        paths.cache_dir(environ, home),
        paths.upstream_url(environ),
    )
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=5).hexdigest()


def _folder(environ: Mapping[str, str], home: str) -> str:
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and _is_safe_parent(runtime):
        return os.path.join(runtime, "ploked")
    return os.path.join(home, ".cache", "ploked", "run")


def _is_safe_parent(folder: str) -> bool:
    """Return whether a folder is ours and nobody else can put things into it (after `su` it is somebody else's)."""
    try:
        status = os.stat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _fault(folder: str) -> str:
    """Return what is wrong with a folder and the command that mends it; empty when it is ours alone."""
    status = os.lstat(folder)
    if stat.S_ISLNK(status.st_mode):
        return f"{folder} is a symbolic link, which could lead anywhere. Remove it: rm {folder}"
    if not stat.S_ISDIR(status.st_mode):
        return f"{folder} is not a folder. Remove it: rm {folder}"
    if status.st_uid != os.geteuid():
        return f"{folder} belongs to another user (uid {status.st_uid}). Have it removed: sudo rm -r {folder}"
    if status.st_mode & 0o077:
        return f"{folder} is open to others (mode {status.st_mode & 0o777:o}). Make it private: chmod 700 {folder}"
    return ""
