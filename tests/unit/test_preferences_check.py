"""Checking preferences against the catalog; the wording and the places stand in fixtures/configs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from catalog_view import FixtureCatalog
from ploked.preferences.check import check
from ploked.preferences.load import load
from ploked_protocol.preferences import ConfigProblem

NOW = datetime(2026, 12, 10, 12, tzinfo=UTC)


def problems(text: str, catalog: FixtureCatalog | None = None, now: datetime = NOW) -> list[ConfigProblem]:
    return check(load(f"version = 1\n{text}", "config.toml"), catalog or FixtureCatalog(), now)


def of_model(pairs: str, catalog: FixtureCatalog | None = None) -> list[ConfigProblem]:
    return problems(f'[[registry.models]]\nmodel = "moonshotai/kimi-k2"\n{pairs}', catalog)


@pytest.mark.parametrize(
    "model",
    [
        "moonshotai/kimi-k2",
        "moonshotai/kimi-k2:nitro",
        "moonshotai/kimi-k2:online",
        "moonshotai/kimi-k2@preset/terse",
        "nvidia/nemotron-nano-9b-v2:free@preset/x",
        "@preset/terse",
        "~nobody/nothing-latest",
        "openrouter/auto",
        "openrouter/not-heard-of",
    ],
)
def test_no_form_of_a_known_id_is_called_unknown(model: str) -> None:
    found = problems(f'[[registry.models]]\nmodel = "{model}"')
    assert [problem.code for problem in found if problem.code != "modelExpires"] == []


@pytest.mark.parametrize("model", ["moonshotai/kimi-k22", "moonshotai/kimi-k22:floor", "moonshotai/kimi-k2:fre"])
def test_an_unknown_model_is_a_warning_that_offers_others_and_never_itself(model: str) -> None:
    (problem,) = problems(f'[[registry.models]]\nmodel = "{model}"')
    assert (problem.code, problem.severity) == ("unknownModel", "warning")
    assert problem.suggestion is not None
    assert problem.suggestion.startswith('"moonshotai/kimi-k2')
    assert f'"{model}"' not in problem.message
    assert problem.suggestion != f'"{model}"'


def test_an_id_whose_successor_is_known_is_called_retired_and_offers_it() -> None:
    catalog = FixtureCatalog(successors={"moonshotai/kimi-k1:floor": "moonshotai/kimi-k2:floor"})
    (problem,) = problems('[[registry.models]]\nmodel = "moonshotai/kimi-k1:floor"', catalog)
    assert (problem.code, problem.severity) == ("retiredModel", "warning")
    assert problem.suggestion == '"moonshotai/kimi-k2:floor"'
    assert '"moonshotai/kimi-k2:floor" took its place' in problem.message


def test_an_id_of_no_form_is_told_apart_from_an_unknown_one() -> None:
    (problem,) = problems('[[registry.models]]\nmodel = "kimi-k2"')
    assert problem.code == "badModelId"
    assert "author/slug" in problem.message


def test_an_empty_catalog_calls_nothing_unknown_and_still_knows_what_the_file_defines() -> None:
    text = '[[registry.models]]\nmodel = "no/such"\nallowed_providers = ["no-such"]\ndefault_profile = "no-such"'
    found = problems(text, FixtureCatalog(models=False, providers=False))
    assert [problem.code for problem in found] == ["unknownProfile"]


@pytest.mark.parametrize("key", ["allowed_providers", "banned_providers", "selected_endpoints"])
def test_providers_are_checked_wherever_a_model_names_them(key: str) -> None:
    (problem,) = of_model(f'{key} = ["novita", "deepinfra/never-seen", "novitaa"]')
    assert (problem.code, problem.severity, problem.suggestion) == ("unknownProvider", "warning", '"novita"')


@pytest.mark.parametrize("key", ["order", "only", "ignore"])
def test_providers_are_checked_wherever_the_routing_names_them(key: str) -> None:
    (problem,) = problems(f'[registry.routing]\n{key} = ["novita", "novitaa"]')
    assert (problem.code, problem.line, problem.column) == ("unknownProvider", 3, len(f"{key} = ['novita', ") + 1)


@pytest.mark.parametrize(
    ("entry", "slug"),
    [
        ("Moonshot AI", "moonshotai"),
        ("Z.AI", "z-ai"),
        ("x-ai", "xai"),
        ("x-ai/fast", "xai/fast"),
        ("mistralai", "mistral"),
        ("google", "google-vertex"),
        ("Google", "google-vertex"),
        ("DeepInfra/fp8", "deepinfra/fp8"),
    ],
)
def test_display_names_and_authors_are_offered_as_slugs(entry: str, slug: str) -> None:
    (problem,) = of_model(f'allowed_providers = ["{entry}"]')
    assert problem.suggestion == f'"{slug}"'
    assert f'"{slug}"' in problem.message


def test_profiles_may_be_the_models_own_a_global_one_or_the_built_in_one() -> None:
    profiles = '[[registry.profiles]]\nname = "shared"\n'
    for name in ("own", "shared", "default"):
        model = f'[[registry.models]]\nmodel = "openrouter/auto"\ndefault_profile = "{name}"\n'
        assert problems(profiles + model + 'profiles = [{ name = "own" }]') == []


def test_the_global_default_cannot_be_the_profile_of_a_model() -> None:
    model = '[[registry.models]]\nmodel = "openrouter/auto"\nprofiles = [{ name = "own" }]'
    (problem,) = problems(f'[registry]\nglobal_default_profile = "own"\n{model}')
    assert (problem.code, problem.severity, problem.line) == ("unknownProfile", "error", 3)
    assert "the built-in profile is used instead" in problem.message


def test_required_parameters_are_those_of_the_api() -> None:
    (problem,) = of_model('required_supported_params = ["tools", "web_search_options", "tempe"]')
    assert (problem.code, problem.severity, problem.suggestion) == ("unknownParameter", "warning", '"temperature"')


@pytest.mark.parametrize(("days", "words"), [(-1, "went away on"), (0, "goes away on"), (30, "goes away on")])
def test_a_model_that_goes_away_within_thirty_days_is_warned_about(days: int, words: str) -> None:
    now = datetime(2026, 12, 31, 12, tzinfo=UTC) - timedelta(days=days)
    (problem,) = problems('[[registry.models]]\nmodel = "z-ai/glm-4.5:nitro"', now=now)
    assert (problem.code, problem.severity) == ("modelExpires", "warning")
    assert f"{words} 2026-12-31" in problem.message


def test_a_model_that_goes_away_later_is_not() -> None:
    assert problems('[[registry.models]]\nmodel = "z-ai/glm-4.5"', now=datetime(2026, 11, 30, tzinfo=UTC)) == []


def test_a_place_counts_the_entries_of_the_file_though_some_were_left_out() -> None:
    (problem,) = of_model('allowed_providers = [\n  3,\n  "novita",\n  "novitaa",\n]')
    assert (problem.line, problem.column, problem.end_column) == (7, 3, 12)


def test_a_broken_file_has_nothing_to_check() -> None:
    assert problems("[registry") == []
