"""Whatever a config.toml looks like, an edit does what it says and touches nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from config_texts import MODELS, NAMES, Config, configs, endpoints, profiles
from hypothesis import given
from hypothesis import strategies as st
from ploked.preferences.edit import delete_profile, save_profile, select_endpoints, set_default_profile
from ploked.preferences.load import load
from ploked_protocol.preferences import ModelProfile, RegistryPrefs

Edit = Callable[[str], str]
names = st.sampled_from(NAMES)
models = st.sampled_from([*MODELS, "not/there"])


def lines_of(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def is_subsequence(part: Iterable[str], whole: Iterable[str]) -> bool:
    rest = iter(whole)
    return all(each in rest for each in part)


def prefs_in(text: str) -> RegistryPrefs:
    loaded = load(text, "config.toml")
    assert loaded.prefs is not None, loaded.problems
    return loaded.prefs


def other_tables(text: str) -> dict[str, Any]:
    return {key: value for key, value in tomllib.loads(text.removeprefix("\ufeff")).items() if key != "registry"}


def with_model(prefs: RegistryPrefs, model: str, **changes: Any) -> RegistryPrefs:
    """Return `prefs` with `changes` to one model, which is added when it is not there."""
    entry = msgspec.structs.replace(prefs.model(model), **changes)
    there = any(each.model == model for each in prefs.models)
    entries = [entry if each.model == model else each for each in prefs.models]
    return msgspec.structs.replace(prefs, models=entries if there else [*entries, entry])


def profiles_of(prefs: RegistryPrefs, model: str | None) -> list[ModelProfile]:
    return prefs.profiles if model is None else prefs.model(model).profiles


def with_profiles(prefs: RegistryPrefs, model: str | None, changed: list[ModelProfile]) -> RegistryPrefs:
    if model is None:
        return msgspec.structs.replace(prefs, profiles=changed)
    return with_model(prefs, model, profiles=changed)


def comments_in(text: str) -> list[str]:
    return re.findall(r"#c[0-9]+", text)


def endings_in(text: str) -> set[str]:
    return set(re.findall(r"\r?\n", text))


def check(config: Config, edit: Edit, intended: RegistryPrefs, key: str, *, deletes: bool = False) -> None:
    """Check what every edit promises; `key` is the one that it may rewrite."""
    edited = edit(config.text)
    assert prefs_in(edited) == intended
    assert edit(edited) == edited, "the second time changes something"
    assert other_tables(edited) == other_tables(config.text)
    beside = config.lines_beside(key)
    if deletes:  # the blank line that set a table off goes with it, and so do the comments in it
        beside = [line for line in beside if line.strip()]
    else:
        assert is_subsequence(comments_in(config.text), comments_in(edited))
    assert is_subsequence(beside, lines_of(edited))
    assert edited.startswith("\ufeff") == config.text.startswith("\ufeff")
    assert edited.endswith("\n") == config.text.endswith("\n")
    assert endings_in(edited) <= (endings_in(config.text) or {"\n"}), "a line ending that the file does not have"
    assert edited == config.text or intended != config.prefs, "nothing to change, and yet it did"


@given(configs())
def test_the_texts_say_the_preferences_they_were_drawn_from(config: Config) -> None:
    assert prefs_in(config.text) == config.prefs


@given(configs(), names)
def test_the_global_default_is_set(config: Config, name: str) -> None:
    intended = msgspec.structs.replace(config.prefs, global_default_profile=name)
    check(config, lambda text: set_default_profile(text, name), intended, "default")


@given(configs(), names, models)
def test_the_default_of_a_model_is_set(config: Config, name: str, model: str) -> None:
    intended = with_model(config.prefs, model, default_profile=name)
    check(config, lambda text: set_default_profile(text, name, model), intended, f"models.{model}.default")


@given(configs(), models, endpoints)
def test_endpoints_are_selected(config: Config, model: str, tags: list[str]) -> None:
    there = any(each.model == model for each in config.prefs.models)
    intended = with_model(config.prefs, model, selected_endpoints=tags) if there or tags else config.prefs
    check(config, lambda text: select_endpoints(text, model, tags), intended, f"models.{model}.selected")


@given(configs(), st.none() | models, profiles)
def test_a_profile_is_saved(config: Config, model: str | None, profile: ModelProfile) -> None:
    held = profiles_of(config.prefs, model)
    changed = [profile if each.name == profile.name else each for each in held]
    intended = with_profiles(config.prefs, model, changed if profile in changed else [*held, profile])
    check(config, lambda text: save_profile(text, profile, model), intended, profile_key(model, profile.name))


@given(configs(), st.none() | models, names)
def test_a_profile_is_deleted(config: Config, model: str | None, name: str) -> None:
    held = profiles_of(config.prefs, model)
    left = [each for each in held if each.name != name]
    intended = with_profiles(config.prefs, model, left) if left != held else config.prefs
    key = profile_key(model, name)
    check(config, lambda text: delete_profile(text, name, model), intended, key, deletes=True)


def profile_key(model: str | None, name: str) -> str:
    return f"profiles.{name}" if model is None else f"models.{model}.profiles.{name}"
