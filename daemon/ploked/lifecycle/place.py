"""Where the daemon listens: one socket per protocol and build, in a folder that is ours alone. Standard library only.

The folder is `$XDG_RUNTIME_DIR/ploked` where that variable names a folder of ours. Where it is not set, as for cron
and some logins over ssh, `/run/user/UID` is tried, which it would name: they are to find the daemon that editors share.
Else it is `~/.cache/ploked/run`; never in /tmp, where others could put one first. Its mode guards the socket: not all
systems heed that of the socket itself.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Mapping

from ploked_protocol import PROTOCOL_VERSION

from .. import __version__, paths, system

RUN_USER = "/run/user"
"""Where systemd has the runtime folders of users, by their number."""
MAX_PATH_BYTES = 100
"""Linux takes 107, macOS 103; the name under which a socket is first bound is longer than its last one."""


class UnusablePlaceError(Exception):
    """The folder of the socket cannot be trusted or used; the text says what to do about it, where anything can be."""


class Place:
    """The files of one daemon: its socket, the lock it holds for life, and the one of whoever starts it."""

    def __init__(self, socket_path: str, log_path: str, remark: str = "", *, named: bool = False) -> None:
        self.remark = remark
        """What is odd about it, for people; empty where nothing is."""
        self.named = named
        """Whether a person chose its folder, which may then be any: nobody is told to change that one."""
        self.socket = socket_path
        self.folder = os.path.dirname(socket_path)
        self.lock = f"{socket_path}.lock"
        self.start = f"{socket_path}.start"
        self.log = log_path

    @classmethod
    def of(cls, environ: Mapping[str, str], home: str) -> Place:
        """Return the place of the daemon that serves this environment; `$PLOKED_SOCKET` names one outright."""
        build = _build(environ, home)
        folder, remark = _folder(environ, home)
        if home == paths.NO_HOME:
            remark = "No home folder is known, so that nothing is kept but what variables name a place for. Set HOME."
        if name := environ.get("PLOKED_SOCKET"):
            remark = ""
        name = os.path.abspath(name or os.path.join(folder, f"{PROTOCOL_VERSION}-{build}.sock"))
        named = os.path.dirname(name) != os.path.abspath(folder)  # a daemon is started with its path, ours or not
        log = paths.log_path(environ) or os.path.join(paths.state_dir(environ, home), f"daemon-{build}.log")
        return cls(name, os.path.abspath(log), remark, named=named)

    def prepare(self) -> None:
        """Make the folder, or check the one that is there; raises UnusablePlaceError."""
        _check_system()
        if len(os.fsencode(self.socket)) > MAX_PATH_BYTES:
            raise UnusablePlaceError(
                f"The path of the socket, {self.socket}, is longer than {MAX_PATH_BYTES} bytes, which systems do not "
                "take. Set XDG_RUNTIME_DIR to a folder of yours with a shorter path."
            )
        try:
            paths.make_private(self.folder)
        except OSError as error:
            self.check()  # of what stands in its place, it says how that is mended
            raise UnusablePlaceError(f"The folder of the socket cannot be made: {error}.") from None
        self.check()

    def check(self) -> None:
        """Raise UnusablePlaceError where others may use the folder; one that is not there is as good as one of ours."""
        _check_system()
        if os.path.lexists(self.folder) and (fault := _fault(self.folder, named=self.named)):
            raise UnusablePlaceError(fault)


def _check_system() -> None:
    try:
        import fcntl  # noqa: F401  # asked for here, before the lock needs it
    except ImportError:
        missing = "locks that end with their holder (flock)"
    else:
        missing = "" if hasattr(socket, "AF_UNIX") else "unix sockets"
    if missing:
        raise UnusablePlaceError(f"This system cannot share a daemon among editors: it has no {missing}.")


def _build(environ: Mapping[str, str], home: str) -> str:
    """Return what tells daemons apart that must not stand in for one another."""
    parts = (
        __version__,
        sys.prefix,  # not the executable: one environment has several names for it
        f"{sys.hexversion:x}",
        paths.config_path(environ, home),
        paths.cache_dir(environ, home),
        paths.state_dir(environ, home),
        paths.keys_path(environ, home),
        paths.upstream_url(environ),
    )
    return _digest("\0".join(parts).encode("utf-8", "surrogateescape"))


def _digest(data: bytes) -> str:
    """Return the 64-bit FNV-1a hash of some bytes: importing hashlib would cost the proxy 6 ms."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return f"{value:016x}"


def _folder(environ: Mapping[str, str], home: str) -> tuple[str, str]:
    """Return the folder of the socket, and what to say where it is not the one that the environment asks for."""
    asked = environ.get("XDG_RUNTIME_DIR", "")
    runtime = asked or os.path.join(RUN_USER, str(system.own_uid()))
    if os.path.isabs(runtime) and _is_safe_parent(runtime):
        return os.path.join(runtime, "ploked"), ""
    folder = os.path.join(home, ".cache", "ploked", "run")
    fault = f"XDG_RUNTIME_DIR={asked} is no folder that only you can write to: the socket is in {folder}."
    return folder, fault if asked and system.own_uid() is not None else ""


def _is_safe_parent(folder: str) -> bool:
    """Return whether a folder is ours and nobody else can put things into it (after `su` it is somebody else's)."""
    try:
        status = os.stat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == system.own_uid() and not status.st_mode & 0o022


def _fault(folder: str, *, named: bool) -> str:
    """Return what is wrong with a folder and what mends it, where nothing is lost by that; empty when it is ours alone.

    Of one that a person has named, nobody is told to change anything: it may be /tmp, or where programs are.
    """
    status, path = os.lstat(folder), paths.quoted(folder)
    if stat.S_ISLNK(status.st_mode):
        what, mend = "is a symbolic link, which could lead anywhere", f"Remove it: rm {path}"
    elif not stat.S_ISDIR(status.st_mode):
        what, mend = "is not a folder", f"Move it away: mv {path} {path}.old"
    elif status.st_uid != system.own_uid():
        what, mend = f"belongs to another user (uid {status.st_uid})", f"Move it away: sudo mv {path} {path}.old"
    elif status.st_mode & 0o077:
        what, mend = f"is open to others (mode {status.st_mode & 0o777:o})", f"Make it private: chmod 700 {path}"
    else:
        return ""
    return f"{folder} {what}. {_NAME_ANOTHER if named else mend}"


_NAME_ANOTHER = (
    "The folder of the socket has to be yours alone: with PLOKED_SOCKET or --socket, name one in a folder of your own "
    "(mkdir -m 700 ~/ploked), or none."
)
