"""Whose process is at the other end of a unix socket. Standard library only: the proxy asks too."""

from __future__ import annotations

import socket
import sys

from . import system

XUCRED_BYTES = 76
"""struct xucred of macOS, which LOCAL_PEERCRED fills: version, uid, groups."""


def peer_uid(connection: socket.socket) -> int | None:
    """Return the user id of the other end; None where the system does not say."""
    if hasattr(socket, "SO_PEERCRED"):  # Linux: pid, uid, gid
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    elif sys.platform == "darwin":
        credentials = connection.getsockopt(0, 1, XUCRED_BYTES)
    else:
        return None
    return int.from_bytes(credentials[4:8], sys.byteorder)


def is_ours(connection: socket.socket) -> bool:
    """Return whether the other end runs as the same user. Where the system does not say, the folder has to do."""
    return peer_uid(connection) in (system.own_uid(), None)
