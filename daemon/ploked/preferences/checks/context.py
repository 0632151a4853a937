"""What every check needs: the file, the facts, the time, and how a problem is put at its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.money import Money
from ploked_protocol.plans import RoutePlan, RoutePlanParams
from ploked_protocol.preferences import ConfigProblem, ModelPrefs, RegistryPrefs

from ... import routing
from ...routing.serving import Serving
from ..load import Loaded
from ..positions import START, KeyPath, Part, problem_at
from ..problems import MOST_PROBLEMS
from ..wording import quoted

ROOT: KeyPath = ("registry",)
QUANTIZATIONS = ("int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "unknown")
"""What the upstream takes in `quantizations`; most tags end in one."""
Severity = Literal["error", "warning", "information"]


class CatalogView(Protocol):
    """What a check asks the catalog; answered from memory."""

    def knows_models(self) -> bool:
        """Return whether there are any models: without, none is called unknown."""

    def knows_providers(self) -> bool:
        """Return whether there are any providers."""

    def has_model(self, model_id: str) -> bool:
        """Return whether the catalog lists this id."""

    def has_provider(self, slug_or_tag: str) -> bool:
        """Return whether a provider has this slug, or an endpoint seen so far this tag."""

    def successor(self, model_id: str) -> str | None:
        """Return the listed id that took the place of one that is not listed; None where none is known."""

    def closest_models(self, text: str) -> Sequence[str]:
        """Return listed ids like `text`, best first; never `text` itself."""

    def closest_providers(self, text: str) -> Sequence[str]:
        """Return slugs like `text`, best first; never `text` itself."""

    def provider_slug_of_name(self, name: str) -> str | None:
        """Return the slug of the provider displayed as `name`, in any case; None when there is none."""

    def model_expires(self, model_id: str) -> str | None:
        """Return the ISO date after which the model goes away; None when unknown."""

    def serving_now(self, model_id: str) -> Serving | None:
        """Return who serves a model; None while its endpoints are not known."""

    def known_tags(self) -> Mapping[str, Sequence[str]]:
        """Return the tags of all known endpoints, by the slug of their provider."""

    def lowest_price(self, of: str) -> Money | None:
        """Return what the cheapest model that costs anything asks per million `prompt` or `completion` tokens, USD."""


class Configured(NamedTuple):
    """One model of the file."""

    path: KeyPath
    prefs: ModelPrefs
    endpoints: Sequence[EndpointRecord]
    """As far as they are known; none where the upstream chooses them, nor while they are those bundled with ploked.

    By the bundled ones, which may be months old, most of what is said against a list would be wrong.
    """
    plan: RoutePlan | None
    """Under the preferences of the file; None without endpoints."""


@dataclass(frozen=True)
class Context:
    """One file that is held against the facts of one moment."""

    loaded: Loaded
    prefs: RegistryPrefs
    catalog: CatalogView
    now: datetime
    _offered: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def closest_models(self, text: str) -> list[str]:
        """Return listed ids like `text`, best first."""
        return self._closest("model", self.catalog.closest_models, text)

    def closest_providers(self, text: str) -> list[str]:
        """Return slugs like `text`, best first."""
        return self._closest("provider", self.catalog.closest_providers, text)

    def _closest(self, kind: str, find: Callable[[str], Sequence[str]], text: str) -> list[str]:
        """Return what `find` finds; nothing once many were looked for: they are not shown, and each takes its time."""
        if (kind, text) not in self._offered and len(self._offered) < 2 * MOST_PROBLEMS:
            self._offered[kind, text] = list(find(text))
        return self._offered.get((kind, text), [])

    @cached_property
    def known_tags(self) -> Mapping[str, Sequence[str]]:
        """Return the tags of all known endpoints, by the slug of their provider."""
        return self.catalog.known_tags()

    @cached_property
    def models(self) -> list[Configured]:
        """Return the models of the file, each with what is known of it."""
        return [self._configured((*ROOT, "models", n), model) for n, model in enumerate(self.prefs.models)]

    def _configured(self, path: KeyPath, model: ModelPrefs) -> Configured:
        serving = self.catalog.serving_now(model.model)
        if serving is None or not serving.endpoints or serving.bundled:
            return Configured(path, model, (), None)
        call = RoutePlanParams(model=model.model)
        plan = routing.plan(serving.model, serving.endpoints, self.prefs, call, serving.freshness, now=self.now)
        return Configured(path, model, serving.endpoints, plan)

    def problem(
        self,
        path: KeyPath,
        code: str,
        message: str,
        near: Sequence[str] = (),
        *,
        severity: Severity = "warning",
        suggestion: str | None = None,
        part: Part = "value",
    ) -> ConfigProblem:
        """Return a problem of what is at `path`; the first text in `near`, or else `suggestion`, may take its place."""
        span = self.loaded.positions.find(path, part) or START
        return problem_at(span, severity, code, message, quoted(near[0]) if near else suggestion)

    def line(self, path: KeyPath) -> int:
        """Return the line of what is at `path`."""
        return (self.loaded.positions.find(path) or START).line
