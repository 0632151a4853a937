"""Whatever the grid: ids are unique, values lie in the range, and what is sent is what was asked for."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from ploked.sweeps.axis import axis_values, plain
from ploked.sweeps.grid import plan_requests
from ploked_protocol.catalog import EndpointRecord, Freshness
from ploked_protocol.keys import EndpointKey
from ploked_protocol.plans import RoutePlan
from ploked_protocol.preferences import ResolvedProfile
from ploked_protocol.sweeps import GridAxis, LaunchSweepParams

UNITS = ("temperature", "top_p", "min_p", "top_a", "repetition_penalty")
unit = st.decimals(0, 1, allow_nan=False, places=3)


@st.composite
def axes(draw: st.DrawFn) -> list[GridAxis]:
    names = draw(st.lists(st.sampled_from(UNITS), max_size=2, unique=True))
    return [GridAxis(name, draw(unit), draw(unit), draw(st.integers(1, 12))) for name in names]


tags = st.lists(st.sampled_from(["a", "a/b", "a/b|c", "b", "routed"]), max_size=3)


def routed(tags: list[str]) -> RoutePlan:
    endpoints = [
        EndpointRecord(key=EndpointKey("m/m", tag, place), provider=tag, provider_name=tag, source="test")
        for place, tag in enumerate(tags)
    ]
    profile, facts = ResolvedProfile(name="default", params={}, origins={}), Freshness(source="test")
    return RoutePlan("m/m", endpoints, [], profile, {"model": "m/m", "messages": []}, facts)


@given(axes(), st.lists(st.integers(0, 3), max_size=4), tags, st.booleans())
def test_ids_are_unique_and_stable(grid: list[GridAxis], seeds: list[int], tags: list[str], each: bool) -> None:
    params = LaunchSweepParams(model="m/m", grid=grid, seeds=seeds, per_endpoint=each)
    ids = [request.request_id for request in plan_requests(params, routed(tags))]
    assert len(set(ids)) == len(ids) > 0
    assert ids == [request.request_id for request in plan_requests(params, routed(tags))]


@given(unit, unit, st.integers(1, 300))
def test_values_run_from_start_to_stop_in_even_steps(start: Decimal, stop: Decimal, steps: int) -> None:
    values = [Decimal(repr(value)) for value in axis_values(GridAxis("top_p", start, stop, steps))]
    assert values[0] == start
    assert steps == 1 or values[-1] == stop
    assert values == sorted(values, reverse=start > stop)
    gaps = {round(after - before, 6) for before, after in pairwise(values)}
    assert not gaps or max(gaps) - min(gaps) <= Decimal("0.000002")


@given(unit, unit, st.integers(1, 300))
def test_labels_say_the_number_that_is_sent(start: Decimal, stop: Decimal, steps: int) -> None:
    for value in axis_values(GridAxis("top_p", start, stop, steps)):
        assert Decimal(plain(value)) == Decimal(json.dumps(value))
        assert "E" not in plain(value).upper()
