"""Profiles that are named and not there, and profiles that extend one another in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from ploked_protocol.preferences import ConfigProblem, ModelProfile, RegistryPrefs

from ...routing.names import Known, parent_of, profiles_by_name
from ..positions import KeyPath
from ..wording import closest, did_you_mean, quoted
from .context import ROOT, Context


def check_profiles(context: Context) -> Iterator[ConfigProblem]:
    """Yield what is wrong with the names of profiles."""
    path = (*ROOT, "global_default_profile")
    falls = "There is no profile of this name: the built-in profile is used instead."
    yield from _default(context, context.prefs.global_default_profile, None, path, falls)
    for each in _in_table(context.prefs.profiles, "global", ROOT):
        yield from _parent(context, each, None)
    falls = "There is no profile of this name: the global default is used instead."
    for model in context.models:
        path, model_id = (*model.path, "default_profile"), model.prefs.model
        yield from _default(context, model.prefs.default_profile, model_id, path, falls)
        for each in _in_table(model.prefs.profiles, "model", model.path):
            yield from _parent(context, each, model_id)


def _in_table(profiles: Sequence[ModelProfile], scope: Literal["model", "global"], table: KeyPath) -> list[Known]:
    return [Known(profile, scope, (*table, "profiles", n)) for n, profile in enumerate(profiles)]


def _default(
    context: Context, name: str | None, model_id: str | None, path: KeyPath, falls: str
) -> Iterator[ConfigProblem]:
    if name is not None and name not in (known := profiles_by_name(context.prefs, model_id)):
        yield _unknown(context, name, list(known), path, falls)


def _parent(context: Context, known: Known, model_id: str | None) -> Iterator[ConfigProblem]:
    """Yield what is wrong with the `extends` of a profile; what its parents extend is told at theirs."""
    name, path = known.profile.extends, (*(known.path or ()), "extends")
    if name is None:
        return
    if circle := _circle(context.prefs, model_id, known):
        message = f"These profiles extend one another in a circle: {' -> '.join(circle)}. One has to extend none."
        if len(circle) == 2:
            message = "A profile cannot extend itself, and there is no other one of this name: it extends none."
        yield context.problem(path, "profileCycle", message, severity="error")
    elif parent_of(context.prefs, model_id, known) is None:
        visible = profiles_by_name(context.prefs, model_id)
        others = [other for other in visible if other != known.profile.name]
        yield _unknown(context, name, others, path, "There is no profile of this name to extend: it extends none.")


def _circle(prefs: RegistryPrefs, model_id: str | None, start: Known) -> list[str]:
    """Return the names from `start` back to itself; empty when it does not extend itself."""
    chain, here = [start], parent_of(prefs, model_id, start)
    while here is not None and here not in chain:
        chain.append(here)
        here = parent_of(prefs, model_id, here)
    return [known.profile.name for known in [*chain, start]] if here == start else []


def _unknown(context: Context, name: str, names: Sequence[str], path: KeyPath, message: str) -> ConfigProblem:
    near = closest(name, names)
    message += did_you_mean(near) or f" There are {', '.join(quoted(each) for each in names)}."
    return context.problem(path, "unknownProfile", message, near, severity="error")
