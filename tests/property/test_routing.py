"""Over random plans: each agrees with a slow reference, and its request with what the upstream would do."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from chat_request import schema_problems
from hypothesis import example, given
from hypothesis import strategies as st
from ploked.routing import pinned_body, plan
from ploked.routing.constraints import constraints
from ploked.routing.effective import effective
from ploked.routing.merge import merge
from ploked.routing.rules import judge
from ploked_fixtures.validation import problem
from ploked_protocol.keys import EndpointKey, as_entry
from ploked_protocol.plans import RoutePlan, RoutePlanParams
from ploked_protocol.preferences import MaxPrice, ModelPrefs, RegistryPrefs, RoutingPrefs
from routing_cases import KIMI, MODEL, NOW
from routing_draw import ENTRIES, TAGS, TEN_THOUSAND, THOUSAND, Case, case_bytes, case_of, cases, three_layers
from routing_reference import against, any_names, own_table, routing_of, unsure, upstream

pytestmark = pytest.mark.timeout(600)  # ten thousand cases on a busy machine


def planned(case: Case) -> RoutePlan:
    return plan(MODEL, case.rows, case.prefs, case.call, case.freshness, now=NOW)


def tags(rows: Any) -> list[str]:
    return [str(row.key) for row in rows]


@given(cases)
@TEN_THOUSAND
def test_a_plan_says_of_every_endpoint_what_the_reference_says_and_asks_the_upstream_for_that(case: Case) -> None:
    found = planned(case)
    assert_a_partition(found, case)
    assert_every_reason_and_no_other(found, case)
    assert_each_constraint_says_alone_what_it_says_among_the_others(found, case)
    assert_the_upstream_chooses_among_exactly_these(found, case)


def assert_a_partition(found: RoutePlan, case: Case) -> None:
    excluded = tags(each.endpoint for each in found.excluded)
    assert sorted([*tags(found.endpoints), *excluded]) == sorted(tags(case.rows))
    assert excluded == [tag for tag in tags(case.rows) if tag in excluded]
    assert [verdict.key for verdict in found.verdicts] == [each.key for each in found.endpoints]


def assert_every_reason_and_no_other(found: RoutePlan, case: Case) -> None:
    excluded = {each.endpoint.key: [(r.code, r.origin) for r in each.reasons] for each in found.excluded}
    kept = {each.key: each for each in found.verdicts}
    for row in case.rows:
        expected = against(row, case)
        assert sorted(excluded.get(row.key, []), key=str) == sorted(expected, key=str)
        if not expected:
            told = kept[row.key]
            aged = [("staleFact", None)] if case.freshness.stale else []
            unknown = [("unknownFact", origin) for origin in unsure(row, case)]
            assert sorted(((r.code, r.origin) for r in told.uncertain), key=str) == sorted([*unknown, *aged], key=str)
            assert told.verdict == ("uncertain" if told.uncertain else "eligible")


def assert_each_constraint_says_alone_what_it_says_among_the_others(found: RoutePlan, case: Case) -> None:
    rules = constraints(effective(case.prefs, KIMI, case.call, now=NOW), case.rows)
    together = {each.endpoint.key: [r.message for r in each.reasons] for each in found.excluded}
    for row in case.rows:
        assert together.get(row.key, []) == [why for rule in rules for _, why in judge(row, [rule])[0]]


def assert_the_upstream_chooses_among_exactly_these(found: RoutePlan, case: Case) -> None:
    if found.request is None:
        assert found.endpoints == []
    else:
        assert tags(upstream(found.request, case)) == [tag for tag in tags(case.rows) if tag in tags(found.endpoints)]


@given(cases)
@THOUSAND
def test_a_request_has_only_fields_that_the_upstream_takes(case: Case) -> None:
    found = planned(case)
    if found.request is not None:
        assert schema_problems(found.request) == []
        assert problem(found.request) is None
        assert found.request.get("provider", "left out") != {}
        assert all(value not in (None, [], {}) for value in found.request.get("provider", {}).values())


@given(cases)
@THOUSAND
def test_a_parameter_that_is_required_makes_the_request_require_parameters(case: Case) -> None:
    found = planned(case)
    if found.request is not None:
        required = case.prefs.model(KIMI).required_supported_params or found.profile.params.get("tools_required")
        said = found.request.get("provider", {}).get("require_parameters")
        assert said == (True if required else routing_of(case).get("require_parameters", (None,))[0])


@given(cases)
@THOUSAND
def test_what_an_endpoint_would_drop_is_what_is_sent_and_it_lacks(case: Case) -> None:
    found = planned(case)
    for row, verdict in zip(found.endpoints, found.verdicts, strict=True):
        sent = (found.request or {}).keys() - {"model", "messages", "provider"}
        taken = sent if row.supported_parameters is None else set(row.supported_parameters)
        assert set(verdict.dropped) == sent - taken


@given(cases, st.sampled_from(ENTRIES), st.integers(0, 11))
@TEN_THOUSAND
def test_a_further_constraint_adds_no_endpoint_but_one_that_it_names(case: Case, entry: str, which: int) -> None:
    case = case._replace(prefs=with_table(case.prefs))
    before = tags(planned(case).endpoints)
    further = further_constraints(case, entry)
    after = tags(planned(case._replace(prefs=further[which % len(further)])).endpoints)
    assert [tag for tag in after if tag not in before and tag != f"{KIMI}|{entry}"] == []


def with_table(prefs: RegistryPrefs) -> RegistryPrefs:
    """Return `prefs` with a table of the model: to name it is no constraint."""
    if own_table(prefs)[1]:
        return prefs
    return msgspec.structs.replace(prefs, models=[*prefs.models, ModelPrefs(model=KIMI)])


def further_constraints(case: Case, entry: str) -> list[RegistryPrefs]:
    """Return the preferences with one constraint more, in each of the ways there are."""
    prefs, mine, wishes = case.prefs, own_table(case.prefs)[0], routing_of(case)
    changes: list[dict[str, Any]] = [
        {"banned_providers": [*mine.banned_providers, entry]},
        {"required_supported_params": [*mine.required_supported_params, "seed"]},
        {"allowed_providers": mine.allowed_providers or [entry]},
        {"selected_endpoints": mine.selected_endpoints or [entry]},
    ]
    wanted: dict[str, Any] = {
        "ignore": [*wishes.get("ignore", ([],))[0], entry],
        "require_parameters": True,
        "zdr": True,
        "data_collection": "deny",
        "max_price": MaxPrice(prompt=0.2),
    }
    if not wishes.get("only", ([],))[0]:
        wanted["only"] = [entry]
    if not wishes.get("quantizations", ([],))[0]:
        wanted["quantizations"] = ["fp8"]
    low = min(0.2, wishes.get("max_price.prompt", (0.2,))[0])
    wanted["max_price"] = MaxPrice(prompt=low)
    changes += [
        {"routing": msgspec.structs.replace(mine.routing, **{name: value})}
        for name, value in wanted.items()
        if name != "max_price"
    ]
    changes.append({"routing": merge(RoutingPrefs(max_price=wanted["max_price"]), mine.routing)})
    others = [each for each in prefs.models if each.model != KIMI]
    return [
        msgspec.structs.replace(prefs, strictness="OpenRouterOnly"),
        msgspec.structs.replace(prefs, allow_down=False),
        *(
            msgspec.structs.replace(prefs, models=[*others, msgspec.structs.replace(mine, **change)])
            for change in changes
        ),
    ]


@given(case_bytes)
@TEN_THOUSAND
def test_a_plan_is_a_pure_function(data: bytes) -> None:
    case = case_of(data)
    assert planned(case) == planned(case_of(data))
    assert case == case_of(data)


@given(cases)
@THOUSAND
def test_an_empty_plan_says_what_removed_the_last_endpoint_and_what_to_change(case: Case) -> None:
    found = planned(case)
    assert (found.nothing_left is None) == bool(found.endpoints)
    if found.nothing_left is not None:
        assert found.request is None
        assert found.nothing_left.removed_last
        assert found.nothing_left.loosen == [each.message for each in found.relaxations]
        assert all(each in (found.message or "") for each in found.nothing_left.loosen[:1])


@given(cases)
@THOUSAND
def test_every_value_in_effect_says_where_it_is_written(case: Case) -> None:
    found = planned(case).routing
    expected = {name: "" if where == "call" else where for name, (_, where) in routing_of(case).items()}
    told = {name: origin.key or "" for name, origin in found.origins.items()}
    plain = {name: where for name, where in expected.items() if not name.startswith(("sort", "preferred"))}
    assert {name: where for name, where in told.items() if not name.startswith(("sort", "preferred"))} == plain


@given(three_layers)
@TEN_THOUSAND
def test_merging_layers_is_associative(layers: list[RoutingPrefs]) -> None:
    one, two, three = layers
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, RoutingPrefs()) == merge(RoutingPrefs(), one) == one


@given(three_layers)
@THOUSAND
def test_of_two_layers_the_higher_one_holds_wherever_it_says_something(layers: list[RoutingPrefs]) -> None:
    high, low, _ = layers
    found = merge(high, low)
    for name in RoutingPrefs.__struct_fields__:
        over, under, merged = (getattr(each, name) for each in (high, low, found))
        if isinstance(over, msgspec.Struct) and isinstance(under, msgspec.Struct):
            for field in over.__struct_fields__:
                wanted = getattr(over, field)
                assert getattr(merged, field) == (getattr(under, field) if wanted is None else wanted)
        elif over is None or under is None:
            assert merged == (under if over is None else over)


@given(cases)
@THOUSAND
def test_a_pinned_request_can_be_served_by_its_endpoint_alone(case: Case) -> None:
    found = planned(case)
    for row in found.endpoints:
        assert found.request is not None
        before = copy.deepcopy(found.request)
        body = pinned_body(found.request, row.key.tag, [other.key.tag for other in case.rows])
        assert found.request == before
        assert tags(upstream(body, case)) == [str(row.key)]
        assert problem(body) is None


@example(Case([], RegistryPrefs(routing=RoutingPrefs(only=["a"])), RoutePlanParams(KIMI, selected_endpoints=["b"])))
@given(cases)
@THOUSAND
def test_a_model_without_endpoints_is_sent_unless_its_lists_have_nothing_in_common(case: Case) -> None:
    found = planned(case._replace(rows=[]))
    mine, call = case.prefs.model(KIMI), case.call
    chosen = mine.selected_endpoints
    if call.selected_endpoints is not None:
        chosen = list(map(as_entry, call.selected_endpoints))
    only: list[str] = routing_of(case).get("only", ([],))[0]
    lists = [each for each in (mine.allowed_providers, only, chosen) if each]
    free = not lists or any(all(any_names(each, tag) for each in lists) for tag in ENTRIES)
    assert found.message
    assert (found.request is not None) == free
    if found.request is not None and lists:
        sent = found.request["provider"]["only"]
        for tag in TAGS:
            assert any_names(sent, tag) == all(any_names(each, tag) for each in lists)


@given(cases)
@THOUSAND
def test_a_key_selects_as_its_tag_does(case: Case) -> None:
    chosen = case.call.selected_endpoints
    keys = None if chosen is None else [EndpointKey(KIMI, as_entry(each)) for each in chosen]
    by_key = case._replace(call=msgspec.structs.replace(case.call, selected_endpoints=keys))
    assert planned(by_key).excluded == planned(case).excluded
