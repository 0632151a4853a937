"""Killed at any moment of its work, the daemon leaves whole files, and in them all that it has acknowledged."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import tomllib
from collections.abc import Callable, Coroutine
from contextlib import closing, suppress
from typing import Any

import pytest
from e2e.places import KIMI, Daemon, Home, own_process
from e2e.sweeping import HEAT, PAIR
from ploked_fixtures.serve import UpstreamProcess

pytestmark = own_process  # it is this process that is killed; `daemon/test_recovery` kills the shared one

KILLS = int(os.environ.get("PLOKED_KILLS", "4"))
"""The promise is about 200."""
LONGEST_S = 0.6
CONFIG = """# Größe 😀 of things\r
version = 1

[ui]            # of another program
theme = 'dark'

[registry]
strictness = "AllowCustom"      # keep
"""


class Busy:
    """One daemon that is kept busy until it is killed; `acknowledged` edits and favourites must outlive it."""

    def __init__(self, daemon: Daemon, begin: int) -> None:
        self.daemon = daemon
        self.begin = begin
        self.saved: set[str] = set()
        self.asked: set[str] = set()
        self.favourites: dict[str, bool] = {}

    async def until_killed_after(self, seconds: float) -> None:
        """Do everything at once, over and over; kill the daemon after some time."""
        works = [self._edit, self._refresh, self._expand, self._pick, self._sweep]
        tasks = [asyncio.ensure_future(self._on(work)) for work in works]
        await asyncio.sleep(seconds)
        assert self.daemon.process is not None
        self.daemon.process.kill()
        await self.daemon.process.wait()
        await asyncio.wait_for(asyncio.gather(*tasks), 15)

    async def _on(self, work: Callable[[int], Coroutine[Any, Any, None]]) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, EOFError):
            for number in range(self.begin, self.begin + 10_000):
                await work(number)

    async def _edit(self, number: int) -> None:
        name = f"p{number}"
        self.asked.add(name)
        await self.daemon.request("ploked/saveProfile", {"name": name, "params": {"temperature": 0.5}})
        self.saved.add(name)

    async def _refresh(self, _number: int) -> None:
        await self.daemon.request("ploked/refreshCatalog", {})

    async def _expand(self, _number: int) -> None:
        await self.daemon.request("ploked/refreshCatalog", {"model": KIMI})

    async def _pick(self, number: int) -> None:
        wanted = number % 2 == 0
        self.favourites.pop(KIMI, None)
        await self.daemon.request("ploked/setFavourite", {"model": KIMI, "favourite": wanted})
        self.favourites[KIMI] = wanted
        await asyncio.sleep(0.01)

    async def _sweep(self, _number: int) -> None:
        asked = {"model": KIMI, "selectedEndpoints": PAIR, "prompt": "x", "grid": [HEAT]}
        launched = {"sweepId": (await self.daemon.request("ploked/launchSweep", asked))["sweepId"]}
        while (await self.daemon.request("ploked/sweepResults", launched))["state"] == "running":
            await asyncio.sleep(0.01)


def whole_databases(home: Home) -> list[str]:
    """Return the names of the databases, after SQLite has looked at every page of each."""
    found = sorted(home.cache.glob("*.db"))
    for path in found:
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path
    return [path.name.partition("-")[0].removesuffix(".db") for path in found]


def generations(home: Home, table: str) -> list[tuple[int, int]]:
    """Return for each time of refreshing how many rows are of it."""
    (path,) = home.cache.glob("catalog*.db")
    with closing(sqlite3.connect(path)) as db:
        query = f"SELECT last_refreshed_s, count(*) FROM {table} GROUP BY last_refreshed_s"
        return db.execute(query).fetchall()


@pytest.mark.timeout(60 + 10 * KILLS)
async def test_a_kill_at_any_moment_costs_nothing_that_was_acknowledged(home: Home, upstream: UpstreamProcess) -> None:
    chance = random.Random(5)
    home.write(CONFIG)
    names: set[str] = set()
    acknowledged = 0
    for kill in range(KILLS):
        daemon = await Daemon.at(home)
        assert (await daemon.request("ploked/status", {}))["config"]["state"] == "loaded"
        busy = Busy(daemon, begin=kill * 10_000)
        await busy.until_killed_after(chance.uniform(0, LONGEST_S))

        text = home.config.read_bytes().decode()
        assert text.startswith(CONFIG.rstrip())
        now = {profile["name"] for profile in tomllib.loads(text).get("registry", {}).get("profiles", [])}
        assert names | busy.saved <= now <= names | busy.asked
        names, acknowledged = now, acknowledged + len(busy.saved)
        assert set(whole_databases(home)) >= {"catalog"}
        assert [count for _, count in generations(home, "models")] == [455]
        assert len(generations(home, "providers")) == 1
        await _favourites_are(home, busy)
        if kill % 10 == 9 and names:  # a file that grows without end would make the edits slow
            home.write(CONFIG)
            names = set()
    assert acknowledged > KILLS
    assert list(home.cache.glob("*damaged*")) == []
    last = await Daemon.at(home)
    await last.request("ploked/saveProfile", {"name": "last"})
    await last.close()
    assert [path.name for path in home.config.parent.iterdir()] == ["config.toml"]


async def _favourites_are(home: Home, busy: Busy) -> None:
    """See that what was acknowledged last is what the file of picks says."""
    path = home.cache / "picks.db"
    if busy.favourites and path.exists():
        with closing(sqlite3.connect(path)) as db:
            rows = db.execute("SELECT model FROM favourites").fetchall()
        assert ((KIMI,) in rows) is busy.favourites[KIMI]
