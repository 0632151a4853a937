"""What a call asks for, all told: the preferences of config.toml that apply to it, and where each one stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from ploked_protocol.keys import as_entry
from ploked_protocol.plans import RoutePlanParams
from ploked_protocol.preferences import ModelPrefs, Origin, RegistryPrefs, ResolvedProfile, RoutingPrefs, Strictness

from .names import dotted, model_path, named_id
from .profile import Layer, Layers, Loaded, layers
from .rules import Edit

ROUTING = "registry.routing"
WHOLE = ("top_k", "max_tokens", "max_completion_tokens", "seed", "top_logprobs")
"""Parameters that the API takes as integers only."""


@dataclass(frozen=True)
class Narrowing:
    """A list that limits a plan to the endpoints its entries cover (slugs or whole tags); empty limits nothing."""

    name: str
    entries: tuple[str, ...]
    path: str
    origin: str


@dataclass(frozen=True)
class Effective:
    """The preferences in effect for one call."""

    call: RoutePlanParams
    routing: RoutingPrefs
    strictness: Strictness
    model: ModelPrefs
    path: str
    """Dotted path of the model's table; empty when config.toml has none, and then `model` sets nothing."""
    layers: Layers
    profile: ResolvedProfile
    routing_origins: dict[str, Origin] = field(default_factory=dict)
    """Where each value of `routing` stands, by dotted name."""

    @cached_property
    def sent(self) -> dict[str, Any]:
        """Return the parameters as they go into the body: only those set, whole numbers as such."""
        params = {name: value for name, value in self.profile.params.items() if name != "tools_required"}
        whole = {name: int(params[name]) for name in WHOLE if name in params and params[name] == int(params[name])}
        return params | whole

    @cached_property
    def tools_required(self) -> bool:
        """Return whether the profile asks for an endpoint that takes `tools`, whether or not any are sent."""
        return self.profile.params.get("tools_required") is True

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Return the parameters that config.toml requires of every endpoint of the model."""
        return tuple(dict.fromkeys(self.model.required_supported_params))

    @cached_property
    def allowed(self) -> Narrowing:
        """Return the providers allowed for the model."""
        path = f"{self.path}.allowed_providers"
        return Narrowing("allowed_providers", tuple(self.model.allowed_providers), path, path)

    @cached_property
    def only(self) -> Narrowing:
        """Return `routing.only`."""
        return Narrowing("routing.only", tuple(self.routing.only or ()), f"{ROUTING}.only", f"{ROUTING}.only")

    @cached_property
    def order(self) -> Narrowing:
        """Return `routing.order`, which limits only where falling back to other endpoints is switched off."""
        return Narrowing("routing.order", tuple(self.routing.order or ()), f"{ROUTING}.order", f"{ROUTING}.order")

    @cached_property
    def selected(self) -> Narrowing:
        """Return the selected endpoints: those of the call, which replace the configured ones, even by none."""
        if self.call.selected_endpoints is not None or not self.path:
            entries = tuple(map(as_entry, self.call.selected_endpoints or ()))
            return Narrowing("the selected endpoints", entries, "selectedEndpoints of the call", "call")
        path = f"{self.path}.selected_endpoints"
        return Narrowing("selected_endpoints", tuple(self.model.selected_endpoints), path, path)

    @cached_property
    def narrowings(self) -> list[Narrowing]:
        """Return the lists that limit the plan, without empty ones."""
        lists = [self.allowed, self.only, self.selected]
        if self.routing.allow_fallbacks is False:
            lists.insert(2, self.order)
        return [each for each in lists if each.entries]

    @cached_property
    def banned(self) -> list[tuple[str, str, str]]:
        """Return the entries that deny an endpoint, each with the name and the path of its list."""
        lists = [
            ("banned_providers", f"{self.path}.banned_providers", self.model.banned_providers),
            ("routing.ignore", f"{ROUTING}.ignore", self.routing.ignore or []),
        ]
        return [(entry, name, path) for name, path, entries in lists for entry in dict.fromkeys(entries)]

    @cached_property
    def requirements(self) -> tuple[Edit, ...]:
        """Return the edits that together switch `require_parameters` off; empty when nothing asks for it."""
        edits = [Edit("remove", f"{self.path}.required_supported_params", name) for name in self.required]
        if self.tools_required:
            edits.append(self.change("tools_required", "false"))
        if self.routing.require_parameters:
            edits.append(Edit("remove", f"{ROUTING}.require_parameters"))
        return tuple(edits)

    def origin(self, parameter: str) -> str:
        """Return where the effective value of a parameter is set: a dotted path, or "call"."""
        return self.profile.origins[parameter].key or "call"

    def change(self, parameter: str, value: str, away: int = 0) -> Edit:
        """Return the edit that puts `value` in place of the effective value of a parameter."""
        return Edit("set", _place(self.layers.setting(parameter)[0], parameter), value, Decimal(away))

    def removals(self, parameter: str) -> tuple[Edit, ...]:
        """Return the edits that take a parameter out of the request: one for each layer that sets it."""
        return tuple(Edit("remove", _place(layer, parameter)) for layer in self.layers.setting(parameter))


def effective(prefs: RegistryPrefs, serving_id: str, call: RoutePlanParams, loaded: Loaded | None = None) -> Effective:
    """Return the preferences for `call`: those of the id asked for, else those of the model that serves it.

    Raises UnknownProfile when the call names a profile that does not exist.
    """
    model_id = named_id(prefs, call.model, serving_id)
    path = model_path(prefs, model_id)
    in_force = layers(prefs, model_id, call.profile, call.params)
    return Effective(
        call=call,
        routing=prefs.routing,
        strictness=prefs.strictness,
        model=prefs.model(model_id),
        path=dotted(path or ()),
        layers=in_force,
        profile=in_force.resolve(loaded),
    )


def _place(layer: Layer, parameter: str) -> str:
    return layer.key(parameter) or f"params.{parameter} of the call"
