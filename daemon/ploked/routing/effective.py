"""What a call asks for, all told: the preferences of config.toml that apply to it, and where each one stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property, reduce
from typing import Any

import msgspec
from ploked_protocol.errors import ErrorData, InvalidParams
from ploked_protocol.keys import as_entry
from ploked_protocol.plans import RoutePlanParams
from ploked_protocol.preferences import ModelPrefs, Origin, RegistryPrefs, ResolvedProfile, RoutingPrefs

from .entries import Entries
from .merge import RoutingLayer, merge, shown_name
from .names import KeyPath, dotted, model_path, named_id
from .prices import PriceBook
from .profile import Layer, LayerName, Layers, Loaded, layers, located
from .rules import OF_THE_CALL, Edit, Edits, Source

WHOLE = ("top_k", "max_tokens", "max_completion_tokens", "seed", "top_logprobs")
"""Parameters that the API takes as integers only."""


@dataclass(frozen=True)
class Effective:
    """The preferences in effect for one call."""

    call: RoutePlanParams
    prefs: RegistryPrefs
    model: ModelPrefs
    """Those of the model; they set nothing where config.toml has no table of it."""
    table: KeyPath | None
    """The path of the model's table; None where config.toml has none."""
    path: str
    """The same as people write it; where there is none, by the id: `registry.models["author/slug"]`."""
    layers: Layers
    profile: ResolvedProfile
    loaded: Loaded | None
    at: datetime
    """The time for which prices hold, in UTC."""

    @property
    def prompt_tokens(self) -> int | None:
        """Return the stated size of the prompt."""
        return self.call.prompt_tokens

    @cached_property
    def prices(self) -> PriceBook:
        """Return what endpoints ask at the stated size of the prompt and the hour."""
        return PriceBook(self.prompt_tokens, self.at)

    # parameters

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
    def required_params(self) -> Entries:
        """Return the list that they stand in."""
        return self._of_model("required_supported_params")

    @cached_property
    def requirements(self) -> Edits:
        """Return the edits that together switch `require_parameters` off; empty when nothing asks for it."""
        edits = [Edit("remove", f"{self.path}.required_supported_params", name) for name in self.required]
        if self.tools_required:
            edits.append(self.change("tools_required", "false"))
        if self.routing.require_parameters:
            edits.append(self.taken_off("require_parameters", "false"))
        return tuple(edits)

    def param_source(self, parameter: str) -> Source:
        """Return where the effective value of a parameter is set."""
        place = self.profile.origins[parameter]
        return Source(place.key or "call", place)

    def change(self, parameter: str, value: str, away: int = 0) -> Edit:
        """Return the edit that puts `value` in place of the effective value of a parameter."""
        return Edit("set", _place(self.layers.setting(parameter)[0], parameter), value, Decimal(away))

    def removals(self, parameter: str) -> Edits:
        """Return the edits that take a parameter out of the request: one for each layer that sets it."""
        return tuple(Edit("remove", _place(layer, parameter)) for layer in self.layers.setting(parameter))

    # routing preferences

    @cached_property
    def routing_layers(self) -> list[RoutingLayer]:
        """Return the layers of routing preferences, highest first."""
        found = [RoutingLayer("call", self.call.routing, None)]
        if self.table is not None:
            found.append(RoutingLayer("model", self.model.routing, (*self.table, "routing")))
        return [*found, RoutingLayer("global", self.prefs.routing, ("registry", "routing"))]

    @cached_property
    def routing(self) -> RoutingPrefs:
        """Return the layers merged."""
        return reduce(merge, (each.prefs for each in self.routing_layers))

    @cached_property
    def _setters(self) -> dict[str, list[RoutingLayer]]:
        found: dict[str, list[RoutingLayer]] = {}
        for layer in self.routing_layers:
            for leaf in layer.leaves:
                found.setdefault(leaf, []).append(layer)
        return found

    @cached_property
    def routing_origins(self) -> dict[str, Origin]:
        """Return where each value of `routing` is written, by dotted name."""
        merged = self.routing
        return {
            shown_name(leaf, merged): located(setters[0].layer, setters[0].keys(leaf), self.loaded)
            for leaf, setters in self._setters.items()
        }

    def routing_source(self, leaf: str) -> Source:
        """Return where a value of `routing` is written that is set."""
        place = self.routing_origins[shown_name(leaf, self.routing)]
        return Source(place.key or "call", place)

    def routing_path(self, leaf: str) -> str:
        """Return where an edit of a value of `routing` goes that is set: to the layer that holds."""
        return self._setters[leaf][0].path(leaf)

    def taken_off(self, leaf: str, neutral: str) -> Edit:
        """Return the edit that switches a value of `routing` off: its removal, unless that uncovers another one."""
        covered = len(self._setters[leaf]) > 1
        return Edit("set", self.routing_path(leaf), neutral) if covered else Edit("remove", self.routing_path(leaf))

    # lists of endpoints

    @cached_property
    def allowed(self) -> Entries:
        """Return the providers allowed for the model."""
        return self._of_model("allowed_providers")

    @cached_property
    def denied(self) -> Entries:
        """Return the providers banned for the model."""
        return self._of_model("banned_providers")

    @cached_property
    def only(self) -> Entries:
        """Return `routing.only`."""
        return self._of_routing("only")

    @cached_property
    def ignored(self) -> Entries:
        """Return `routing.ignore`."""
        return self._of_routing("ignore")

    @cached_property
    def order(self) -> Entries:
        """Return `routing.order`, which limits only where falling back to other endpoints is switched off."""
        return self._of_routing("order")

    @cached_property
    def selected(self) -> Entries:
        """Return the selected endpoints: those of the call, which replace the configured ones, even by none."""
        if self.call.selected_endpoints is None:
            return self._of_model("selected_endpoints")
        entries = tuple(map(as_entry, self.call.selected_endpoints))
        return Entries("the selected endpoints", entries, f"selectedEndpoints{OF_THE_CALL}", "call", None)

    @cached_property
    def narrowings(self) -> list[Entries]:
        """Return the lists that limit the plan to what their entries cover, without empty ones, which limit nothing."""
        lists = [self.allowed, self.only, self.selected]
        if self.routing.allow_fallbacks is False:
            lists.insert(2, self.order)
        return [each for each in lists if each.entries]

    @cached_property
    def banned(self) -> list[tuple[str, str, str]]:
        """Return the entries that deny an endpoint, each with the name and the path of its list."""
        lists = (self.denied, self.ignored)
        return [(entry, each.name, each.path) for each in lists for entry in dict.fromkeys(each.entries)]

    @cached_property
    def asked(self) -> frozenset[str]:
        """Return every entry that may ask for an endpoint by its whole tag: `order` prefers, the others limit."""
        return self.allowed.known | self.only.known | self.order.known | self.selected.known

    def entry_source(self, listed: Entries, entry: str | None = None) -> Source:
        """Return where a list is written, or one entry of it."""
        keys = listed.keys
        if keys is not None and entry is not None:
            keys = (*keys, listed.entries.index(entry))
        return Source(listed.origin, located(listed.layer, keys, self.loaded))

    def source(self, *keys: str, layer: LayerName = "global") -> Source:
        """Return where a value of config.toml is written."""
        return Source(dotted(keys), located(layer, keys, self.loaded))

    def _of_model(self, name: str) -> Entries:
        keys = None if self.table is None else (*self.table, name)
        return Entries(name, tuple(getattr(self.model, name)), f"{self.path}.{name}", "model", keys)

    def _of_routing(self, name: str) -> Entries:
        """Return a list of `routing`; one that no layer sets would be written for the model."""
        if name not in self._setters:
            return Entries(f"routing.{name}", (), f"{self.path}.routing.{name}", "model", None)
        setter = self._setters[name][0]
        entries = tuple(getattr(setter.prefs, name))
        return Entries(f"routing.{name}", entries, setter.path(name), setter.layer, setter.keys(name))


def effective(
    prefs: RegistryPrefs, serving_id: str, call: RoutePlanParams, loaded: Loaded | None = None, *, now: datetime
) -> Effective:
    """Return the preferences for `call`: those of the id asked for, else those of the model that serves it.

    `now` is aware, and stands in where the call gives no time. Raises UnknownProfile when the call names a profile that
    does not exist, InvalidParams when its `at` is no time.
    """
    model_id = named_id(prefs, call.model, serving_id)
    table = model_path(prefs, model_id)
    in_force = layers(prefs, model_id, call.profile, call.params)
    by_id = f"registry.models[{msgspec.json.encode(serving_id).decode()}]"
    return Effective(
        call=call,
        prefs=prefs,
        model=prefs.model(model_id),
        table=table,
        path=by_id if table is None else dotted(table),
        layers=in_force,
        profile=in_force.resolve(loaded),
        loaded=loaded,
        at=now.astimezone(UTC) if call.at is None else _time(call.at),
    )


def _time(text: str) -> datetime:
    """Return the time that an ISO 8601 text names, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        example = "2026-08-22T14:00:00Z"
        raise InvalidParams(f"{text[:40]!r} is no time: write it as in {example}.", ErrorData(path="$.at")) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _place(layer: Layer, parameter: str) -> str:
    return layer.key(parameter) or f"params.{parameter}{OF_THE_CALL}"
