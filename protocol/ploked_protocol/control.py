"""What the daemon and its proxies say to one another besides LSP. Standard library only: the proxy imports it.

A connection may begin with HELLO, and may ask the daemon to do or tell something (STATUS, STOP) instead of becoming a
session. None of this ever reaches an editor.
"""

from __future__ import annotations

import json

from .framing import frame

HELLO = "$/ploked/hello"
"""Params {protocol, version}; the result is {protocol, version, pid, started, instance, serves, reason}.

Where `serves` is false the daemon is too old: it takes no more sessions and gives its place away, and `reason` says so.
"""
STATUS = "$/ploked/daemon"
"""No params; the result is DaemonStatus."""
STOP = "$/ploked/stop"
"""Params {now, restart}; the result is {pid, waitsFor}: how many sweeps the daemon goes on for."""
LEAVING = "$/ploked/leaving"
"""The daemon's last word to a session, params {why}; an end without it is a crash."""
TEXT = "$/ploked/text"
"""Params {uri}; the result is {text, version} of a document that the session has open, or null."""

PREFIX = "$/ploked/"
OWN_ID = "ploked-proxy:"
"""How the ids of the proxy's own requests begin; their answers are not for the editor."""

STOPPED, RESTARTED, REPLACED, IDLE = "stopped", "restarted", "replaced", "idle"
"""Why a daemon leaves. Only after STOPPED and IDLE is it not wanted again before somebody asks something."""

REQUEST_FAILED = -32803
PARSE_ERROR = -32700


def message(**fields: object) -> bytes:
    """Return the frame of a JSON-RPC message."""
    return frame(body(**fields))


def body(**fields: object) -> bytes:
    """Return a JSON-RPC message without its header; half a surrogate pair, as in a path that is no UTF-8: `?`."""
    return json.dumps({"jsonrpc": "2.0", **fields}, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def is_newer(one: str, other: str) -> bool:
    """Return whether protocol version `one` came after `other`."""
    return _numbers(one) > _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(part) if part.isdecimal() else 0 for part in version.split(".")]
