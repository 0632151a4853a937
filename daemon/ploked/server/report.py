"""What the daemon says of itself: `ploked status` prints it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ploked_protocol.queries import CatalogStatus, ConfigStatus, KeySource, Refreshed
from ploked_protocol.sweeps import SweepProgress
from ploked_protocol.wire import Wire

from .hub import Hub
from .session import Session
from .timings import MethodTiming

if TYPE_CHECKING:
    from ..keys.store import KeyStore  # what it imports would delay `initialize`


class LastRefresh(Wire):
    """What the last refresh of a kind did: only what is as true later as when it ended, which an age is not."""

    kind: str
    outcome: str
    ago_s: float
    """How long ago it ended, well or not."""
    count: int
    """Rows held since."""
    skipped: int
    """Rows of the answer that could not be read."""
    model: str | None
    message: str | None
    """Why it failed, or what was skipped, for people."""
    refreshed_at: str | None
    """Of when the rows are: ISO 8601, UTC. Null when they were never refreshed."""


class SessionStatus(Wire):
    """One client."""

    number: int
    client: str | None
    """Name and version, as the client says them."""
    in_flight: int
    """Requests that wait for their answer."""
    documents: int
    unread_bytes: int
    """Bytes that wait for the client to read them."""


class KeyStatus(Wire):
    """Where the API key of one vendor is; never the key."""

    vendor: str
    source: KeySource | None
    """Null where none was found. The keyring is not asked again for this: it was at the start, and for each sweep."""
    problem: str | None
    """Without a key: why one that may be there cannot be used, and the command that mends it."""


class TcpStatus(Wire):
    """A port on loopback."""

    address: str
    """Host and port, as in `127.0.0.1:4711`."""
    token_file: str
    """A JSON file {address, token} that its user alone can read."""


class DaemonStatus(Wire):
    """The daemon that editors share. Times are in seconds unless their name says otherwise."""

    version: str
    protocol: str
    pid: int
    instance: str
    """Differs from one start to the next."""
    started: str
    """ISO 8601, UTC."""
    uptime_s: float
    socket: str
    tcp: TcpStatus | None
    """Null unless a port was asked for."""
    log: str
    troubles: list[str]
    """What it cannot keep (its log, its cache, what is picked), why, and what to do."""
    leaving: str | None
    """Why it takes no more sessions; null while it does."""
    idle_exit_in_s: float | None
    """When it leaves if nobody comes; null while somebody is here or a sweep runs."""
    connections: int
    """Those of proxies whose editors have said nothing yet, and of this question, are among them; who has not shown the
    token of the port is not."""
    sessions: list[SessionStatus]
    in_flight: int
    catalogs: list[CatalogStatus]
    """One per vendor, with age and source; empty while it starts."""
    keys: list[KeyStatus]
    """One per vendor; empty while it starts."""
    config: ConfigStatus | None
    refreshed: list[LastRefresh]
    """The last outcome of each kind, since the start."""
    running_sweeps: int
    sweeps_elsewhere: dict[str, int]
    """Those of them that other processes run, such as a daemon that has left, with the ids of these processes."""
    sweeps: list[SweepProgress]
    """The latest, as they were last told of."""
    methods: dict[str, MethodTiming]
    memory_mb: float
    """Resident memory of the process."""
    environment: dict[str, str]
    """The variables it was started with, which are those of its first client; values of others than ours are `***`."""


def sessions(hub: Hub) -> list[SessionStatus]:
    """Return the sessions in the order in which they came."""
    return [_session(number, session) for number, session in hub.sessions.items()]


def _session(number: int, session: Session) -> SessionStatus:
    info = session.client_info
    return SessionStatus(
        number=number,
        client=None if info is None else f"{info.name} {info.version or ''}".strip(),
        in_flight=len(session.protocol.in_flight),
        documents=session.open_documents,
        unread_bytes=session.unread_bytes,
    )


def key(store: KeyStore) -> KeyStatus:
    """Return where the key of a vendor is; the keyring, which may ask its user, as it answered last."""
    found = store.glance()
    return KeyStatus(store.upstream, found.source, found.problem)


SHOWN = (
    "PLOKED_CONFIG", "PLOKED_CACHE_DIR", "PLOKED_LOG", "PLOKED_SOCKET", "PLOKED_IDLE_S", "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME",
)  # fmt: skip
"""Paths and numbers; an URL may hold credentials."""


def refreshed(hub: Hub) -> list[LastRefresh]:
    """Return the last refresh of each kind, and how long ago it was."""
    return [_last(one, max(0.0, time.time() - at_s)) for one, at_s in hub.refreshed.values()]


def _last(one: Refreshed, ago_s: float) -> LastRefresh:
    return LastRefresh(
        kind=one.kind,
        outcome=one.outcome,
        ago_s=round(ago_s, 1),
        count=one.count,
        skipped=one.skipped,
        model=one.model,
        message=one.message,
        refreshed_at=one.freshness.refreshed_at,
    )


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the names of all variables, with values where they cannot be secret."""
    return {name: value if name in SHOWN else "***" for name, value in sorted(environ.items())}


def memory_mb() -> float:
    """Return the resident memory of this process; the highest so far where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)
