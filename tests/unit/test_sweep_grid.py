"""Planning a sweep: which values, which endpoints, which bodies, under which ids."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from ploked.sweeps.axis import axis_values
from ploked.sweeps.grid import PlannedRequest, left_out, plan_requests
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.errors import InvalidParams, NoEligibleEndpoint
from ploked_protocol.preferences import LLMParameters, ModelPrefs, RegistryPrefs
from ploked_protocol.sweeps import GridAxis, LaunchSweepParams
from ploked_protocol.wire import convert, encode
from sweep_cases import MODEL, axis, endpoint, launch, route

NOVITA, DEEPINFRA = endpoint("novita/fp8"), endpoint("deepinfra/fp4")


def planned(params: LaunchSweepParams, *endpoints: EndpointRecord) -> list[PlannedRequest]:
    return plan_requests(params, route(*(endpoints or (NOVITA, DEEPINFRA))))


HEAT = axis("temperature", "0", "1", 3)


class TestAxis:
    @pytest.mark.parametrize(
        ("grid", "values"),
        [
            (axis("temperature", "0", "1", 6), [0, 0.2, 0.4, 0.6, 0.8, 1]),
            (axis("temperature", "0", "1", 4), [0, 0.333333, 0.666667, 1]),
            (axis("temperature", "0.7", "2", 1), [0.7]),
            (axis("frequency_penalty", "2", "-2", 3), [2, 0, -2]),
            (axis("top_p", "0.0000001", "0.0000003", 3), [1e-7, 2e-7, 3e-7]),
            (axis("temperature", "1", "1", 5), [1]),
        ],
    )
    def test_is_evenly_spaced_with_both_ends(self, grid: GridAxis, values: list[float]) -> None:
        assert axis_values(grid) == values

    def test_of_a_whole_number_is_rounded_and_without_repeats(self) -> None:
        values = axis_values(axis("top_k", "1", "3", 5))
        assert values == [1, 2, 3]
        assert all(type(value) is int for value in values)

    def test_is_exact_on_the_wire_for_any_number_of_steps(self) -> None:
        asked = convert(json.loads('{"parameter":"temperature","start":0,"stop":2,"steps":401}'), GridAxis)
        sent = json.loads(encode(axis_values(asked)), parse_float=Decimal)
        assert [Decimal(value) for value in sent] == [Decimal(step) / 200 for step in range(401)]

    @pytest.mark.parametrize(
        ("grid", "path", "says"),
        [
            (axis("temperature", "0", "2.1", 3), "$.grid[0].stop", "temperature cannot be 2.1: Expected float <= 2.0."),
            (axis("top_k", "-1", "3", 3), "$.grid[0].start", "top_k cannot be -1: Expected int >= 0."),
            (axis("seed", "0", "1e30", 3), "$.grid[0].stop", "seed cannot be 1E+30."),
            (axis("temperature", "NaN", "1", 3), "$.grid[0].start", "temperature cannot be NaN."),
            (axis("temprature", "0", "1", 3), "$.grid[0].parameter", "Did you mean temperature?"),
            (axis("response_format", "0", "1", 3), "$.grid[0].parameter", "There are: temperature, top_p, top_k,"),
            (axis("logprobs", "0", "1", 2), "$.grid[0].parameter", "'logprobs' is not a parameter with a number"),
        ],
    )
    def test_that_makes_no_sense_is_refused_with_its_path(self, grid: GridAxis, path: str, says: str) -> None:
        with pytest.raises(InvalidParams) as caught:
            axis_values(grid)
        assert says in caught.value.message
        assert caught.value.data.path == path

    def test_of_a_misspelt_parameter_suggests_the_closest_first(self) -> None:
        with pytest.raises(InvalidParams) as caught:
            axis_values(axis("temprature", "0", "1", 3))
        assert caught.value.data.suggestions[0] == "temperature"
        assert "max_tokens" in caught.value.data.suggestions


class TestProduct:
    def test_is_axes_by_seeds_by_endpoints(self) -> None:
        requests = planned(launch(HEAT, axis("top_p", "0.5", "1", 2), seeds=[1, 2]))
        assert len(requests) == 3 * 2 * 2 * 2
        assert requests[0].params == {"temperature": 0, "top_p": 0.5, "seed": 1}
        assert [request.tag for request in requests[:3]] == ["novita/fp8", "deepinfra/fp4", "novita/fp8"]
        assert requests[2].label == "temperature=0 top_p=0.5 seed=2"

    def test_of_nothing_is_the_plan_for_each_endpoint(self) -> None:
        requests = planned(launch())
        assert [(request.label, request.params) for request in requests] == [("as planned", {})] * 2

    def test_routed_is_one_request_a_variant(self) -> None:
        requests = planned(launch(HEAT, per_endpoint=False))
        assert [(request.tag, request.endpoint) for request in requests] == [(None, None)] * 3
        assert requests[0].request_id.startswith(f"{MODEL}|routed|temperature=0#")
        assert requests[0].body["provider"] == {"require_parameters": True}

    def test_too_large_is_refused_before_it_is_made(self) -> None:
        axes = [axis(name, "0", "1", 5000) for name in ("temperature", "top_p", "min_p", "top_a")]
        with pytest.raises(InvalidParams, match="would send 1250000000000000 requests; at most 10000") as caught:
            planned(launch(*axes), endpoint("a", None), endpoint("b", None))
        assert caught.value.data.path == "$.grid"

    def test_of_exactly_the_most_is_taken(self) -> None:
        assert len(planned(launch(axis("temperature", "0", "1", 5000)))) == 10_000

    @pytest.mark.parametrize(
        ("params", "path"),
        [
            (launch(HEAT, HEAT), "$.grid"),
            (launch(axis("seed", "1", "3", 3), seeds=[1]), "$.seeds"),
            (launch(seeds=[1, 2**70]), "$.seeds[1]"),
        ],
    )
    def test_with_one_parameter_twice_or_a_bad_seed_is_refused(self, params: LaunchSweepParams, path: str) -> None:
        with pytest.raises(InvalidParams) as caught:
            planned(params)
        assert caught.value.data.path == path

    def test_of_two_endpoints_with_one_tag_has_the_first(self) -> None:
        twin = endpoint("novita/fp8", ordinal=1)
        requests = planned(launch(HEAT), NOVITA, twin, DEEPINFRA)
        assert [request.tag for request in requests[:2]] == ["novita/fp8", "deepinfra/fp4"]
        assert requests[0].endpoint == NOVITA


class TestBody:
    def test_pins_the_whole_tag_and_asks_for_obedience(self) -> None:
        request = planned(launch(HEAT, seeds=[7]))[2]
        assert request.body == {
            "model": MODEL,
            "messages": [{"role": "user", "content": "Say hello in one short sentence."}],
            "temperature": 0.5,
            "seed": 7,
            "provider": {"only": ["novita/fp8"], "allow_fallbacks": False, "require_parameters": True},
        }

    def test_keeps_the_profile_under_the_variant(self) -> None:
        routed = route(NOVITA, params=LLMParameters(top_p=0.9, temperature=2.0))
        bodies = [request.body for request in plan_requests(launch(HEAT), routed)]
        assert [(body["top_p"], body["temperature"]) for body in bodies] == [(0.9, 0), (0.9, 0.5), (0.9, 1)]

    def test_of_the_plan_is_left_as_it_was(self) -> None:
        routed = route(NOVITA)
        before = encode(routed)
        plan_requests(launch(HEAT), routed)
        assert encode(routed) == before

    def test_without_axes_asks_for_no_more_than_the_plan(self) -> None:
        assert "require_parameters" not in planned(launch())[0].body["provider"]


class TestLeftOut:
    def test_is_an_endpoint_that_lacks_an_axis(self) -> None:
        dull = endpoint("dull", ("max_tokens", "top_p"))
        params, routed = launch(HEAT, seeds=[1]), route(NOVITA, dull)
        assert {request.tag for request in plan_requests(params, routed)} == {"novita/fp8"}
        assert left_out(params, routed) == "Left out: dull does not take temperature and seed."

    def test_is_an_endpoint_that_lacks_what_the_profile_sends(self) -> None:
        hot = endpoint("hot", ("temperature",))
        params, routed = launch(HEAT), route(NOVITA, hot, params=LLMParameters(top_p=0.5))
        assert left_out(params, routed) == "Left out: hot does not take top_p."

    def test_is_no_endpoint_that_does_not_say_what_it_takes(self) -> None:
        params, routed = launch(HEAT), route(NOVITA, endpoint("quiet", None))
        assert len(plan_requests(params, routed)) == 6
        assert left_out(params, routed) is None

    @pytest.mark.parametrize("per_endpoint", [True, False])
    def test_being_all_of_them_is_an_error_that_names_them(self, per_endpoint: bool) -> None:
        with pytest.raises(NoEligibleEndpoint, match="dull does not take temperature"):
            planned(launch(HEAT, per_endpoint=per_endpoint), endpoint("dull", ("top_p",)))

    def test_by_the_plan_already_is_an_error_with_its_words(self) -> None:
        banned = RegistryPrefs(models=[ModelPrefs(model=MODEL, banned_providers=["novita"])])
        with pytest.raises(NoEligibleEndpoint):
            plan_requests(launch(HEAT), route(NOVITA, prefs=banned))

    def test_a_model_without_endpoints_of_its_own_is_routed(self) -> None:
        requests = plan_requests(launch(HEAT), route())
        assert [request.tag for request in requests] == [None] * 3


class TestIds:
    def test_are_stable_and_read_model_tag_label_hash(self) -> None:
        first, again = planned(launch(HEAT)), planned(launch(HEAT))
        assert [request.request_id for request in first] == [request.request_id for request in again]
        head, _, digest = first[2].request_id.partition("#")
        assert head == f"{MODEL}|novita/fp8|temperature=0.5"
        assert len(digest) == 12

    def test_change_with_anything_in_the_body(self) -> None:
        one = plan_requests(launch(HEAT), route(NOVITA, prompt="a"))
        other = plan_requests(launch(HEAT), route(NOVITA, prompt="b"))
        assert not {request.request_id for request in one} & {request.request_id for request in other}

    def test_of_a_repeated_seed_tell_the_replicates_apart(self) -> None:
        requests = planned(launch(seeds=[1, 1, 1]), NOVITA)
        assert len({request.request_id for request in requests}) == 3
        assert len({request.label for request in requests}) == 1
