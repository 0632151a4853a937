"""Profiles: which parameters are in effect, value by value, and where each one was written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from ploked_protocol.preferences import LLMParameters, Origin, RegistryPrefs, ResolvedProfile

from .names import BUILT_IN_PROFILE, KeyPath, Known, dotted, find_profile, model_default, profiles_by_name

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
        file = line = None
        if loaded is not None and self.path is not None:
            span = loaded.positions.find((*self.path, name))
            file, line = str(loaded.path), span.line if span else None
        return Origin(layer=self.layer, profile=self.profile, file=file, line=line, key=self.key(name))


@dataclass(frozen=True)
class Layers:
    """The layers in force, highest first; `ignored` says which defaults of config.toml name no profile."""

    name: str
    chain: tuple[Layer, ...]
    ignored: tuple[str, ...] = ()

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
    global default still fills what it leaves open, as it does under every other profile. An origin's layer says why
    a value applies ("call" for a profile that the call names), its profile and key say where it is written.

    A default of config.toml that names no profile is passed over. Raises UnknownProfile when the call names none.
    """
    return layers(prefs, model_id, profile_name, params).resolve(loaded)


def layers(prefs: RegistryPrefs, model_id: str, profile_name: str | None, params: LLMParameters) -> Layers:
    """Return the layers that `resolve_profile` merges; raises UnknownProfile."""
    chain = [Layer("call", params.set_values())]
    defaults: dict[LayerName, str | None] = {"global": prefs.global_default_profile}
    if profile_name is not None:
        chain.append(_layer("call", find_profile(prefs, model_id, profile_name)))
    else:
        defaults = {"model": model_default(prefs, model_id), **defaults}
    known = profiles_by_name(prefs, model_id)
    chain += [_layer(layer, known[name]) for layer, name in defaults.items() if name is not None and name in known]
    chain.append(_layer("built-in", Known(BUILT_IN_PROFILE, "built-in")))
    ignored = tuple(
        f"The default profile {name!r} ({layer}) does not exist and is passed over."
        for layer, name in defaults.items()
        if name is not None and name not in known
    )
    return Layers(chain[1].profile or BUILT_IN_PROFILE.name, tuple(chain), ignored)


def _layer(layer: LayerName, known: Known) -> Layer:
    path = None if known.path is None else (*known.path, "params")
    return Layer(layer, known.profile.params.set_values(), known.profile.name, path)
