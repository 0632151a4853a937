"""Checks preferences against the facts: models, providers, profiles and parameters that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Protocol

from ploked_protocol.keys import SLUGS_OF_AUTHORS, InvalidKeyError, ModelKey, ProviderKey
from ploked_protocol.preferences import ConfigProblem, ModelPrefs, ModelProfile, RegistryPrefs

from .load import Loaded
from .positions import START, KeyPath, problem_at
from .wording import closest, did_you_mean, quoted

# fmt: off
KNOWN_PARAMETERS = (
    "temperature", "top_p", "top_k", "min_p", "top_a", "frequency_penalty", "presence_penalty", "repetition_penalty",
    "max_tokens", "max_completion_tokens", "logit_bias", "logprobs", "top_logprobs", "prediction", "seed",
    "response_format", "structured_outputs", "stop", "tools", "tool_choice", "parallel_tool_calls",
    "include_reasoning", "reasoning", "reasoning_effort", "web_search_options", "verbosity",
)
# fmt: on
"""The `Parameter` enum of OpenRouter's OpenAPI specification. It grows, so an unknown name is only warned about."""

BUILT_IN_PROFILES = ("default",)
SOON = timedelta(days=30)


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

    def closest_models(self, text: str) -> Sequence[str]:
        """Return listed ids like `text`, best first; never `text` itself."""

    def closest_providers(self, text: str) -> Sequence[str]:
        """Return slugs like `text`, best first; never `text` itself."""

    def provider_slug_of_name(self, name: str) -> str | None:
        """Return the slug of the provider displayed as `name`, in any case; None when there is none."""

    def model_expires(self, model_id: str) -> str | None:
        """Return the ISO date after which the model goes away; None when unknown."""


def check(loaded: Loaded, catalog: CatalogView, today: date) -> list[ConfigProblem]:
    """Return what the facts say against `loaded`, in the order of the file; nothing when the file is broken.

    Warnings where the facts may be older than the file (models, providers, parameters), errors within the file.
    """
    if loaded.prefs is None:
        return []
    checker = _Checker(loaded, catalog, today)
    return sorted(checker.problems(loaded.prefs), key=lambda problem: (problem.line, problem.column))


class _Checker:
    def __init__(self, loaded: Loaded, catalog: CatalogView, today: date) -> None:
        self._loaded = loaded
        self._catalog = catalog
        self._today = today

    def problems(self, prefs: RegistryPrefs) -> Iterator[ConfigProblem]:
        root = ("registry",)
        shared = [profile.name for profile in prefs.profiles]
        yield from self._profile(prefs.global_default_profile, shared, (*root, "global_default_profile"))
        for name in ("order", "only", "ignore"):
            yield from self._providers(getattr(prefs.routing, name) or [], (*root, "routing", name))
        for index, model in enumerate(prefs.models):
            yield from self._model(model, shared, (*root, "models", index))

    def _model(self, model: ModelPrefs, shared: list[str], path: KeyPath) -> Iterator[ConfigProblem]:
        yield from self._model_id(model.model, (*path, "model"))
        names = [*_names(model.profiles), *shared]
        yield from self._profile(model.default_profile, names, (*path, "default_profile"))
        for name in ("allowed_providers", "banned_providers", "selected_endpoints"):
            yield from self._providers(getattr(model, name), (*path, name))
        yield from self._parameters(model.required_supported_params, (*path, "required_supported_params"))

    def _profile(self, name: str | None, names: list[str], path: KeyPath) -> Iterator[ConfigProblem]:
        if name is None or name in names or name in BUILT_IN_PROFILES:
            return
        known = [*dict.fromkeys(names), *BUILT_IN_PROFILES]
        near = closest(name, known)
        falls = "the built-in profile" if path[-1] == "global_default_profile" else "the global default"
        message = f"There is no profile of this name: {falls} is used instead." + (
            did_you_mean(near) or f" There are {', '.join(quoted(each) for each in known)}."
        )
        yield self._problem(path, "unknownProfile", message, near, severity="error")

    def _model_id(self, model_id: str, path: KeyPath) -> Iterator[ConfigProblem]:
        try:
            key = ModelKey.parse(model_id)
        except InvalidKeyError as error:
            near = self._catalog.closest_models(model_id)
            yield self._problem(path, "badModelId", f"{error}.{did_you_mean(near)}", near)
            return
        if not self._catalog.knows_models() or key.alias or key.is_router or key.listed is None:
            return
        listed = str(key.listed)
        if not self._catalog.has_model(listed):
            near = self._catalog.closest_models(listed)
            message = f"The catalog lists no model of this id.{did_you_mean(near)}"
            suffix = model_id.removeprefix(listed)  # of a virtual variant or a preset: they fit any model
            yield self._problem(path, "unknownModel", message, [each + suffix for each in near])
            return
        yield from self._expiry(listed, path)

    def _expiry(self, model_id: str, path: KeyPath) -> Iterator[ConfigProblem]:
        try:
            last_day = date.fromisoformat(self._catalog.model_expires(model_id) or "")
        except ValueError:
            return
        if last_day - self._today > SOON:
            return
        goes = "goes away on" if last_day >= self._today else "went away on"
        message = f"{model_id} {goes} {last_day.isoformat()}, by the catalog: choose another model in time."
        yield self._problem(path, "modelExpires", message)

    def _providers(self, entries: list[str], path: KeyPath) -> Iterator[ConfigProblem]:
        if not self._catalog.knows_providers():
            return
        for index, entry in enumerate(entries):
            # The endpoints of most models are not fetched yet, so that an unseen tag of a known provider may be right.
            slug = ProviderKey.of_tag(entry).slug
            if self._catalog.has_provider(entry) or self._catalog.has_provider(slug):
                continue
            near = self._likely_providers(entry, slug)
            message = f"No provider has this slug or tag.{did_you_mean(near)}"
            yield self._problem((*path, index), "unknownProvider", message, near)

    def _likely_providers(self, entry: str, slug: str) -> list[str]:
        """Return what `entry` may stand for: the author of a model, a display name, another case, a slip."""
        rest = entry.removeprefix(slug)
        lower = slug.lower()
        if known := [each + rest for each in SLUGS_OF_AUTHORS.get(lower, ()) if self._catalog.has_provider(each)]:
            return known
        if (named := self._catalog.provider_slug_of_name(entry)) and named != entry:
            return [named]
        if slug != lower and self._catalog.has_provider(lower):
            return [lower + rest]
        return list(self._catalog.closest_providers(slug))

    def _parameters(self, entries: Iterable[str], path: KeyPath) -> Iterator[ConfigProblem]:
        for index, entry in enumerate(entries):
            if entry not in KNOWN_PARAMETERS:
                near = closest(entry, KNOWN_PARAMETERS)
                message = f"No parameter of this name is known.{did_you_mean(near)}"
                yield self._problem((*path, index), "unknownParameter", message, near)

    def _problem(
        self, path: KeyPath, code: str, message: str, near: Sequence[str] = (), severity: str = "warning"
    ) -> ConfigProblem:
        span = self._loaded.positions.find(path) or START
        suggestion = quoted(near[0]) if near else None
        return problem_at(span, "error" if severity == "error" else "warning", code, message, suggestion)


def _names(profiles: Iterable[ModelProfile]) -> list[str]:
    return [profile.name for profile in profiles]
