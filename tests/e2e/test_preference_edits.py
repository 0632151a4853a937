"""Edits of config.toml: on disk where the file is closed, in the editor where it is open; no other byte changes."""

from __future__ import annotations

import asyncio
import tomllib
from typing import Any

import pytest
from e2e.conftest import Start
from e2e.editing import EDITS, PLAIN_EDITS, Buffer
from e2e.places import KIMI, Daemon, Home, Json
from ploked_protocol.errors import ConfigNotEditable, InvalidParams, UnknownModel, UnknownProfile

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOTH_WAYS = True

BEFORE = f"""# Größe 😀 of things\r
version = 1

[ui]            # of another program
theme = 'dark'

[registry]
strictness = "AllowCustom"      # keep

[[registry.profiles]]
  name   = "calm"   # 😀 spaced as I like
  params = {{ temperature = 0.1 }}

[[registry.models]]
model = "{KIMI}"  # the one
selected_endpoints = [
    "novita",  # fast
]

[last]
x = [1,2,
 3]
"""
SAVED: list[tuple[str, Json, str, str]] = [
    (
        "setDefaultProfile", {"name": "calm"},
        'strictness = "AllowCustom"      # keep\n',
        'strictness = "AllowCustom"      # keep\nglobal_default_profile = "calm"\n',
    ),
    (
        "setDefaultProfile", {"name": "calm", "model": KIMI},
        '    "novita",  # fast\n]\n',
        '    "novita",  # fast\n]\ndefault_profile = "calm"\n',
    ),
    (
        "saveProfile", {"name": "calm", "params": {"temperature": 0.2}},
        "params = { temperature = 0.1 }",
        "params = { temperature = 0.2 }",
    ),
    (
        "selectEndpoints", {"model": KIMI, "endpoints": ["novita", "deepinfra/fp4"]},
        '    "novita",  # fast\n',
        '    "novita",  # fast\n    "deepinfra/fp4",\n',
    ),
    (
        "deleteProfile", {"name": "calm"},
        '[[registry.profiles]]\n  name   = "calm"   # 😀 spaced as I like\n  params = { temperature = 0.1 }\n\n', "",
    ),
]  # fmt: skip


async def says(daemon: Daemon, home: Home, text: str) -> None:
    """Save config.toml byte for byte, and return once the daemon has read it."""
    await daemon.saved(home, "version = 1\n# something else\n")
    since = len(daemon.told)
    home.config.write_bytes(text.encode())
    await daemon.until("ploked/preferencesChanged", since=since)


async def edit(daemon: Daemon, method: str, params: Json) -> Any:
    return await daemon.request(f"ploked/{method}", params)


def on_disk(home: Home) -> str:
    return home.config.read_bytes().decode()


@pytest.mark.parametrize(("method", "params", "old", "new"), SAVED)
async def test_an_edit_on_disk_changes_its_own_bytes_and_no_others(
    shared: Daemon, place: Home, method: str, params: Json, old: str, new: str
) -> None:
    await says(shared, place, BEFORE)
    edited = await edit(shared, method, params)
    assert edited == {
        "changed": True, "via": "disk", "path": str(place.config), "message": f"Saved {place.config}.",
        "editor": None,
    }  # fmt: skip
    assert on_disk(place) == BEFORE.replace(old, new)


@pytest.mark.parametrize("capabilities", [EDITS, PLAIN_EDITS], ids=["versioned", "plain"])
async def test_an_edit_of_an_open_file_is_made_in_the_editor(join: Start, place: Home, capabilities: Json) -> None:
    place.write("version = 1\n")
    daemon = await join(place, capabilities)
    for method, params, old, new in SAVED:
        buffer = Buffer(daemon, place.config, BEFORE)
        edited = await edit(daemon, method, params)
        assert (edited["changed"], edited["via"]) == (True, "editor")
        assert "save the file to apply it" in edited["message"]
        assert buffer.text == BEFORE.replace(old, new)
        assert on_disk(place) == "version = 1\n"
        assert (await edit(daemon, method, params))["changed"] is False if method != "deleteProfile" else True
        buffer.close()


async def test_an_edit_in_the_editor_is_in_force_once_it_is_saved(join: Start, place: Home) -> None:
    place.write(BEFORE)
    daemon = await join(place, EDITS)
    buffer = Buffer(daemon, place.config, BEFORE)
    await edit(daemon, "selectEndpoints", {"model": KIMI, "endpoints": ["phala"]})
    assert await selected(daemon) == ["novita"]
    since = len(daemon.told)
    buffer.save()
    while await selected(daemon) != ["phala"]:  # it may have been told of the file as it was before, too
        await daemon.until("ploked/preferencesChanged", since=since)
        since = len(daemon.told)


async def selected(daemon: Daemon) -> Any:
    return (await daemon.request("ploked/listEndpoints", {"model": KIMI}))["selected"]


async def test_a_profile_that_is_not_saved_yet_can_be_made_the_default(join: Start, place: Home) -> None:
    place.write("version = 1\n")
    daemon = await join(place, EDITS)
    buffer = Buffer(daemon, place.config, "version = 1\n")
    await edit(daemon, "saveProfile", {"name": "new", "params": {"seed": 7}})
    assert (await edit(daemon, "setDefaultProfile", {"name": "new"}))["via"] == "editor"
    registry = tomllib.loads(buffer.text)["registry"]
    assert registry["global_default_profile"] == registry["profiles"][0]["name"] == "new"


async def test_a_file_whose_name_is_escaped_in_its_uri_is_open_all_the_same(
    shared: Daemon, join: Start, tmp_path: Any, upstream: Any
) -> None:
    home = Home(tmp_path / "a b # é", upstream.url)
    home.write("version = 1\n")
    daemon = await join(home, EDITS)
    buffer = Buffer(daemon, home.config, "version = 1\n")
    assert "%20" in buffer.uri
    assert (await edit(daemon, "saveProfile", {"name": "x", "params": {"seed": 1}}))["via"] == "editor"
    since = len(daemon.told)
    buffer.type("[registry\n")
    shown = await daemon.until(
        "textDocument/publishDiagnostics", lambda told: told.get("version") == buffer.version, since
    )
    assert (shown["uri"], len(shown["diagnostics"])) == (buffer.uri, 1)


async def test_edits_at_the_same_time_are_all_kept(shared: Daemon, place: Home) -> None:
    await says(shared, place, BEFORE)
    saves = [edit(shared, "saveProfile", {"name": f"p{n}", "params": {"seed": n}}) for n in range(12)]
    assert all(one["changed"] for one in await asyncio.gather(*saves))
    kept = {profile["name"] for profile in tomllib.loads(on_disk(place))["registry"]["profiles"]}
    assert kept == {"calm", *(f"p{n}" for n in range(12))}


async def test_the_first_edit_makes_the_file(shared: Daemon, place: Home) -> None:
    await says(shared, place, BEFORE)
    since = len(shared.told)
    place.config.unlink()
    await shared.until("ploked/preferencesChanged", since=since)
    await edit(shared, "saveProfile", {"name": "calm", "params": {"temperature": 0.1}, "setDefault": True})
    assert tomllib.loads(on_disk(place)) == {
        "version": 1,
        "registry": {
            "global_default_profile": "calm",
            "profiles": [{"name": "calm", "params": {"temperature": 0.1}}],
        },
    }


async def test_doing_an_edit_twice_changes_nothing_the_second_time(shared: Daemon, place: Home) -> None:
    await says(shared, place, BEFORE)
    params = {"model": KIMI, "endpoints": ["novita"]}
    edited = await edit(shared, "selectEndpoints", params)
    assert (edited["changed"], on_disk(place)) == (False, BEFORE)


async def test_a_broken_file_is_left_alone(shared: Daemon, place: Home) -> None:
    broken = BEFORE.replace("[last]", "[last")
    await says(shared, place, broken)
    with pytest.raises(ConfigNotEditable) as raised:
        await edit(shared, "saveProfile", {"name": "x", "params": {"seed": 1}})
    assert raised.value.data.next_step
    assert on_disk(place) == broken


async def test_a_profile_that_nobody_knows_is_refused_with_those_there_are(shared: Daemon, place: Home) -> None:
    await says(shared, place, BEFORE)
    for method in ("setDefaultProfile", "deleteProfile"):
        with pytest.raises(UnknownProfile) as raised:
            await edit(shared, method, {"name": "clam"})
        assert raised.value.data.suggestions == ["calm", "default"]
    with pytest.raises(UnknownProfile):
        await shared.request("ploked/routePlan", {"model": KIMI, "profile": "clam"})
    assert on_disk(place) == BEFORE


async def test_only_a_profile_of_the_file_and_the_place_named_is_deleted(shared: Daemon, place: Home) -> None:
    await says(shared, place, BEFORE)
    with pytest.raises(UnknownProfile, match="built in"):
        await edit(shared, "deleteProfile", {"name": "default"})
    with pytest.raises(UnknownProfile, match="global"):
        await edit(shared, "deleteProfile", {"name": "calm", "model": KIMI})
    assert on_disk(place) == BEFORE


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("selectEndpoints", {"endpoints": ["novita"]}),
        ("saveProfile", {"name": "x", "params": {"seed": 1}}),
        ("setDefaultProfile", {"name": "calm"}),
    ],
)
async def test_nothing_is_written_for_a_model_that_nobody_knows(
    shared: Daemon, place: Home, method: str, params: Json
) -> None:
    await says(shared, place, BEFORE)
    with pytest.raises(UnknownModel) as raised:
        await edit(shared, method, {**params, "model": f"{KIMI}x"})
    assert KIMI in raised.value.data.suggestions
    assert on_disk(place) == BEFORE


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"name": "x", "params": {"temperature": 9}}, "$.params.temperature"),
        ({"name": "x", "params": {"heat": 1}}, "$.params"),
        ({"name": " ", "params": {"seed": 1}}, "$.name"),
        ({"name": "x", "sweepId": "sweep-1"}, "$.requestId"),
        ({"name": "x", "requestId": "r"}, "$.sweepId"),
        ({}, "$"),
    ],
)
async def test_params_that_make_no_profile_are_refused_with_their_path(
    shared: Daemon, place: Home, params: Json, path: str
) -> None:
    await says(shared, place, BEFORE)
    with pytest.raises(InvalidParams) as raised:
        await edit(shared, "saveProfile", params)
    assert raised.value.data.path == path
    assert on_disk(place) == BEFORE


async def test_profiles_are_listed_with_where_they_apply_and_which_is_the_default(shared: Daemon, place: Home) -> None:
    await says(shared, place, BEFORE)
    await edit(shared, "saveProfile", {"name": "own", "params": {"seed": 1}, "model": KIMI, "setDefault": True})
    listed = await edit(shared, "listProfiles", {"model": KIMI})
    assert [(one["profile"]["name"], one["scope"], one["isDefault"]) for one in listed["profiles"]] == [
        ("own", "model", True), ("calm", "global", False), ("default", "built-in", False)
    ]  # fmt: skip
    assert [one["scope"] for one in (await edit(shared, "listProfiles", {}))["profiles"]] == ["global", "built-in"]
