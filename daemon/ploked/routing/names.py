"""Names in config.toml: which table a model id or a profile name means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from ploked_protocol.errors import ErrorData, UnknownProfile
from ploked_protocol.keys import InvalidKeyError, ModelKey
from ploked_protocol.preferences import ModelProfile, RegistryPrefs
from ploked_protocol.queries import ListedProfile

BUILT_IN_PROFILE = ModelProfile(name="default")
"""The last fallback. It sets nothing, so that an endpoint's own defaults hold."""

KeyPath = tuple[str | int, ...]
"""The keys and indices that lead to a value of config.toml."""


@dataclass(frozen=True)
class Known:
    """A profile that a name can mean, and the path of its table in config.toml (None: built in)."""

    profile: ModelProfile
    scope: Literal["model", "global", "built-in"]
    path: KeyPath | None = None


def find_profile(prefs: RegistryPrefs, model_id: str | None, name: str) -> Known:
    """Return the profile that `name` means: the model's own, else a global one, else the built-in `default`.

    Raises UnknownProfile; its suggestions are all names there are, closest first.
    """
    known = profiles_by_name(prefs, model_id)
    if name in known:
        return known[name]
    names = _closest_first(name, list(known))
    raise UnknownProfile(
        f"No profile is called {name!r}. There are: {', '.join(names)}.",
        ErrorData(suggestions=names, next_step="Use one of these names, or save a profile under the new one."),
    )


class Lineage(NamedTuple):
    """A profile and those that it extends, directly or not."""

    profiles: tuple[Known, ...]
    """The profile itself, its parent, its grandparent and so on."""
    problem: str | None = None
    """Why the line ends where it does, when that is a mistake: an unknown parent, or one that was there before."""


def lineage(prefs: RegistryPrefs, model_id: str | None, known: Known) -> Lineage:
    """Return a profile with all that it extends; a circle is cut where it closes, an unknown parent passed over."""
    line = [known]
    while (name := line[-1].profile.extends) is not None:
        child, parent = line[-1], parent_of(prefs, model_id, line[-1])
        if parent is None:
            unknown = f"The profile {child.profile.name!r} extends {name!r}, which does not exist and is passed over."
            return Lineage(tuple(line), unknown)
        if parent in line:
            circle = " -> ".join(each.profile.name for each in [*line[line.index(parent) :], parent])
            cut = f"Profiles extend each other in a circle, {circle}: {child.profile.name!r} is taken without a parent."
            return Lineage(tuple(line), cut)
        line.append(parent)
    return Lineage(tuple(line))


def parent_of(prefs: RegistryPrefs, model_id: str | None, known: Known) -> Known | None:
    """Return the profile that `known` extends; None when its `extends` names none.

    A profile of a model may extend another one of that model or a global one, also the global one of its own name; a
    global profile global ones only, so that it means the same for every model.
    """
    meant = _known(prefs, model_id if known.scope == "model" else None)
    named = [each for each in meant if each.profile.name == known.profile.extends]
    return next((each for each in named if each.path != known.path), named[0] if named else None)


def list_profiles(prefs: RegistryPrefs, model_id: str | None) -> list[ListedProfile]:
    """Return the model's own profiles, the global ones and the built-in one; of two with one name the first is meant.

    `is_default` marks the highest one in force for a call that names none.
    """
    known = profiles_by_name(prefs, model_id)
    defaults = (model_default(prefs, model_id), prefs.global_default_profile, BUILT_IN_PROFILE.name)
    default = next(known[name] for name in defaults if name is not None and name in known)
    return [
        ListedProfile(profile=each.profile, scope=each.scope, is_default=each == default)
        for each in _known(prefs, model_id)
    ]


def profiles_by_name(prefs: RegistryPrefs, model_id: str | None) -> dict[str, Known]:
    """Return what each profile name means for a model, or for all models without one."""
    return {each.profile.name: each for each in reversed(_known(prefs, model_id))}


def model_default(prefs: RegistryPrefs, model_id: str | None) -> str | None:
    """Return the name in the model's `default_profile`, whether or not it means anything."""
    return None if model_id is None else prefs.model(named_id(prefs, model_id)).default_profile


def named_id(prefs: RegistryPrefs, *ids: str) -> str:
    """Return the first of `ids` that config.toml has preferences for, else the first.

    An id with a virtual variant or a preset (`x/y:nitro`) also stands for the id that the catalog lists.
    """
    configured = {model.model for model in prefs.models}
    forms = [form for model_id in ids for form in (model_id, _listed(model_id))]
    return next((form for form in forms if form in configured), ids[0])


def model_path(prefs: RegistryPrefs, model_id: str) -> KeyPath | None:
    """Return the path of the table that holds the preferences of exactly `model_id`; None when there is none."""
    places = (n for n, model in enumerate(prefs.models) if model.model == model_id)
    return next((("registry", "models", n) for n in places), None)


@lru_cache(maxsize=4096)
def dotted(path: KeyPath) -> str:
    """Return a path as people write it: `registry.models[0].profiles[1].params.top_p`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _known(prefs: RegistryPrefs, model_id: str | None) -> list[Known]:
    """Return every profile that a name can mean for a model, in the order in which names are looked up."""
    own: list[Known] = []
    if model_id is not None and (path := model_path(prefs, name := named_id(prefs, model_id))):
        own = _in_table(prefs.model(name).profiles, "model", path)
    shared = _in_table(prefs.profiles, "global", ("registry",))
    return [*own, *shared, Known(BUILT_IN_PROFILE, "built-in")]


def _in_table(profiles: Sequence[ModelProfile], scope: Literal["model", "global"], table: KeyPath) -> list[Known]:
    return [Known(profile, scope, (*table, "profiles", n)) for n, profile in enumerate(profiles)]


def _listed(model_id: str) -> str | None:
    """Return the id under which the catalog lists the model; None when it lists no such thing."""
    try:
        key = ModelKey.parse(model_id).listed
    except InvalidKeyError:
        return None
    return None if key is None else str(key)


def _closest_first(text: str, names: list[str]) -> list[str]:
    from difflib import SequenceMatcher  # imported late: only a wrong name needs it

    wanted = text.casefold()
    return sorted(names, key=lambda name: -SequenceMatcher(None, wanted, name.casefold()).ratio())
