"""Profiles that are named and not there, and profiles that extend one another in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ploked_protocol.preferences import ConfigProblem, ModelProfile

from ..positions import KeyPath
from ..wording import closest, did_you_mean, quoted
from .context import ROOT, Context

BUILT_IN_PROFILES = ("default",)


class Named(NamedTuple):
    """One profile of the file, and those that its `extends` may mean, in the order in which names are looked up."""

    profile: ModelProfile
    path: KeyPath
    visible: Sequence[Named]
    """Of a model's profile: the others of the model, then the global ones."""

    @property
    def parent(self) -> Named | None:
        """Return the profile that this one extends, which is never itself; None when there is none."""
        others = (other for other in self.visible if other.path != self.path)
        return next((other for other in others if other.profile.name == self.profile.extends), None)


def check_profiles(context: Context) -> Iterator[ConfigProblem]:
    """Yield what is wrong with the names of profiles."""
    shared: list[Named] = []
    shared += _in_table(context.prefs.profiles, ROOT, shared)
    default = context.prefs.global_default_profile
    yield from _default(context, default, _names(shared), (*ROOT, "global_default_profile"))
    yield from _parents(context, shared)
    for model in context.models:
        visible: list[Named] = []
        own = _in_table(model.prefs.profiles, model.path, visible)
        visible += [*own, *shared]
        yield from _default(context, model.prefs.default_profile, _names(visible), (*model.path, "default_profile"))
        yield from _parents(context, own)


def _in_table(profiles: Sequence[ModelProfile], table: KeyPath, visible: Sequence[Named]) -> list[Named]:
    return [Named(profile, (*table, "profiles", n), visible) for n, profile in enumerate(profiles)]


def _names(profiles: Sequence[Named]) -> list[str]:
    return [*dict.fromkeys(each.profile.name for each in profiles)]


def _default(context: Context, name: str | None, names: list[str], path: KeyPath) -> Iterator[ConfigProblem]:
    if name is None or name in names or name in BUILT_IN_PROFILES:
        return
    falls = "the built-in profile" if path[-1] == "global_default_profile" else "the global default"
    yield _unknown(context, name, names, path, f"There is no profile of this name: {falls} is used instead.")


def _unknown(context: Context, name: str, names: list[str], path: KeyPath, message: str) -> ConfigProblem:
    known = [*dict.fromkeys([*names, *BUILT_IN_PROFILES])]
    near = closest(name, known)
    message += did_you_mean(near) or f" There are {', '.join(quoted(each) for each in known)}."
    return context.problem(path, "unknownProfile", message, near, severity="error")


def _parents(context: Context, profiles: Sequence[Named]) -> Iterator[ConfigProblem]:
    for each in profiles:
        name, path = each.profile.extends, (*each.path, "extends")
        if name is None:
            continue
        if circle := _circle(each):
            message = f"These profiles extend one another in a circle: {' -> '.join(circle)}. One has to extend none."
            yield context.problem(path, "profileCycle", message, severity="error")
        elif each.parent is None and name == each.profile.name:
            message = "A profile cannot extend itself, and there is no other one of this name: it extends none."
            yield context.problem(path, "profileCycle", message, severity="error")
        elif each.parent is None and name not in BUILT_IN_PROFILES:
            others = _names([other for other in each.visible if other.path != each.path])
            yield _unknown(context, name, others, path, "There is no profile of this name to extend: it extends none.")


def _circle(start: Named) -> list[str]:
    """Return the names from `start` back to itself; empty when it does not extend itself through others."""
    chain, seen = [start.profile.name], {start.path}
    here = start.parent
    while here is not None:
        chain.append(here.profile.name)
        if here.path == start.path:
            return chain
        if here.path in seen:
            return []
        seen.add(here.path)
        here = here.parent
    return []
