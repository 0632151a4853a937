"""A daemon that finds its cache damaged, foreign, locked or closed to it starts all the same, and answers."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chaos.test_store import cut, flipped_page, garbage
from e2e.places import KIMI, Home, RawDaemon, own_process
from ploked_fixtures.serve import UpstreamProcess

pytestmark = own_process


def newer_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE models SET schema_version = schema_version + 1")
        db.execute("UPDATE endpoints SET schema_version = schema_version + 1")


def other_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE models")
        db.execute("CREATE TABLE models (name TEXT)")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield


PUT_ASIDE: list[Callable[[Path], None]] = [garbage, cut, flipped_page, other_tables]
"""`test_store` has more kinds; here the whole daemon starts on them."""
LET_BE: list[Callable[[Path], None]] = [newer_schema, folder]


@pytest_asyncio.fixture
async def used(home: Home, upstream: UpstreamProcess) -> Home:
    """Give a home in which a daemon has run, whose upstream does not answer any more."""
    daemon = await RawDaemon.at(home)
    await daemon.initialize()
    await daemon.result("ploked/listEndpoints", {"model": KIMI})
    await daemon.result("ploked/refreshCatalog", {})
    daemon.notify("exit")
    await daemon.leave()
    upstream.faults.add("503")
    return home


async def answers(home: Home, what: str) -> tuple[Any, str]:
    """Start a daemon; return its model list and its stderr. `pytest -rP` shows how long the first answer took."""
    began_s = time.monotonic()
    daemon = await RawDaemon.at(home)
    await daemon.initialize()
    found = await daemon.result("ploked/searchModels", {"query": "kimi"})
    sys.stdout.write(f"{what}: first answer after {time.monotonic() - began_s:.2f} s\n")
    assert len((await daemon.result("ploked/listEndpoints", {"model": KIMI}))["endpoints"]) == 12
    daemon.notify("exit")
    return found, (await daemon.leave())[1]


def the_file(home: Home) -> Path:
    (path,) = home.cache.glob("catalog*.db")
    return path


async def test_a_whole_cache_is_what_is_answered_from(used: Home) -> None:
    found, errors = await answers(used, "whole")
    assert (found["total"] > 0, found["freshness"]["source"], errors) == (True, "openrouter", "")


@pytest.mark.parametrize("damage", PUT_ASIDE)
async def test_a_damaged_cache_is_put_aside_with_one_warning(used: Home, damage: Callable[[Path], None]) -> None:
    path = the_file(used)
    damage(path)
    found, errors = await answers(used, damage.__name__)
    assert found["total"] > 0
    assert found["freshness"]["source"].startswith("snapshot")
    assert len([line for line in errors.splitlines() if "was damaged" in line]) == 1
    assert [each.name for each in path.parent.glob("*damaged*")] == [f"{path.name}.damaged-1"]


@pytest.mark.parametrize("change", LET_BE)
async def test_a_cache_that_cannot_be_used_is_let_be(used: Home, change: Callable[[Path], None]) -> None:
    change(the_file(used))
    found, _ = await answers(used, change.__name__)
    assert found["total"] > 0
    assert list(used.cache.glob("*damaged*")) == []


async def test_a_cache_that_another_keeps_locked_is_passed_over(used: Home) -> None:
    with locked(the_file(used)):
        found, _ = await answers(used, "locked")
    assert found["total"] > 0
    assert list(used.cache.glob("*damaged*")) == []


async def test_without_the_whole_folder_it_starts_anew(used: Home) -> None:
    shutil.rmtree(used.cache)
    found, _ = await answers(used, "none")
    assert found["freshness"]["source"].startswith("snapshot")
