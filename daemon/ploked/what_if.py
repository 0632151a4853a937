"""The requests that ask what preferences do: those in force, and those of a text that is not saved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ploked_protocol import plans
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.preferences import ConfigProblem, RegistryPrefs, ResolvedProfile, ResolvedRouting

from . import routing
from .preferences.check import check
from .preferences.live import LivePreferences
from .preferences.load import Loaded, load
from .routing.capabilities import untaken
from .routing.difference import model_diff, models_of, summed_up
from .routing.effective import effective
from .settings import Settings
from .store.base import Clock
from .view import CatalogFacts


class Preferred(NamedTuple):
    """Preferences to plan with, where they stand, and what is wrong with their text."""

    prefs: RegistryPrefs
    loaded: Loaded | None
    problems: list[ConfigProblem]
    broken: bool = False
    """Whether the text could not be read, so that these are the ones in force."""


class WhatIf:
    """The part of RegistryService that holds preferences against each other and against the facts."""

    settings: Settings
    preferences: LivePreferences
    facts: CatalogFacts
    _clock: Clock

    async def preferred(self, config_text: str | None) -> Preferred:
        """Return the preferences of a text that is not saved; without one, those in force.

        A text whose syntax is broken leaves those in force, with the problem.
        """
        live = self.preferences
        if config_text is None:
            return Preferred(live.prefs, live.loaded, [])
        loaded, problems = await asyncio.to_thread(self._read, config_text)
        if loaded.prefs is None:
            return Preferred(live.prefs, live.loaded, problems, broken=True)
        return Preferred(loaded.prefs, loaded, problems)

    def diagnose(self, text: str) -> list[ConfigProblem]:
        """Return what is wrong in a text of config.toml, by itself and against the facts."""
        return self._read(text)[1]

    def plan_now(self, model_id: str, prefs: RegistryPrefs, loaded: Loaded | None = None) -> plans.RoutePlan | None:
        """Return the plan for a model under `prefs`, from memory; None while its endpoints are not known."""
        serving = self.facts.serving_now(model_id)
        if serving is None:
            return None
        call = plans.RoutePlanParams(model=model_id)
        return routing.plan(serving.model, serving.endpoints, prefs, call, serving.freshness, loaded, now=self.now())

    def now(self) -> datetime:
        """Return the time by the service's clock."""
        return datetime.fromtimestamp(self._clock.now_s(), UTC)

    async def effective_profile(self, params: plans.EffectiveProfileParams) -> plans.EffectiveProfile:
        """Answer `ploked/effectiveProfile`; raises UnknownModel, UnknownProfile."""
        given = await self.preferred(params.config_text)
        model_id = params.model or ""
        if params.model is not None and all(model.model != model_id for model in given.prefs.models):
            self.facts.model(model_id)
        serving = self.facts.serving_now(model_id)
        call = plans.RoutePlanParams(model=model_id, profile=params.profile, params=params.params)
        asked = effective(given.prefs, serving.model.id if serving else model_id, call, given.loaded, now=self.now())
        return plans.EffectiveProfile(
            profile=asked.profile,
            routing=ResolvedRouting(asked.routing, asked.routing_origins),
            chain=list(dict.fromkeys(layer.profile for layer in asked.layers.chain if layer.profile)),
            warnings=_untaken(asked.profile, model_id, serving.endpoints if serving else ()),
            problems=given.problems,
        )

    async def preferences_diff(self, params: plans.PreferencesDiffParams) -> plans.PreferencesDiff:
        """Answer `ploked/preferencesDiff` from what is known; nothing is fetched for it."""
        given = await self.preferred(params.config_text)
        before = self.preferences.prefs
        diffs = await asyncio.to_thread(self._diffs, before, given.prefs, params.prompt_tokens)
        return plans.PreferencesDiff(
            models=diffs, problems=given.problems, message=_BROKEN if given.broken else summed_up(diffs)
        )

    def _diffs(self, before: RegistryPrefs, after: RegistryPrefs, prompt_tokens: int | None) -> list[plans.ModelDiff]:
        now = self.now()
        calls = [plans.RoutePlanParams(model=each, prompt_tokens=prompt_tokens) for each in models_of(before, after)]
        return [model_diff(call, self.facts.serving_now(call.model), before, after, now) for call in calls]

    def _read(self, text: str) -> tuple[Loaded, list[ConfigProblem]]:
        loaded = load(text, self.settings.config_path)
        problems = [*loaded.problems, *check(loaded, self.facts, self.now())]
        return loaded, sorted(problems, key=lambda each: (each.line, each.column))


_BROKEN = "The text cannot be read, so nothing is compared: see its problems."


def _untaken(profile: ResolvedProfile, model_id: str, endpoints: Sequence[EndpointRecord]) -> list[plans.PlanWarning]:
    """Return a warning for each parameter that none of the `endpoints` takes."""
    return [
        plans.PlanWarning(
            "parameterUnsupported",
            f"No endpoint of {model_id} takes {name}: the upstream drops it without a word.",
            origin=profile.origins[name].key or "call",
            place=profile.origins[name],
        )
        for name in untaken(profile.params, endpoints)
    ]
