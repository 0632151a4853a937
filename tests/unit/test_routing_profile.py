"""Which parameters are in effect, value by value, and where each one was written."""

from __future__ import annotations

from typing import Any

import pytest
from ploked.preferences.load import load
from ploked.routing import find_profile, list_profiles, resolve_profile
from ploked.routing.profile import layers
from ploked_protocol.errors import UnknownProfile
from ploked_protocol.preferences import LLMParameters, Origin, RegistryPrefs, ResolvedProfile
from routing_cases import KIMI, plan_of, prefs_of

CONFIG = """\
version = 1

[registry]
global_default_profile = "balanced"

[[registry.profiles]]
name = "balanced"
params = { temperature = 0.7, top_p = 0.95, seed = 7 }

[[registry.profiles]]
name = "precise"
params = { temperature = 0.1 }

[[registry.models]]
model = "moonshotai/kimi-k2"
default_profile = "creative"

[[registry.models.profiles]]
name = "creative"
params = { temperature = 0.9, top_k = 40 }

[[registry.models]]
model = "z-ai/glm-4.6"
default_profile = "precise"
"""


def resolved(name: str | None = None, *, model: str = KIMI, text: str = CONFIG, **params: Any) -> ResolvedProfile:
    return resolve_profile(prefs_of(text), model, name, LLMParameters(**params), load(text, "/home/me/config.toml"))


def test_without_any_profile_nothing_is_set() -> None:
    found = resolve_profile(RegistryPrefs(), KIMI, None, LLMParameters())
    assert found == ResolvedProfile(name="default", params={}, origins={})


def test_the_layers_fill_each_other_value_by_value() -> None:
    found = resolved(temperature=0.0)
    assert found.name == "creative"
    assert found.params == {"temperature": 0.0, "top_p": 0.95, "top_k": 40, "seed": 7}
    assert {name: origin.layer for name, origin in found.origins.items()} == {
        "temperature": "call",
        "top_p": "global",
        "top_k": "model",
        "seed": "global",
    }


def test_every_value_says_where_it_is_written() -> None:
    origins = resolved(temperature=0.0).origins
    at: dict[str, Any] = {"file": "/home/me/config.toml", "profile": "creative", "layer": "model"}
    assert origins["temperature"] == Origin(layer="call")
    assert origins["top_k"] == Origin(key="registry.models[0].profiles[0].params.top_k", line=20, **at)
    assert origins["seed"].key == "registry.profiles[0].params.seed"
    assert origins["seed"].line == 8


def test_a_profile_named_in_the_call_replaces_the_models_default_and_the_global_one_fills_the_gaps() -> None:
    found = resolved("precise")
    assert found.name == "precise"
    assert found.params == {"temperature": 0.1, "top_p": 0.95, "seed": 7}
    assert found.origins["temperature"].layer == "call"
    assert found.origins["temperature"].key == "registry.profiles[1].params.temperature"


def test_a_models_own_profile_hides_a_global_one_of_its_name() -> None:
    text = CONFIG.replace('name = "creative"', 'name = "precise"')
    assert resolved("precise", text=text).params["temperature"] == 0.9
    assert resolved("precise", text=text, model="z-ai/glm-4.6").params["temperature"] == 0.1


def test_a_model_may_default_to_a_global_profile() -> None:
    found = resolved(model="z-ai/glm-4.6")
    assert found.origins["temperature"].layer == "model"
    assert found.origins["temperature"].key == "registry.profiles[1].params.temperature"


@pytest.mark.parametrize("asked", [f"{KIMI}:nitro", f"{KIMI}@preset/mine"])
def test_a_virtual_variant_and_a_preset_share_the_preferences_of_their_model(asked: str) -> None:
    assert resolved(model=asked).name == "creative"


def test_a_variant_with_endpoints_of_its_own_does_not() -> None:
    assert resolved(model=f"{KIMI}:free").name == "balanced"


def test_an_unknown_name_in_the_call_is_refused_with_all_names_closest_first() -> None:
    with pytest.raises(UnknownProfile) as caught:
        resolved("Precize")
    assert caught.value.data.suggestions == ["precise", "creative", "default", "balanced"]
    assert "Precize" in caught.value.message


def test_the_rejected_name_is_never_suggested() -> None:
    with pytest.raises(UnknownProfile) as caught:
        find_profile(prefs_of(CONFIG), "z-ai/glm-4.6", "creative")
    assert "creative" not in caught.value.data.suggestions


def test_an_unknown_default_is_passed_over_and_the_plan_says_so() -> None:
    text = CONFIG.replace('default_profile = "creative"', 'default_profile = "creativ"')
    assert resolved(text=text).name == "balanced"
    assert plan_of(text).message == "The default profile 'creativ' (model) does not exist and is passed over."


def test_the_list_holds_the_models_own_profiles_first_and_marks_the_one_in_force() -> None:
    listed = list_profiles(prefs_of(CONFIG), KIMI)
    assert [(each.profile.name, each.scope, each.is_default) for each in listed] == [
        ("creative", "model", True),
        ("balanced", "global", False),
        ("precise", "global", False),
        ("default", "built-in", False),
    ]


def test_without_a_model_the_list_holds_what_every_model_can_use() -> None:
    listed = list_profiles(prefs_of(CONFIG), None)
    assert [(each.profile.name, each.is_default) for each in listed] == [
        ("balanced", True),
        ("precise", False),
        ("default", False),
    ]


# parents

FAMILY = """\
[registry]
global_default_profile = "child"
[[registry.profiles]]
name = "child"
extends = "parent"
params = { temperature = 0.1 }
[[registry.profiles]]
name = "parent"
extends = "grandparent"
params = { temperature = 0.5, top_p = 0.5 }
[[registry.profiles]]
name = "grandparent"
params = { temperature = 0.9, top_p = 0.9, seed = 9 }
"""


def test_a_profile_takes_what_it_does_not_set_from_its_parent_and_that_from_its_own() -> None:
    found = resolved(text=FAMILY)
    assert (found.name, found.params) == ("child", {"temperature": 0.1, "top_p": 0.5, "seed": 9})
    assert {name: (each.profile, each.line) for name, each in found.origins.items()} == {
        "temperature": ("child", 6),
        "top_p": ("parent", 10),
        "seed": ("grandparent", 13),
    }
    in_force = layers(prefs_of(FAMILY), KIMI, None, LLMParameters())
    assert in_force.profiles == ["child", "parent", "grandparent", "default"]


def test_parents_of_a_models_profile_stand_above_the_global_default() -> None:
    text = FAMILY.replace('"child"\n[[', '"grandparent"\n[[') + (
        f'[[registry.models]]\nmodel = "{KIMI}"\ndefault_profile = "own"\n'
        'profiles = [{ name = "own", extends = "parent", params = { top_k = 1 } }]\n'
    )
    found = resolved(text=text)
    assert found.params == {"temperature": 0.5, "top_p": 0.5, "top_k": 1, "seed": 9}
    assert found.origins["temperature"].layer == "model"


def test_a_models_profile_may_extend_the_global_one_of_its_name() -> None:
    own = f'[[registry.models]]\nmodel = "{KIMI}"\nprofiles = [{{ name = "parent", extends = "parent" }}]\n'
    found = layers(prefs_of(FAMILY + own), KIMI, "parent", LLMParameters())
    assert found.profiles[:3] == ["parent", "parent", "grandparent"]
    assert found.ignored == ()


def test_profiles_that_extend_each_other_are_cut_where_the_circle_closes() -> None:
    text = FAMILY.replace('name = "grandparent"\n', 'name = "grandparent"\nextends = "parent"\n')
    found = plan_of(text)
    assert found.profile.params == {"temperature": 0.1, "top_p": 0.5, "seed": 9}
    assert found.message == (
        "Profiles extend each other in a circle, parent -> grandparent -> parent: "
        "'grandparent' is taken without a parent."
    )


def test_an_unknown_parent_is_passed_over_and_the_plan_says_so() -> None:
    found = plan_of(FAMILY.replace('extends = "parent"', 'extends = "parrent"'))
    assert found.profile.params == {"temperature": 0.1}
    assert found.message == "The profile 'child' extends 'parrent', which does not exist and is passed over."
