"""What preferences do, and what others would: effective values, differences, plans under a text that is not saved."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.conftest import Start
from e2e.editing import EDITS, Buffer
from e2e.places import DEEPSEEK, KIMI, Daemon, Home, Json
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.errors import ConfigNotEditable, InvalidParams, UnknownModel, UnknownProfile

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNSEEN = "z-ai/glm-5.3"
"""Listed, and its endpoints are neither asked for here nor in the bundled snapshot."""

BEFORE = f"""\
version = 1

[registry]
global_default_profile = "calm"

[registry.routing]
sort = "price"
max_price = {{ prompt = 5 }}

[[registry.profiles]]
name = "calm"
params = {{ temperature = 0.1, seed = 7 }}

[[registry.profiles]]
name = "warm"
extends = "calm"
params = {{ temperature = 0.9 }}

[[registry.models]]
model = "{KIMI}"
default_profile = "warm"
banned_providers = [
    "novita",  # slow
    "phala",
]
routing = {{ sort = "latency" }}

[[registry.models]]
model = "{DEEPSEEK}"

[ui]
theme = 'dark'
"""


async def ask(daemon: Daemon, method: str, **params: Any) -> Any:
    return await daemon.request(f"ploked/{method}", params)


async def known(daemon: Daemon, *models: str) -> None:
    """Have the endpoints of some models in memory."""
    for model in models:
        await ask(daemon, "listEndpoints", model=model)


def tags(keys: list[Json]) -> list[str]:
    return [key["tag"] for key in keys]


# effective values


async def test_every_value_in_effect_has_the_place_it_comes_from(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, BEFORE)
    found = await ask(shared, "effectiveProfile", model=KIMI, params={"top_p": 0.5})
    assert found["profile"]["params"] == {"temperature": 0.9, "top_p": 0.5, "seed": 7}
    assert found["chain"] == ["warm", "calm", "default"]
    origins = found["profile"]["origins"]
    assert (origins["seed"]["profile"], origins["seed"]["line"]) == ("calm", 12)
    assert (origins["temperature"]["layer"], origins["temperature"]["line"]) == ("model", 17)
    assert origins["top_p"]["layer"] == "call"
    assert found["routing"]["values"] == {"sort": "latency", "max_price": {"prompt": 5.0}}
    assert found["routing"]["origins"]["sort"]["key"] == "registry.models[0].routing.sort"
    assert found["routing"]["origins"]["max_price.prompt"]["line"] == 8


async def test_without_a_model_the_global_values_are_in_effect(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, BEFORE)
    found = await ask(shared, "effectiveProfile", profile="warm")
    assert (found["profile"]["name"], found["routing"]["values"]["sort"]) == ("warm", "price")


async def test_effective_values_of_an_unsaved_text_stand_in_its_lines(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, BEFORE)
    text = "\n\n" + BEFORE.replace("seed = 7", "seed = 8")
    found = await ask(shared, "effectiveProfile", model=KIMI, configText=text)
    assert (found["profile"]["params"]["seed"], found["profile"]["origins"]["seed"]["line"]) == (8, 14)


async def test_parameters_that_no_endpoint_takes_are_warned_about(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, BEFORE)
    await known(shared, KIMI)
    found = await ask(shared, "effectiveProfile", model=KIMI, params={"top_a": 0.5, "temperature": 1})
    assert [(one["code"], "top_a" in one["message"]) for one in found["warnings"]] == [("parameterUnsupported", True)]


@pytest.mark.parametrize(
    ("params", "error"), [({"model": "no/such"}, UnknownModel), ({"profile": "no such"}, UnknownProfile)]
)
async def test_effective_values_of_what_is_not_there(
    shared: Daemon, place: Home, params: Json, error: type[Exception]
) -> None:
    await shared.obeys(place, BEFORE)
    with pytest.raises(error):
        await ask(shared, "effectiveProfile", **params)


# differences


async def test_a_difference_names_what_each_model_gains_and_loses(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, BEFORE)
    await known(shared, KIMI, DEEPSEEK)
    text = BEFORE.replace('    "phala",\n', '    "fireworks",\n') + '\n[[registry.models]]\nmodel = "no/such"\n'
    found = await ask(shared, "preferencesDiff", configText=text)
    kimi, deepseek, unknown = found["models"]
    assert (kimi["changed"], tags(kimi["gained"]), tags(kimi["lost"])) == (True, ["phala"], ["fireworks"])
    assert kimi["before"]["eligible"] == kimi["after"]["eligible"] < kimi["before"]["total"] == 12
    assert float(kimi["before"]["lowestPromptPer1m"]) > 0
    assert (deepseek["changed"], deepseek["gained"], deepseek["lost"]) == (False, [], [])
    assert deepseek["before"] == deepseek["after"]
    assert (unknown["known"], unknown["changed"]) == (False, False)
    assert "not known" in unknown["message"]
    assert "unknownModel" in [problem["code"] for problem in found["problems"]]
    assert found["message"].startswith("1 of 3 models change")


async def test_a_difference_tells_of_a_request_that_differs_with_the_same_endpoints(
    shared: Daemon, place: Home
) -> None:
    await shared.obeys(place, BEFORE)
    await known(shared, KIMI, DEEPSEEK)
    found = await ask(shared, "preferencesDiff", configText=BEFORE.replace("seed = 7", "seed = 8"))
    assert [(one["changed"], one["gained"], one["lost"]) for one in found["models"]] == [(True, [], [])] * 2


async def test_of_a_broken_text_nothing_differs_and_the_problem_is_told(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, BEFORE)
    found = await ask(shared, "preferencesDiff", configText=BEFORE + "[ui\n")
    assert [one["changed"] for one in found["models"]] == [False, False]
    assert [problem["code"] for problem in found["problems"]] == ["syntax"]
    assert "cannot be read" in found["message"]


async def test_nothing_is_fetched_for_a_difference(shared: Daemon, place: Home, upstream: UpstreamProcess) -> None:
    await shared.obeys(place, BEFORE)
    since = len(upstream.log)
    found = await ask(shared, "preferencesDiff", configText=f'{BEFORE}[[registry.models]]\nmodel = "{UNSEEN}"\n')
    assert [one["known"] for one in found["models"]][2:] == [False]
    assert not [request for request in upstream.log[since:] if "/endpoints" in request["path"]]


# plans


async def test_a_plan_under_an_unsaved_text_uses_its_preferences_and_tells_its_problems(
    shared: Daemon, place: Home
) -> None:
    await shared.obeys(place, BEFORE)
    text = BEFORE.replace('    "phala",\n', '    "phalla",\n')
    saved, typed = [await ask(shared, "routePlan", model=KIMI, **more) for more in ({}, {"configText": text})]
    assert saved["problems"] == []
    assert [problem["code"] for problem in typed["problems"]] == ["unknownProvider"]
    gained = {each["key"]["tag"] for each in typed["endpoints"]} - {each["key"]["tag"] for each in saved["endpoints"]}
    assert gained == {"phala"}


async def test_a_plan_under_a_broken_text_is_that_of_the_preferences_in_force(shared: Daemon, place: Home) -> None:
    await shared.obeys(place, BEFORE)
    saved, typed = [await ask(shared, "routePlan", model=KIMI, **more) for more in ({}, {"configText": BEFORE + "x ="})]
    assert [problem["code"] for problem in typed["problems"]] == ["syntax"]
    assert typed["endpoints"] == saved["endpoints"]


# edits


@pytest.mark.parametrize("head", ["registry.models[0]", f'registry.models["{KIMI}"]'])
async def test_edits_are_made_together_and_no_other_byte_changes(shared: Daemon, place: Home, head: str) -> None:
    await shared.obeys(place, BEFORE + "# again\n")
    edits = [
        {"verb": "remove", "path": f"{head}.banned_providers", "value": "phala"},
        {"verb": "set", "path": "registry.routing.max_price.prompt", "value": "0.45"},
    ]
    edited = await ask(shared, "editPreferences", edits=edits)
    assert (edited["changed"], edited["via"]) == (True, "disk")
    after = BEFORE.replace('    "phala",\n', "").replace("prompt = 5", "prompt = 0.45") + "# again\n"
    assert place.config.read_text(encoding="utf-8") == after
    assert (await ask(shared, "editPreferences", edits=edits))["changed"] is False


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        ({"verb": "remove", "path": "selectedEndpoints of the call"}, InvalidParams),
        ({"verb": "set", "path": "registry.routing.zdr", "value": "maybe"}, InvalidParams),
        ({"verb": "set", "path": "registry.models[9].default_profile", "value": "x"}, ConfigNotEditable),
        ({"verb": "add", "path": 'registry.models["no/such"].banned_providers', "value": "x"}, UnknownModel),
    ],
)
async def test_one_edit_that_cannot_be_made_keeps_all_others_back(
    shared: Daemon, place: Home, edit: Json, error: type[Exception]
) -> None:
    await shared.obeys(place, BEFORE)
    good = {"verb": "set", "path": "registry.allow_down", "value": "true"}
    with pytest.raises(error):
        await ask(shared, "editPreferences", edits=[good, edit])
    assert place.config.read_text(encoding="utf-8") == BEFORE


async def test_edits_of_an_open_file_are_made_in_the_editor_as_one(join: Start, place: Home) -> None:
    place.write("version = 1\n")
    daemon = await join(place, EDITS)
    buffer = Buffer(daemon, place.config, BEFORE)
    edits = [
        {"verb": "remove", "path": "registry.models[0].banned_providers", "value": "novita"},
        {"verb": "add", "path": "registry.models[1].routing.only", "value": "deepinfra"},
    ]
    edited = await ask(daemon, "editPreferences", edits=edits)
    assert (edited["changed"], edited["via"], buffer.version) == (True, "editor", 2)
    kept = BEFORE.replace('    "novita",  # slow\n', "    # slow\n")
    added = f'model = "{DEEPSEEK}"\n'
    assert buffer.text == kept.replace(added, f'{added}routing = {{ only = ["deepinfra"] }}\n')


@pytest.mark.parametrize("unsaved", [False, True], ids=["plan of the file", "plan of the buffer"])
async def test_an_edit_finds_its_model_in_an_open_file_that_has_moved_on(
    join: Start, place: Home, unsaved: bool
) -> None:
    place.write(BEFORE)
    daemon = await join(place, EDITS)
    moved = BEFORE.replace("[[registry.models]]", f'[[registry.models]]\nmodel = "{UNSEEN}"\n\n[[registry.models]]', 1)
    buffer = Buffer(daemon, place.config, moved)
    index, more = (1, {"configText": moved}) if unsaved else (0, {})
    edit = {"verb": "remove", "path": f"registry.models[{index}].banned_providers", "value": "phala"}
    await ask(daemon, "editPreferences", edits=[edit], **more)
    assert buffer.text == moved.replace('    "phala",\n', "")


async def test_each_relaxation_brings_back_what_it_promises_once_it_is_applied(shared: Daemon, place: Home) -> None:
    before = BEFORE.replace('"phala",\n', '"phala",\n    "deepinfra",\n').replace("prompt = 5", "prompt = 0.3")
    await shared.obeys(place, before)
    plan = await ask(shared, "routePlan", model=KIMI)
    applicable = [each for each in plan["relaxations"] if each["applicable"]]
    assert applicable
    kept = {each["key"]["tag"] for each in plan["endpoints"]}
    for relaxation in applicable:
        await shared.obeys(place, before)
        since = len(shared.told)
        await ask(shared, "editPreferences", edits=relaxation["edits"])
        await shared.until("ploked/preferencesChanged", since=since)
        again = await ask(shared, "routePlan", model=KIMI)
        assert {each["key"]["tag"] for each in again["endpoints"]} - kept == set(tags(relaxation["bringsBack"]))
