"""Daemons that have left their place and stay for their sweeps: who they are, and how to end these sweeps."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

from ploked_protocol.errors import PlokedError

from ..lifecycle.find import home
from ..lifecycle.place import Place
from ..settings import Settings
from ..sweeps.ledger import Ledger

PATIENCE_S = 5.0
PAUSE_S = 0.1


def said(place: Place, *, now: bool, apart_from: int | None) -> list[str]:
    """Return what is to say of the sweeps of daemons that were at `place`, of which all are ended where `now` is set.

    The process `apart_from` is left out: it has been spoken to. Nothing is raised: what cannot be read is said.
    """
    path = Settings.from_environ(os.environ, Path(home())).ledger_path
    ledger = Ledger(path)
    try:
        if not path.exists():
            return []
        return _ended(ledger, place, apart_from) if now else _still_run(_sweeps(ledger, place, apart_from))
    except (sqlite3.Error, OSError, PlokedError) as error:
        return [f"Whether daemons that have left still run sweeps cannot be told: {error}"]
    finally:
        ledger.close()


def _sweeps(ledger: Ledger, place: Place, apart_from: int | None) -> dict[int, list[str]]:
    """Return the running sweeps of each process."""
    found: dict[int, list[str]] = {}
    for one in ledger.running_at(place.socket):
        if one.pid != apart_from:
            found.setdefault(one.pid, []).append(one.sweep_id)
    return found


def _still_run(sweeps: Mapping[int, list[str]]) -> list[str]:
    return [
        f"Process {pid}, a daemon that has left, still runs {', '.join(ids)}. To end it at once: kill {pid}"
        for pid, ids in sweeps.items()
    ]


def _ended(ledger: Ledger, place: Place, apart_from: int | None) -> list[str]:
    """Have all end, and wait a little for that."""
    asked = left = _sweeps(ledger, place, apart_from)
    ledger.ask_to_end([sweep_id for ids in asked.values() for sweep_id in ids])
    deadline_s = time.monotonic() + PATIENCE_S
    while left and time.monotonic() < deadline_s:
        time.sleep(PAUSE_S)
        left = _sweeps(ledger, place, apart_from)
    ended = {pid: ids for pid, ids in asked.items() if pid not in left}
    return [
        *(f"Process {pid}, a daemon that had left, has ended {', '.join(ids)}." for pid, ids in ended.items()),
        *_still_run(left),
    ]
