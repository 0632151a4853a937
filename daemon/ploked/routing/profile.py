"""Profiles: which parameters are in effect, value by value, and where each one was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from ploked_protocol.preferences import LLMParameters, Origin, RegistryPrefs, ResolvedProfile

from .names import (
    BUILT_IN_PROFILE,
    KeyPath,
    Known,
    Lineage,
    dotted,
    find_profile,
    lineage,
    model_default,
    profiles_by_name,
)

LayerName = Literal["call", "model", "global", "built-in"]


class Span(Protocol):
    """A place in config.toml."""

    @property
    def line(self) -> int:
        """Return the 1-based line."""


class Positions(Protocol):
    """Where the keys of config.toml stand."""

    def find(self, key_path: KeyPath, /) -> Span | None:
        """Return the place of a value; None when the file does not hold it."""


class Loaded(Protocol):
    """What routing needs of a config.toml that was read: enough to say where a value was written."""

    @property
    def path(self) -> Path | str:
        """Return the path of the file."""

    @property
    def positions(self) -> Positions:
        """Return the places of its keys."""


def located(layer: LayerName, keys: KeyPath | None, loaded: Loaded | None, profile: str | None = None) -> Origin:
    """Return the origin of the value at `keys` (None: not of config.toml), with its line where a file was read."""
    if keys is None:
        return Origin(layer=layer, profile=profile)
    span = None if loaded is None else loaded.positions.find(keys)
    file = None if loaded is None else str(loaded.path)
    return Origin(layer=layer, profile=profile, file=file, line=span.line if span else None, key=dotted(keys))


@dataclass(frozen=True)
class Layer:
    """Parameters of one layer, and the path of the table that holds them (None: not in config.toml)."""

    layer: LayerName
    params: dict[str, Any]
    profile: str | None = None
    path: KeyPath | None = None

    def key(self, name: str) -> str | None:
        """Return the dotted path of the parameter `name` in config.toml; None when it does not stand there."""
        return None if self.path is None else dotted((*self.path, name))

    def origin(self, name: str, loaded: Loaded | None) -> Origin:
        """Return where this layer sets the parameter `name`; file and line only for values of a config.toml read."""
        return located(self.layer, None if self.path is None else (*self.path, name), loaded, self.profile)


@dataclass(frozen=True)
class Layers:
    """The layers in force, highest first; `ignored` says what of config.toml is passed over, and why."""

    name: str
    chain: tuple[Layer, ...]
    ignored: tuple[str, ...] = ()

    @property
    def profiles(self) -> list[str]:
        """Return the names of the profiles that are merged, highest first, each before those that it extends."""
        return [layer.profile for layer in self.chain if layer.profile is not None]

    def setting(self, name: str) -> list[Layer]:
        """Return the layers that set the parameter `name`, highest first: the first one is in effect."""
        return [layer for layer in self.chain if name in layer.params]

    def resolve(self, loaded: Loaded | None) -> ResolvedProfile:
        """Return the value of the highest layer for every parameter that one sets."""
        setters = {name: self.setting(name) for name in LLMParameters.__struct_fields__}
        winners = {name: layers[0] for name, layers in setters.items() if layers}
        return ResolvedProfile(
            name=self.name,
            params={name: layer.params[name] for name, layer in winners.items()},
            origins={name: layer.origin(name, loaded) for name, layer in winners.items()},
        )


def resolve_profile(
    prefs: RegistryPrefs,
    model_id: str,
    profile_name: str | None,
    params: LLMParameters,
    loaded: Loaded | None = None,
) -> ResolvedProfile:
    """Return the parameters in effect for a call, value by value, each with its origin.

    The layers, highest first: `params` of the call, the model's default profile, the global default profile, the
    built-in fallback. A profile named in the call takes the place of the model's default, and only of that: the
    global default still fills what it leaves open, as it does under every other profile. Right below each profile come
    those that it extends. An origin's layer says why a value applies ("call" for a profile that the call names), its
    profile and key say where it is written.

    A default of config.toml that names no profile is passed over. Raises UnknownProfile when the call names none.
    """
    return layers(prefs, model_id, profile_name, params).resolve(loaded)


def layers(prefs: RegistryPrefs, model_id: str, profile_name: str | None, params: LLMParameters) -> Layers:
    """Return the layers that `resolve_profile` merges; raises UnknownProfile."""
    named: list[tuple[LayerName, Known]] = []
    defaults: dict[LayerName, str | None] = {"global": prefs.global_default_profile}
    if profile_name is not None:
        named.append(("call", find_profile(prefs, model_id, profile_name)))
    else:
        defaults = {"model": model_default(prefs, model_id), **defaults}
    known = profiles_by_name(prefs, model_id)
    named += [(layer, known[name]) for layer, name in defaults.items() if name is not None and name in known]
    named.append(("built-in", Known(BUILT_IN_PROFILE, "built-in")))
    lines = [(layer, lineage(prefs, model_id, each)) for layer, each in named]
    ignored = [
        f"The default profile {name!r} ({layer}) does not exist and is passed over."
        for layer, name in defaults.items()
        if name is not None and name not in known
    ]
    ignored += [line.problem for _, line in lines if line.problem is not None]
    chain = (Layer("call", params.set_values()), *_highest_first(lines))
    return Layers(named[0][1].profile.name, chain, tuple(dict.fromkeys(ignored)))


def _highest_first(lines: Sequence[tuple[LayerName, Lineage]]) -> list[Layer]:
    """Return the layers of every profile with its parents; one that comes twice counts where it is highest."""
    found: dict[KeyPath | None, Layer] = {}
    for layer, line in lines:
        for known in line.profiles:
            found.setdefault(known.path, _layer(layer, known))
    return list(found.values())


def _layer(layer: LayerName, known: Known) -> Layer:
    path = None if known.path is None else (*known.path, "params")
    return Layer(layer, known.profile.params.set_values(), known.profile.name, path)
