"""The route plan: which endpoints of a model qualify, why each other one does not, and the request that follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord
from ploked_protocol.errors import ReasonCode
from ploked_protocol.keys import EndpointKey
from ploked_protocol.plans import (
    CostRange,
    Exclusion,
    NothingLeft,
    Reason,
    Relaxation,
    RoutePlan,
    RoutePlanParams,
    Verdict,
)
from ploked_protocol.preferences import RegistryPrefs, ResolvedRouting

from . import policy
from .constraints import constraints
from .cost import cost_range, plan_cost
from .effective import Effective, effective
from .notices import STALE, stale, warnings
from .order import try_order
from .profile import Loaded
from .relax import FEW, Excluded, relaxations
from .request import common_entries, request_body
from .rules import Constraint, Failure, judge, label, names

NO_CHANGE = "No change of preferences brings an endpoint back."


def plan(
    model: ModelRecord,
    endpoints: Sequence[EndpointRecord],
    prefs: RegistryPrefs,
    call: RoutePlanParams,
    freshness: Freshness,
    loaded: Loaded | None = None,
    *,
    now: datetime,
) -> RoutePlan:
    """Return the plan for `call` over the `endpoints` of the `model` that serves it, both in the upstream's order.

    `loaded` gives the origins their file and line; `now` (aware) is when prices hold, unless the call says. A pure
    function; raises UnknownProfile, InvalidParams for an `at` that is no time, and nothing else.
    """
    asked = effective(prefs, model.id, call, loaded, now=now)
    if not endpoints:
        return _unlisted(model, asked, freshness)
    rules = constraints(asked, endpoints)
    judged = [(endpoint, *judge(endpoint, rules)) for endpoint in endpoints]
    eligible = [endpoint for endpoint, failed, _ in judged if not failed]
    excluded = [(endpoint, failed) for endpoint, failed, _ in judged if failed]
    unknown = {endpoint.key: found for endpoint, failed, found in judged if found and not failed}
    relaxed = relaxations(excluded) if len(eligible) <= FEW and excluded else []
    nothing_left = None if eligible else _nothing_left(excluded, rules, relaxed)
    tried, order, shares = try_order(eligible, asked)
    costs = [] if call.prompt_tokens is None else [cost_range(endpoint, asked) for endpoint in tried]
    verdicts = _verdicts(asked, tried, shares, costs, unknown, freshness)
    notes = [*asked.layers.ignored, *_indistinct(eligible, excluded)]
    if nothing_left is not None:
        notes.insert(0, _in_words(call.model, nothing_left))
    return RoutePlan(
        model=call.model,
        endpoints=tried,
        excluded=[Exclusion(endpoint=endpoint, reasons=_reasons(failed)) for endpoint, failed in excluded],
        profile=asked.profile,
        request=request_body(asked, eligible, excluded) if eligible else None,
        freshness=freshness,
        message=" ".join(notes) or None,
        nothing_left=nothing_left,
        verdicts=verdicts,
        try_order=order if eligible else None,
        routing=ResolvedRouting(values=asked.routing, origins=asked.routing_origins),
        relaxations=relaxed,
        cost=plan_cost(tried, costs, shares) if costs else None,
        warnings=warnings(asked, endpoints, tried, verdicts, freshness),
    )


def _reasons(failed: Sequence[Failure]) -> list[Reason]:
    return [Reason(rule.code, why, rule.source.origin, rule.source.place) for rule, why in failed]


def _verdicts(
    asked: Effective,
    tried: Sequence[EndpointRecord],
    shares: Sequence[float | None],
    costs: Sequence[CostRange | None],
    unknown: dict[EndpointKey, list[Constraint]],
    freshness: Freshness,
) -> list[Verdict]:
    """Return what there is to say of each endpoint that is kept."""
    aged = [Reason(STALE, stale(freshness))] if freshness.stale else []
    sent = frozenset(asked.sent)
    found = []
    for endpoint, share, cost in zip(tried, shares, costs or [None] * len(tried), strict=True):
        reasons = [*(_doubt(endpoint, rule) for rule in unknown.get(endpoint.key, ())), *aged]
        missing = sent.difference(endpoint.supported_parameters) if endpoint.supported_parameters is not None else ()
        dropped = [name for name in asked.sent if name in missing] if missing else []
        verdict: Literal["eligible", "uncertain"] = "uncertain" if reasons else "eligible"
        found.append(Verdict(endpoint.key, verdict, reasons, dropped, share, cost))
    return found


def _doubt(endpoint: EndpointRecord, rule: Constraint) -> Reason:
    return Reason("unknownFact", f"{label(endpoint)} {rule.doubt}", rule.source.origin, rule.source.place)


def _nothing_left(
    excluded: Sequence[Excluded], rules: Sequence[Constraint], relaxed: Sequence[Relaxation]
) -> NothingLeft:
    """Apply the constraints in turn: the last one that an endpoint fails first is the one that emptied the plan."""
    place = {rule: n for n, rule in enumerate(rules)}
    last = max((failed[0][0] for _, failed in excluded), key=lambda rule: place[rule])
    removed = [endpoint for endpoint, failed in excluded if failed[0][0] is last]
    count = "endpoint" if len(removed) == 1 else f"{len(removed)} endpoints"
    message = f"{last.says} removed the last {count} ({names(removed)})"
    return NothingLeft(
        removed_last=_reasons([(last, message)]),
        loosen=[each.message for each in relaxed],
    )


def _in_words(model_id: str, nothing_left: NothingLeft) -> str:
    why = "; ".join(reason.message for reason in nothing_left.removed_last)
    what = f"Smallest change: {nothing_left.loosen[0]}." if nothing_left.loosen else NO_CHANGE
    return f"No endpoint of {model_id} is left: {why}. {what}"


def _indistinct(eligible: Sequence[EndpointRecord], excluded: Sequence[Excluded]) -> list[str]:
    """Return a sentence for every excluded endpoint that the request cannot keep out, for it shares a tag."""
    by_tag = {endpoint.key.tag: endpoint for endpoint in eligible}
    return [
        f"The request cannot keep {label(out)} out: {label(by_tag[out.key.tag])} has the same tag."
        for out, failed in excluded
        if out.key.tag in by_tag and not any(rule.upstream for rule, _ in failed)
    ]


def _unlisted(model: ModelRecord, asked: Effective, freshness: Freshness) -> RoutePlan:
    """Return the plan of a model that lists no endpoints (a router, an alias, a preset): the upstream chooses them."""
    nothing_left = _refused(model, asked)
    note = f"{asked.call.model} lists no endpoints: the upstream chooses them, within the preferences sent."
    if asked.required:
        note += f" Whether they take {', '.join(asked.required)} cannot be checked here."
    if nothing_left is not None:
        note = _in_words(asked.call.model, nothing_left)
    return RoutePlan(
        model=asked.call.model,
        endpoints=[],
        excluded=[],
        profile=asked.profile,
        request=request_body(asked, [], []) if nothing_left is None else None,
        freshness=freshness,
        message=" ".join([note, *asked.layers.ignored]),
        nothing_left=nothing_left,
        routing=ResolvedRouting(values=asked.routing, origins=asked.routing_origins),
    )


def _refused(model: ModelRecord, asked: Effective) -> NothingLeft | None:
    """Return why no endpoint could ever qualify, whichever there are; None when one could."""
    needed = policy.enough(asked)
    if model.source != policy.OPENROUTER and asked.prefs.strictness not in ("AllowAny", needed):
        why = f"{model.id} comes from {model.source}, and strictness is {asked.prefs.strictness}"
        reason = Reason("strictness", why, *asked.source("registry", "strictness"))
        return NothingLeft(removed_last=[reason], loosen=[f"set registry.strictness to {needed}"])
    lists = [each for each in asked.narrowings if each is not asked.order]
    if not lists or common_entries([each.entries for each in lists]):
        return None
    why = " and ".join(f"{each.name} ({', '.join(each.entries)})" for each in lists) + " have nothing in common"
    code: ReasonCode = "notSelected" if lists[-1] is asked.selected else "notAllowed"
    reason = Reason(code, why, *asked.entry_source(lists[-1]))
    return NothingLeft(removed_last=[reason], loosen=[f"remove {each.path}" for each in lists])
