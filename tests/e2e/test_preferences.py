"""Preferences: a save is in force at once, a slip costs only itself, and a broken file nothing that was good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.conftest import Start
from e2e.editing import Buffer, text_at
from e2e.places import DEEPSEEK, KIMI, Daemon, Home, Json

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = f"""version = 1

[registry]
global_default_profile = "calm"

[[registry.profiles]]
name = "calm"
params = {{ temperature = 0.1 }}

[[registry.models]]
model = "{KIMI}"
banned_providers = ["novita"]
"""
BROKEN = GOOD.replace('name = "calm"', 'name = "calm')
DIAGNOSTICS = "textDocument/publishDiagnostics"


async def tags(daemon: Daemon, model: str = KIMI) -> list[str]:
    plan = await daemon.request("ploked/routePlan", {"model": model})
    return [endpoint["key"]["tag"] for endpoint in plan["endpoints"]]


async def says(daemon: Daemon, home: Home, text: str) -> None:
    """Save config.toml, and return once the daemon has it in force."""
    status = await daemon.request("ploked/status", {})
    there = home.config.read_text(encoding="utf-8") if home.config.is_file() else None
    if there != text or status["config"]["state"] != "loaded":
        await daemon.saved(home, text)


async def test_a_save_is_told_and_changes_the_next_plan(shared: Daemon, place: Home) -> None:
    await says(shared, place, "version = 1\n")
    before = await tags(shared)
    told = await shared.saved(place, GOOD)
    assert told["changed"] is True
    assert told["config"] == {"path": str(place.config), "state": "loaded", "problems": [], "message": None}
    assert await tags(shared) == [tag for tag in before if tag != "novita"]


@pytest.mark.asyncio(loop_scope="function")  # as `start` is
async def test_who_comes_after_a_save_never_meets_what_was_before(start: Start, upstream: Any, tmp_path: Path) -> None:
    slow_to_see = {"WATCHFILES_FORCE_POLLING": "1"}
    home = Home(tmp_path, upstream.url, slow_to_see, through_daemon=True)
    home.write(GOOD)
    there_before = await start(home)
    for banned in ("phala", "novita", "phala", "novita"):
        home.write(GOOD.replace("novita", banned))
        assert banned not in await tags(await start(home))
        assert banned not in await tags(there_before)


async def test_a_save_by_rename_is_seen_too(shared: Daemon, place: Home) -> None:
    await says(shared, place, GOOD)
    beside = place.config.with_name("config.toml~")
    beside.write_text(GOOD.replace("novita", "phala"), encoding="utf-8")
    since = len(shared.told)
    beside.replace(place.config)
    await shared.until("ploked/preferencesChanged", since=since)
    assert {"novita"} == {"novita", "phala"} & set(await tags(shared))


async def test_a_comment_changes_no_preferences(shared: Daemon, place: Home) -> None:
    await says(shared, place, GOOD)
    told = await shared.saved(place, GOOD + "# a remark\n")
    assert told["changed"] is False


async def test_a_broken_file_keeps_the_last_good_preferences(shared: Daemon, place: Home) -> None:
    await says(shared, place, GOOD)
    before = await tags(shared)
    told = await shared.saved(place, BROKEN)
    assert (told["config"]["state"], told["changed"]) == ("broken", False)
    (problem,) = told["config"]["problems"]
    assert (problem["line"], problem["severity"]) == (7, "error")
    assert problem["column"] > 1
    assert "line 7" in told["config"]["message"]
    assert await tags(shared) == before
    told = await shared.saved(place, GOOD.replace("novita", "phala"))
    assert (told["config"]["state"], told["changed"]) == ("loaded", True)


async def test_problems_of_the_last_good_text_are_not_shown_in_the_broken_one(shared: Daemon, place: Home) -> None:
    await says(shared, place, GOOD.replace("novita", "no-such-provider"))
    told = await shared.saved(place, "[registry\n")
    assert [problem["code"] for problem in told["config"]["problems"]] == ["syntax"]


async def test_a_broken_closed_file_gets_a_diagnostic_and_loses_it_when_mended(shared: Daemon, place: Home) -> None:
    await says(shared, place, GOOD)
    since = len(shared.told)
    await shared.saved(place, BROKEN)
    shown = await shared.until(DIAGNOSTICS, lambda told: told["diagnostics"] != [], since)
    assert shown["uri"] == place.config.as_uri()
    (diagnostic,) = shown["diagnostics"]
    assert diagnostic["range"]["start"]["line"] == 6
    assert (diagnostic["severity"], diagnostic["source"], diagnostic["code"]) == (1, "ploked", "syntax")
    assert "a text is not closed" in diagnostic["message"]
    since = len(shared.told)
    await shared.saved(place, GOOD)
    assert (await shared.until(DIAGNOSTICS, since=since))["diagnostics"] == []


async def test_an_open_file_is_judged_by_its_text_and_not_by_the_disk(shared: Daemon, place: Home) -> None:
    await says(shared, place, GOOD)
    since = len(shared.told)
    buffer = Buffer(shared, place.config, BROKEN)
    shown = await shared.until(DIAGNOSTICS, lambda told: told["diagnostics"] != [], since)
    assert (shown["uri"], shown["version"]) == (buffer.uri, 1)
    since = len(shared.told)
    buffer.type(GOOD)
    shown = await shared.until(DIAGNOSTICS, lambda told: told.get("version") == 2, since)
    assert shown["diagnostics"] == []
    since = len(shared.told)
    buffer.type(BROKEN)
    await shared.until(DIAGNOSTICS, lambda told: told.get("version") == 3, since)
    buffer.close()  # unsaved: what counts again is the file
    await shared.until(DIAGNOSTICS, lambda told: told["diagnostics"] == [] and told.get("version") is None, since)
    assert shared.heard(DIAGNOSTICS)[-1]["diagnostics"] == []


async def test_names_that_nobody_knows_cost_only_themselves(shared: Daemon, place: Home) -> None:
    text = GOOD.replace('["novita"]', '["novita", "depinfra"]').replace('profile = "calm"', 'profile = "clam"')
    text = text.replace("temperature = 0.1", 'temperature = "hot", top_p = 0.5')
    since = len(shared.told)
    told = await shared.saved(place, text)
    codes = {problem["code"]: problem for problem in told["config"]["problems"]}
    assert {"unknownProfile", "unknownProvider"} < codes.keys()
    assert codes["unknownProfile"]["suggestion"] == '"calm"'
    assert codes["unknownProvider"]["suggestion"] == '"deepinfra"'
    shown = await shared.until(DIAGNOSTICS, lambda told: len(told["diagnostics"]) == 3, since)
    marked = {one["code"]: text_at(text, one["range"]).strip('"') for one in shown["diagnostics"]}
    assert (marked["unknownProfile"], marked["unknownProvider"]) == ("clam", "depinfra")
    assert "novita" not in await tags(shared)
    plan = await shared.request("ploked/routePlan", {"model": KIMI, "profile": "calm"})
    assert plan["profile"]["params"] == {"top_p": 0.5}


async def test_a_model_of_another_catalog_costs_only_itself(shared: Daemon, place: Home) -> None:
    text = GOOD + f'\n[[registry.models]]\nmodel = "{DEEPSEEK}x"\nbanned_providers = ["novita"]\n'
    told = await shared.saved(place, text)
    (problem,) = told["config"]["problems"]
    assert (problem["code"], problem["suggestion"]) == ("unknownModel", f'"{DEEPSEEK}"')
    assert "novita" not in await tags(shared)


async def test_a_retired_model_is_told_with_what_took_its_place_once_the_upstream_has_named_it(
    shared: Daemon, place: Home
) -> None:
    since = len(shared.told)
    text = '[[registry.models]]\nmodel = "google/gemini-2.5-pro-exp-03-25"\n'
    await shared.saved(place, f"version = 1\n{text}")
    shown = await shared.until(
        DIAGNOSTICS, lambda told: "retiredModel" in [one["code"] for one in told["diagnostics"]], since
    )
    assert '"google/gemini-2.5-pro" took its place' in shown["diagnostics"][0]["message"]
    (problem,) = (await shared.request("ploked/status", {}))["config"]["problems"]
    assert (problem["code"], problem["suggestion"]) == ("retiredModel", '"google/gemini-2.5-pro"')


async def test_without_the_file_defaults_apply_and_the_daemon_says_so(shared: Daemon, place: Home) -> None:
    await says(shared, place, GOOD)
    since = len(shared.told)
    place.config.unlink()
    told = await shared.until("ploked/preferencesChanged", since=since)
    assert (told["config"]["state"], told["changed"]) == ("absent", True)
    assert "defaults apply" in told["config"]["message"]
    assert "novita" in await tags(shared)
    status = await shared.request("ploked/status", {})
    assert status["config"] == told["config"]


def a_folder(path: Path) -> None:
    path.mkdir()


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


def too_large(path: Path) -> None:
    path.write_bytes(b"#" * (1 << 21))


@pytest.mark.parametrize("spoil", [a_folder, no_text, too_large])
async def test_a_file_that_cannot_be_read_keeps_the_last_good_preferences_and_says_so(
    shared: Daemon, place: Home, spoil: Any
) -> None:
    await says(shared, place, GOOD)
    since = len(shared.told)
    place.config.unlink()
    spoil(place.config)
    told = await shared.until("ploked/preferencesChanged", lambda told: told["config"]["state"] == "unreadable", since)
    assert "The last good preferences stay in force." in told["config"]["message"]
    assert "novita" not in await tags(shared)
    shown = await shared.until(DIAGNOSTICS, lambda told: told["diagnostics"] != [], since)
    assert shown["uri"] == place.config.as_uri()
    assert shown["diagnostics"][0]["message"] == told["config"]["message"]
    place.config.rmdir() if place.config.is_dir() else place.config.unlink()


@pytest.mark.asyncio(loop_scope="function")  # as `start` is
async def test_a_daemon_that_starts_with_a_broken_file_has_defaults_and_says_so(start: Any, home: Home) -> None:
    home.write(BROKEN)
    daemon = await start(home)
    config: Json = (await daemon.request("ploked/status", {}))["config"]
    assert config["state"] == "broken"
    assert "Defaults apply until that is mended." in config["message"]
    shown = await daemon.until(DIAGNOSTICS)
    assert shown["diagnostics"][0]["range"]["start"]["line"] == 6
