"""What a change of preferences does to a model: always what two whole plans would say, and nothing else."""

from __future__ import annotations

from itertools import product

import pytest
from ploked.routing.difference import model_diff, models_of, summed_up
from ploked.routing.serving import Serving
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.money import Money
from ploked_protocol.plans import ModelDiff, RoutePlanParams
from routing_cases import FRESH, KIMI, LISTED, MODEL, NOW, plan_of, prefs_of

OF_MODEL = f'[[registry.models]]\nmodel = "{KIMI}"\n'
TEXTS = [
    "",
    "[registry.routing]\nmax_price = { prompt = 0.5 }",
    '[registry.routing]\nonly = ["novita", "deepinfra"]\nsort = "price"',
    '[registry.routing]\nonly = ["nobody"]',
    OF_MODEL + 'banned_providers = ["novita"]\nrequired_supported_params = ["seed"]',
    OF_MODEL + 'allowed_providers = ["groq", "moonshotai/priority"]',
    OF_MODEL + 'profiles = [{ name = "a", params = { tools_required = true, seed = 1 } }]\ndefault_profile = "a"',
    '[registry]\nglobal_default_profile = "a"\n[[registry.profiles]]\nname = "a"\nparams = { max_tokens = 20000 }',
]


def diff(before: str, after: str, endpoints: list[EndpointRecord] | None = None, model: str = KIMI) -> ModelDiff:
    serving = Serving(MODEL, LISTED if endpoints is None else endpoints, FRESH)
    return model_diff(RoutePlanParams(model=model), serving, prefs_of(before), prefs_of(after), NOW)


@pytest.mark.parametrize(("before", "after"), list(product(TEXTS, TEXTS)))
def test_a_difference_is_that_of_two_plans(before: str, after: str) -> None:
    found, was, becomes = diff(before, after), plan_of(before), plan_of(after)
    old, new = ({endpoint.key for endpoint in plan.endpoints} for plan in (was, becomes))
    assert (set(found.gained), set(found.lost)) == (new - old, old - new)
    assert found.changed == (was.request != becomes.request or old != new)
    assert (found.message is None) == (not found.changed)
    for summary, plan in ((found.before, was), (found.after, becomes)):
        assert (summary.eligible, summary.total) == (len(plan.endpoints), len(LISTED))
        prices = [each.pricing.prompt_per_1m for each in plan.endpoints if each.pricing.prompt_per_1m is not None]
        assert (summary.lowest_prompt_per_1m, summary.highest_prompt_per_1m) == (
            min(prices, default=None),
            max(prices, default=None),
        )


def test_a_difference_is_told_in_words_with_the_price_range() -> None:
    found = diff("", "[registry.routing]\nmax_price = { completion = 2.2 }")
    assert found.message == "It loses novita/fp8, moonshotai, baseten, groq."
    assert (found.before.highest_completion_per_1m, found.after.highest_completion_per_1m) == (Money("3"), Money("2.2"))


def test_a_model_that_loses_its_last_endpoint_says_so() -> None:
    assert str(diff("", TEXTS[3]).message).endswith(": none is left.")


def test_a_model_whose_endpoints_the_upstream_chooses_differs_by_its_request() -> None:
    found = diff("", '[registry.routing]\nsort = "price"', endpoints=[])
    assert (found.changed, found.after.total) == (True, 0)
    assert diff(TEXTS[1], TEXTS[1], endpoints=[]).changed is False


def test_a_virtual_variant_goes_by_the_preferences_of_its_model() -> None:
    assert diff("", OF_MODEL + 'banned_providers = ["novita"]', model=f"{KIMI}:nitro").lost


def test_of_a_model_that_nobody_is_known_to_serve_nothing_is_said() -> None:
    found = model_diff(RoutePlanParams(model="a/b"), None, prefs_of(""), prefs_of(TEXTS[2]), NOW)
    assert (found.known, found.changed, found.gained, found.lost) == (False, False, [], [])
    assert summed_up([found]) == "Nothing changes for any model; of 1 the endpoints are not known yet."


def test_models_are_those_that_one_of_both_names() -> None:
    one, other = (f'[[registry.models]]\nmodel = "{name}"\n' for name in ("a/b", "c/d"))
    assert models_of(prefs_of(one), prefs_of(other + one)) == ["a/b", "c/d"]
