"""From a text to a plan, and by the edits of a relaxation back into the text: exactly what was promised comes back."""

from __future__ import annotations

from config_texts import configs
from hypothesis import given
from hypothesis import strategies as st
from ploked.preferences.changes import edit_preferences
from ploked.preferences.load import load
from ploked.routing import plan
from ploked_protocol.plans import RoutePlan, RoutePlanParams
from ploked_protocol.preferences import LLMParameters
from routing_cases import FRESH, KIMI, LISTED, MODEL, NOW

calls = st.builds(
    RoutePlanParams,
    model=st.sampled_from([KIMI, f"{KIMI}:nitro"]),
    params=st.sampled_from([LLMParameters(), LLMParameters(top_k=3), LLMParameters(max_tokens=20_000)]),
    prompt_tokens=st.none() | st.just(1_000),
)


def planned(text: str, call: RoutePlanParams) -> RoutePlan:
    loaded = load(text, "config.toml")
    assert loaded.prefs is not None, loaded.problems
    return plan(MODEL, LISTED, loaded.prefs, call, FRESH, loaded, now=NOW)


@given(configs().map(lambda config: config.text), calls)
def test_edits_of_a_relaxation_bring_back_exactly_its_endpoints(text: str, call: RoutePlanParams) -> None:
    before = planned(text, call)
    kept = {endpoint.key for endpoint in before.endpoints}
    for relaxation in before.relaxations:
        if relaxation.applicable:
            after = planned(edit_preferences(text, relaxation.edits), call)
            assert {endpoint.key for endpoint in after.endpoints} - kept == set(relaxation.brings_back), relaxation
