"""Picks, favourites and highlights through the protocol, over restarts and beside a second daemon."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.conftest import Start
from e2e.places import KIMI, Daemon, Home, Json, own_process
from ploked_protocol.errors import UnknownModel

FAMILY = "claude-opus"


async def search(daemon: Daemon, query: str, **more: Any) -> list[Json]:
    answer = await daemon.request("ploked/searchModels", {"query": query, **more})
    return list(answer["rows"])


async def first(daemon: Daemon, query: str = FAMILY) -> str:
    return str((await search(daemon, query, limit=1))[0]["id"])


async def test_what_is_picked_leads_among_equals_also_after_a_restart(start: Start, home: Home) -> None:
    daemon = await start(home)
    ids = [row["id"] for row in await search(daemon, FAMILY)]
    picked = next(id_ for id_ in ids[2:] if ":" not in id_)
    answer = await daemon.request("ploked/recordPick", {"model": picked, "endpoint": "anthropic"})
    assert answer == {"model": picked, "favourite": False}
    assert await first(daemon) == picked
    await daemon.close()
    assert await first(await start(home)) == picked


async def test_favourites_are_marked_and_lead(start: Start, home: Home) -> None:
    daemon = await start(home)
    ids = [row["id"] for row in await search(daemon, FAMILY)]
    liked, picked = ids[3], ids[4]
    await daemon.request("ploked/recordPick", {"model": picked})
    told = await daemon.request("ploked/setFavourite", {"model": liked})
    assert told == {"model": liked, "favourite": True, "changed": True}
    rows = await search(daemon, FAMILY)
    assert [row["id"] for row in rows[:2]] == [liked, picked]
    assert [row.get("favourite", False) for row in rows[:2]] == [True, False]
    told = await daemon.request("ploked/setFavourite", {"model": liked, "favourite": False})
    assert told == {"model": liked, "favourite": False, "changed": True}
    assert await first(daemon) == picked


async def test_the_variant_that_only_steers_counts_for_its_model(daemon: Daemon) -> None:
    assert (await daemon.request("ploked/recordPick", {"model": f"{KIMI}:nitro"}))["model"] == KIMI


async def test_what_does_not_exist_cannot_be_picked_but_can_be_no_favourite(daemon: Daemon) -> None:
    for method in ("ploked/recordPick", "ploked/setFavourite"):
        with pytest.raises(UnknownModel) as refused:
            await daemon.request(method, {"model": KIMI + "x"})
        assert refused.value.data.suggestions[0] == KIMI
    told = await daemon.request("ploked/setFavourite", {"model": "gone/model", "favourite": False})
    assert told["changed"] is False


@own_process
async def test_a_damaged_file_costs_what_it_held_and_nothing_else(start: Start, home: Home) -> None:
    daemon = await start(home)
    before = await first(daemon)
    await daemon.request("ploked/recordPick", {"model": KIMI})
    await daemon.close()
    (file,) = home.cache.rglob("picks.db")
    file.write_bytes(b"not a database " * 1000)
    again = await start(home)
    assert await first(again) == before
    await again.request("ploked/setFavourite", {"model": KIMI})
    assert (await search(again, KIMI, limit=1))[0]["favourite"] is True
    assert file.with_name("picks.db.damaged-1").exists()


async def test_rows_say_where_the_words_stand_when_asked(daemon: Daemon) -> None:
    (row,) = await search(daemon, "kimi k2.5", limit=1, highlight=True)
    assert row["id"] == KIMI
    assert [row["id"][start:end] for start, end in row["matches"]["id"]] == ["kimi", "k2", "5"]
    assert [row["name"][start:end] for start, end in row["matches"]["name"]] == ["Kimi", "K2", "5"]
    assert "matches" not in (await search(daemon, "kimi", limit=1))[0]


async def test_new_models_are_found_once_the_refresh_is_answered(daemon: Daemon, home: Home) -> None:
    refreshed = await daemon.request("ploked/refreshCatalog", {})
    assert {one["outcome"] for one in refreshed["refreshed"]} <= {"updated", "unchanged"}
    assert await first(daemon, KIMI) == KIMI
