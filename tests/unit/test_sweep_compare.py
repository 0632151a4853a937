"""Plan versus actual: what an answer deviates in, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from ploked.sweeps.compare import compared, in_words
from ploked.sweeps.grid import PlannedRequest, plan_requests
from ploked.sweeps.outcome import Reply, read_reply
from ploked_protocol.catalog import EndpointRecord, PriceOverride, Pricing
from ploked_protocol.money import Money
from ploked_protocol.plans import PlannedAndActual
from ploked_protocol.preferences import LLMParameters
from ploked_protocol.sweeps import SweepRow
from sweep_cases import ALL, MODEL, axis, endpoint, launch, route

NOON = "2026-08-22T12:00:00.000+00:00"
CANONICAL = f"{MODEL}-20251201"
NAMES = [MODEL, CANONICAL]

Json = dict[str, Any]


def priced(prompt: str = "0.000001", completion: str = "0.000002", **more: Any) -> Pricing:
    return Pricing.per_token(Money(prompt), Money(completion), **more)


def row_of(tag: str, name: str | None = None, parameters: Any = ALL, pricing: Pricing | None = None) -> EndpointRecord:
    found = endpoint(tag, parameters, pricing=pricing or priced())
    return msgspec.structs.replace(found, provider_name=name or tag.partition("/")[0].title())


NOVITA, INFRA, TURBO, GROQ = row_of("novita/fp8"), row_of("infra/fp4"), row_of("infra/turbo"), row_of("groq")
ROWS = [NOVITA, INFRA, TURBO, GROQ]


def pinned(tag: str = "novita/fp8", rows: list[EndpointRecord] = ROWS, names: list[str] = NAMES) -> PlannedRequest:
    """Return a request that may be served by `tag` alone."""
    requests = plan_requests(launch(axis("temperature", "0", "0", 1)), route(*rows, prompt="hi"), names)
    return next(request for request in requests if request.tag == tag)


def routed(*rows: EndpointRecord, names: list[str] = NAMES, selected: Any = None, **call: Any) -> PlannedRequest:
    """Return a request that may be served by `selected` of the `rows`."""
    plan = route(*rows, selected_endpoints=selected, **call)
    (request,) = plan_requests(launch(per_endpoint=False), plan, names)
    return request


def answer(
    provider: str = "Novita", model: str = CANONICAL, metadata: Any = None, usage: Json | None = None, **more: Any
) -> Json:
    used = {"prompt_tokens": 100, "completion_tokens": 50, "cost": 0.0002, "is_byok": False, **(usage or {})}
    choice = {"finish_reason": "stop", "message": {"content": "hi"}}
    found = {"provider": provider, "model": model, "choices": [choice], "usage": used, **more}
    return found if metadata is None else {**found, "openrouter_metadata": metadata}


def compare(request: PlannedRequest, body: Any, status: int = 200) -> tuple[SweepRow, PlannedAndActual]:
    raw = json.dumps(body).encode()
    return compared(request, read_reply(request, Reply(status, raw, 12.5), NOON), raw)


def codes(request: PlannedRequest, body: Any) -> list[str]:
    row, comparison = compare(request, body)
    assert row.deviations == comparison.deviations
    return [deviation.code for deviation in comparison.deviations]


def test_an_answer_as_planned_deviates_in_nothing() -> None:
    row, comparison = compare(pinned(), answer())
    assert (row.served_tag, row.deviations) == ("novita/fp8", [])
    assert comparison == PlannedAndActual(
        request_id=row.request_id,
        planned_model=MODEL,
        planned_tags=["novita/fp8"],
        planned_cost=Money("0.0002"),
        actual_model=CANONICAL,
        actual_provider="Novita",
        actual_tag="novita/fp8",
        actual_cost=Money("0.0002"),
    )


class TestWhoServed:
    def test_a_provider_that_the_request_does_not_admit_is_outside_the_plan(self) -> None:
        row, comparison = compare(pinned(), answer("Groq"))
        (deviation,) = comparison.deviations
        assert (deviation.code, deviation.planned, deviation.actual) == ("servedOutsidePlan", "novita/fp8", "groq")
        assert deviation.message == "groq served, which the plan leaves out."
        assert row.served_tag == "groq"

    def test_a_provider_that_is_not_known_for_the_model_is_too(self) -> None:
        row, comparison = compare(pinned(), answer("Elsewhere"))
        assert [each.message for each in comparison.deviations] == [
            "Elsewhere served, which the catalog does not list for this model."
        ]
        assert row.served_tag is None

    def test_the_one_endpoint_of_the_provider_that_is_admitted_is_taken_to_have_served(self) -> None:
        assert compare(pinned("infra/fp4"), answer("Infra"))[0].served_tag == "infra/fp4"

    def test_which_of_two_endpoints_of_a_provider_served_cannot_be_told_from_its_name(self) -> None:
        row, comparison = compare(routed(*ROWS), answer("Infra"))
        assert (row.served_tag, row.deviations) == (None, [])
        assert comparison.planned_tags == ["novita/fp8", "infra/fp4", "infra/turbo", "groq"]

    @pytest.mark.parametrize("name", ["NOVITA", "novita", "No-vita"])
    def test_names_of_providers_are_told_apart_by_letters_alone(self, name: str) -> None:
        assert codes(pinned(), answer(name)) == []

    def test_a_tag_in_the_metadata_says_it_whatever_its_field_is_called(self) -> None:
        metadata = {"endpoints": {"total": 2, "available": [{"slug": "infra/turbo", "selected": True}, {"x": 1}]}}
        row, comparison = compare(pinned("infra/fp4"), answer("Infra", metadata=metadata))
        assert row.served_tag == "infra/turbo"
        assert [each.code for each in comparison.deviations] == ["servedOutsidePlan"]

    def test_the_provider_is_taken_from_the_metadata_where_the_answer_has_none(self) -> None:
        metadata = {"endpoints": [{"provider": "Groq", "selected": True}]}
        assert codes(pinned(), {**answer(metadata=metadata), "provider": None}) == ["servedOutsidePlan"]

    @pytest.mark.parametrize(
        "metadata",
        [7, [], "x", {"endpoints": 7, "attempts": {}}, {"endpoints": {"available": [None, {"selected": 1}]}}],
    )
    def test_metadata_of_another_shape_say_nothing(self, metadata: Any) -> None:
        assert codes(pinned(), answer(metadata=metadata)) == []

    def test_where_the_upstream_chooses_the_endpoints_none_is_outside(self) -> None:
        assert codes(routed(names=[]), answer("Anyone", model="any/model")) == []


class TestWhichModel:
    @pytest.mark.parametrize("model", [MODEL, CANONICAL, f"{MODEL}:free", f"{CANONICAL}:free", f"{MODEL}-20260101"])
    def test_ids_and_canonical_slugs_of_the_model_are_the_model(self, model: str) -> None:
        assert codes(pinned(), answer(model=model)) == []

    def test_another_one_is_a_deviation(self) -> None:
        (deviation,) = compare(pinned(), answer(model="x/y-20260101"))[1].deviations
        assert (deviation.code, deviation.planned, deviation.actual) == ("otherModel", MODEL, "x/y-20260101")


class TestThePrice:
    @pytest.mark.parametrize("cost", [0.0002, 0.000202, 0.000198, "0.0002"])
    def test_within_a_hundredth_it_is_the_listed_one(self, cost: Any) -> None:
        assert codes(pinned(), answer(usage={"cost": cost})) == []

    @pytest.mark.parametrize("cost", [0.000203, 0.0001, 0.0])
    def test_beyond_that_it_is_another(self, cost: float) -> None:
        (deviation,) = compare(pinned(), answer(usage={"cost": cost}))[1].deviations
        assert (deviation.code, deviation.planned) == ("otherPrice", "0.0002")

    def test_tiny_bills_are_rounded(self) -> None:
        free = row_of("novita/fp8", pricing=priced("0.000000001", "0"))
        used = {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.00000001}
        assert codes(pinned(rows=[free]), answer(usage=used)) == []

    def test_what_was_read_from_the_cache_is_charged_as_such(self) -> None:
        cached = row_of("novita/fp8", pricing=priced(other={"input_cache_read": Money("0.0000001")}))
        used = {"cost": 0.000119, "prompt_tokens_details": {"cached_tokens": 90}}
        assert codes(pinned(rows=[cached]), answer(usage=used)) == []
        assert codes(pinned(rows=[cached]), answer(usage={**used, "cost": 0.0002})) == ["otherPrice"]

    def test_what_was_written_to_the_cache_is_too(self) -> None:
        dear = row_of("novita/fp8", pricing=priced(other={"input_cache_write": Money("0.00000125")}))
        storage = row_of("novita/fp8", pricing=priced(other={"input_cache_write": Money("0.0000005")}))
        used = {"prompt_tokens_details": {"cache_write_tokens": 100}}
        assert codes(pinned(rows=[dear]), answer(usage={**used, "cost": 0.000225})) == []
        assert codes(pinned(rows=[storage]), answer(usage={**used, "cost": 0.00025})) == []

    @pytest.mark.parametrize("where", ["usage", "metadata"])
    def test_with_a_key_of_ones_own_the_bill_is_no_price(self, where: str) -> None:
        used = {"cost": 0.00001, "is_byok": where == "usage"}
        metadata = {"is_byok": where == "metadata"}
        assert codes(pinned(), answer(usage=used, metadata=metadata)) == []

    def test_tokens_of_other_media_have_prices_of_their_own(self) -> None:
        used = {"cost": 0.5, "completion_tokens_details": {"image_tokens": 5}}
        assert codes(pinned(), answer(usage=used)) == []

    def test_a_bill_that_is_not_there_is_no_deviation(self) -> None:
        row, comparison = compare(pinned(), answer(usage={"cost": None}))
        assert (comparison.deviations, comparison.actual_cost) == ([], None)
        assert comparison.planned_cost == row.cost == Money("0.0002")

    def test_the_price_is_that_of_the_endpoint_which_served(self) -> None:
        dear = row_of("groq", pricing=priced("0.00001", "0.00002"))
        assert codes(routed(NOVITA, dear), answer("Groq", usage={"cost": 0.002})) == []
        assert codes(routed(NOVITA, dear), answer("Groq")) == ["otherPrice"]

    def test_at_the_edge_of_a_window_both_prices_are_right(self) -> None:
        window = PriceOverride(utc_start=1200, utc_end=1300, prices={"prompt": Money("0.00001")})
        rest = PriceOverride(utc_start=1300, utc_end=1200, prices={"prompt": Money("0.000001")})
        rows = [row_of("novita/fp8", pricing=priced(overrides=(window, rest)))]
        assert codes(pinned(rows=rows), answer(usage={"cost": 0.0011})) == []
        assert codes(pinned(rows=rows), answer(usage={"cost": 0.0002})) == []
        assert codes(pinned(rows=rows), answer(usage={"cost": 0.0007})) == ["otherPrice"]

    def test_a_price_of_an_hour_that_is_not_known_is_not_held_against_the_bill(self) -> None:
        night = PriceOverride(utc_start=2200, utc_end=600, prices={"prompt": Money("0.0000001")})
        rows = [row_of("novita/fp8", pricing=priced(overrides=(night,)))]
        assert codes(pinned(rows=rows), answer(usage={"cost": 0.9})) == []


class TestParameters:
    def test_one_that_the_serving_endpoint_does_not_take_was_dropped(self) -> None:
        plain = row_of("groq", parameters=("max_tokens",))
        request = routed(NOVITA, plain, params=LLMParameters(seed=1, top_k=2, max_completion_tokens=9))
        (seed, top_k) = compare(request, answer("Groq"))[1].deviations[::-1]
        assert {seed.planned, top_k.planned} == {"seed", "top_k"}
        assert {seed.code, top_k.code} == {"parameterDropped"}
        assert codes(request, answer("Novita")) == []

    def test_one_that_may_have_been_taken_is_not_said_to_be_dropped(self) -> None:
        unknown = row_of("groq", parameters=None)
        assert codes(routed(unknown, params=LLMParameters(seed=1)), answer("Groq")) == []


class TestAttempts:
    def test_more_than_one_is_a_deviation_that_names_them(self) -> None:
        tries = [{"provider": "Infra", "status": 503}, {"endpoint": "novita/fp8", "status": 200}]
        metadata = {"attempt": 2, "attempts": tries}
        _, comparison = compare(routed(*ROWS), answer(metadata=metadata))
        (deviation,) = comparison.deviations
        assert (deviation.code, comparison.attempts) == ("retried", ["Infra", "novita/fp8"])
        assert deviation.message == "The upstream tried 2 times: Infra, novita/fp8."

    def test_the_number_alone_is_enough(self) -> None:
        assert codes(pinned(), answer(metadata={"attempt": 3})) == ["retried"]

    def test_a_single_one_is_as_planned(self) -> None:
        assert codes(pinned(), answer(metadata={"attempt": 1, "attempts": [{"provider": "Novita"}]})) == []


@pytest.mark.parametrize("body", [{}, {"error": {"message": "no", "code": 500}}, [], "x", None])
def test_where_nothing_was_served_nothing_deviates(body: Any) -> None:
    row, comparison = compare(pinned(), body, status=500)
    assert (row.deviations, row.served_tag, comparison.actual_model) == ([], None, None)
    assert comparison.planned_tags == ["novita/fp8"]


def test_in_words() -> None:
    bad = [compare(pinned(), answer("Groq"))[1], compare(pinned(), answer("Groq", model="x/y"))[1]]
    good = [compare(pinned(), answer())[1]]
    assert in_words([]) == "Nothing has come back yet."
    assert in_words(good) == "What came back went as planned."
    told = "2 of 3 requests did not go as planned: servedOutsidePlan 2, otherModel 1."
    assert in_words(good + bad) == told
