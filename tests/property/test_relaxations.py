"""Over random plans: what is proposed when few endpoints are left is exact, smallest, and all there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from ploked.routing import plan
from ploked.routing.constraints import constraints
from ploked.routing.effective import effective
from ploked.routing.relax import FEW
from ploked.routing.rules import Edit, judge
from ploked_protocol.keys import EndpointKey
from ploked_protocol.plans import PreferenceEdit, RoutePlan
from routing_cases import KIMI, MODEL, NOW
from routing_draw import TEN_THOUSAND, THOUSAND, Case, cases
from routing_reference import against, applied, names

pytestmark = pytest.mark.timeout(600)  # ten thousand cases on a busy machine

MOST_MOVES = 5
"""Of this many edits, all sets are tried."""


def planned(case: Case) -> RoutePlan:
    return plan(MODEL, case.rows, case.prefs, case.call, case.freshness, now=NOW)


def kept(case: Case) -> set[EndpointKey]:
    return {each.key for each in planned(case).endpoints}


@given(cases)
@TEN_THOUSAND
def test_a_change_proposed_brings_back_exactly_what_it_promises_and_no_part_of_it_anything(case: Case) -> None:
    before = planned(case)
    left = {each.key for each in before.endpoints}
    for proposed in before.relaxations:
        after = kept(applied(proposed.edits, case))
        assert after - left == set(proposed.brings_back), proposed.message
        assert left <= after, proposed.message
        assert proposed.brings_back
        for part in parts(proposed.edits):
            partly = applied(part, case)
            assert kept(partly) <= left or tightens(case, partly), proposed.message


@given(cases)
@TEN_THOUSAND
def test_whatever_set_of_changes_brings_an_endpoint_back_holds_one_that_is_proposed(case: Case) -> None:
    before = planned(case)
    moves = every_move(case)
    if len(before.endpoints) > FEW or len(moves) > MOST_MOVES:
        return
    left = {each.key for each in before.endpoints}
    for chosen in sets(moves):
        edits = list(dict.fromkeys(chain.from_iterable(chosen)))
        after = applied(edits, case)
        if not consistent(edits) or kept(after) <= left or tightens(case, after):
            continue
        assert any(
            all(any(goes_as_far(edit, needed) for edit in edits) for needed in each.edits)
            for each in before.relaxations
        ), list(map(str, edits))


@given(cases)
@THOUSAND
def test_changes_are_proposed_when_few_endpoints_are_left_and_only_then(case: Case) -> None:
    found = planned(case)
    if len(found.endpoints) > FEW or not found.excluded:
        assert found.relaxations == []
    sizes = [(len(each.edits), -len(each.brings_back)) for each in found.relaxations]
    assert sizes == sorted(sizes)
    for each in found.relaxations:
        assert each.applicable == all(edit.path.startswith("registry.") for edit in each.edits)


def tightens(before: Case, after: Case) -> bool:
    """Return whether an endpoint has reasons against it that it did not have.

    `order` without fallbacks limits nothing while it is empty: an entry to ask for a tier would make it a limit.
    """
    codes = [[Counter(code for code, _ in against(row, case)) for row in case.rows] for case in (before, after)]
    return any(not new <= old for old, new in zip(*codes, strict=True))


def parts(edits: list[PreferenceEdit]) -> Iterator[tuple[PreferenceEdit, ...]]:
    """Yield all but one of `edits`, for each: what a smaller part does, one of these does as well."""
    yield from combinations(edits, len(edits) - 1)


def every_move(case: Case) -> list[tuple[Edit, ...]]:
    """Return what constraints say would lift them, for every endpoint, each once."""
    rules = constraints(effective(case.prefs, KIMI, case.call, now=NOW), case.rows)
    failed = [(row, judge(row, rules)[0]) for row in case.rows]
    return list(dict.fromkeys(edits for row, each in failed for rule, _ in each for edits in rule.lift(row) if edits))


def sets(moves: list[tuple[Edit, ...]]) -> Iterator[tuple[tuple[Edit, ...], ...]]:
    for count in range(1, len(moves) + 1):
        yield from combinations(moves, count)


def consistent(edits: Iterable[Edit]) -> bool:
    """Return whether no two of the edits are about one value: a person would make the further one alone."""
    whole = [edit.path for edit in edits if edit.verb == "set" or edit.value is None]
    return len(whole) == len(set(whole))


def goes_as_far(edit: Edit, needed: Any) -> bool:
    """Return whether `edit` does what is `needed`, or more of it."""
    if edit.path != needed.path:
        return False
    if (edit.verb, edit.value) == (needed.verb, needed.value):
        return True
    if needed.verb == "add":  # a slug does what each of the tags that it covers would do
        return edit.verb == "add" and names(edit.value or "", needed.value)
    if needed.verb == "set" and edit.away:  # a cap goes up, a length goes down
        further = float(edit.value or 0) - float(needed.value)
        return further > 0 if "max_price" in edit.path else further < 0
    return needed.verb == "set" and edit.value is None
