"""The requests that ask what preferences do: those in force, and those of a text that is not saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from ploked_protocol import plans
from ploked_protocol.errors import PlokedError
from ploked_protocol.preferences import ConfigProblem, RegistryPrefs, ResolvedRouting

from . import routing
from .preferences.changes import edit_preferences
from .preferences.check import check
from .preferences.live import LivePreferences
from .preferences.load import Loaded, load
from .preferences.problems import foremost
from .routing.difference import model_diff, models_of, summed_up
from .routing.effective import Effective, effective
from .routing.notices import unsupported
from .settings import Settings
from .store.base import Clock
from .threads import think
from .view import CatalogFacts

MOST_CHANGES = 8
"""How many ways to bring endpoints back are offered at once."""


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
        loaded, problems = await think(self._read, config_text)
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

    def routing_now(self, model_id: str, text: str) -> ResolvedRouting | None:
        """Return the routing preferences in effect for a model under `text`; None while that is broken."""
        loaded = load(text, self.settings.config_path)
        return None if loaded.prefs is None else _routing(self._effective(loaded.prefs, loaded, model_id))

    def relaxed(self, model_id: str, text: str) -> list[tuple[str, str]]:
        """Return the smallest changes that bring endpoints back, in words, each with the text that it makes.

        None unless `text` leaves the model without endpoints, as far as these are known; none while it is broken.
        """
        loaded = load(text, self.settings.config_path)
        plan = None if loaded.prefs is None else self.plan_now(model_id, loaded.prefs, loaded)
        if plan is None or plan.endpoints:
            return []
        applicable = [each for each in plan.relaxations if each.applicable][:MOST_CHANGES]
        return [(each.message, edited) for each in applicable if (edited := _edited(text, each)) is not None]

    def now(self) -> datetime:
        """Return the time by the service's clock."""
        return datetime.fromtimestamp(self._clock.now_s(), UTC)

    async def effective_profile(self, params: plans.EffectiveProfileParams) -> plans.EffectiveProfile:
        """Answer `ploked/effectiveProfile`; raises UnknownModel, UnknownProfile."""
        given = await self.preferred(params.config_text)
        model_id = params.model or ""
        if params.model is not None and all(model.model != model_id for model in given.prefs.models):
            await self.facts.asked_for(model_id)
        serving = self.facts.serving_now(model_id)
        asked = self._effective(given.prefs, given.loaded, model_id, profile=params.profile, params=params.params)
        return plans.EffectiveProfile(
            profile=asked.profile,
            routing=_routing(asked),
            chain=asked.layers.profiles,
            warnings=unsupported(asked, serving.endpoints) if serving and serving.endpoints else [],
            problems=given.problems,
        )

    async def preferences_diff(self, params: plans.PreferencesDiffParams) -> plans.PreferencesDiff:
        """Answer `ploked/preferencesDiff` from what is known; nothing is fetched for it."""
        given = await self.preferred(params.config_text)
        before = self.preferences.prefs
        diffs = await think(self._diffs, before, given.prefs, params.prompt_tokens)
        return plans.PreferencesDiff(
            models=diffs, problems=given.problems, message=_BROKEN if given.broken else summed_up(diffs)
        )

    def _effective(self, prefs: RegistryPrefs, loaded: Loaded | None, model_id: str, **call: Any) -> Effective:
        """Return the preferences in effect for a model; those of all models for an empty id."""
        serving = self.facts.serving_now(model_id)
        asked = plans.RoutePlanParams(model=model_id, **call)
        return effective(prefs, serving.model.id if serving else model_id, asked, loaded, now=self.now())

    def _diffs(self, before: RegistryPrefs, after: RegistryPrefs, prompt_tokens: int | None) -> list[plans.ModelDiff]:
        now = self.now()
        calls = [plans.RoutePlanParams(model=each, prompt_tokens=prompt_tokens) for each in models_of(before, after)]
        return [model_diff(call, self.facts.serving_now(call.model), before, after, now) for call in calls]

    def _read(self, text: str) -> tuple[Loaded, list[ConfigProblem]]:
        loaded = load(text, self.settings.config_path)
        problems = [*loaded.problems, *check(loaded, self.facts, self.now())]
        return loaded, foremost(sorted(problems, key=lambda each: (each.line, each.column)))


def _edited(text: str, relaxation: plans.Relaxation) -> str | None:
    """Return `text` with the edits made; None where its layout is beyond what can be followed."""
    try:
        return edit_preferences(text, relaxation.edits)
    except PlokedError:
        return None


def _routing(asked: Effective) -> ResolvedRouting:
    return ResolvedRouting(asked.routing, asked.routing_origins)


_BROKEN = "The text cannot be read, so nothing is compared: see its problems."
