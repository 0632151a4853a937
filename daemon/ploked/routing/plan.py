"""The route plan: which endpoints of a model qualify, why each other one does not, and the request that follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord
from ploked_protocol.errors import ReasonCode
from ploked_protocol.plans import Exclusion, NothingLeft, Reason, RoutePlan, RoutePlanParams
from ploked_protocol.preferences import RegistryPrefs

from .constraints import OPENROUTER, constraints
from .effective import Effective, effective
from .profile import Loaded
from .relax import Excluded, relaxations
from .request import common_entries, request_body
from .rules import Constraint, Failure, failures, label, names


def plan(
    model: ModelRecord,
    endpoints: Sequence[EndpointRecord],
    prefs: RegistryPrefs,
    call: RoutePlanParams,
    freshness: Freshness,
    loaded: Loaded | None = None,
    *,
    now: datetime | None = None,  # noqa: ARG001 - for prices that depend on the hour
) -> RoutePlan:
    """Return the plan for `call` over the `endpoints` of the `model` that serves it, both in the upstream's order.

    `loaded` gives the origins their file and line. A pure function; raises UnknownProfile and nothing else.
    """
    asked = effective(prefs, model.id, call, loaded)
    if not endpoints:
        return _unlisted(model, asked, freshness)
    rules = constraints(asked)
    judged = [(endpoint, failures(endpoint, rules)) for endpoint in endpoints]
    eligible = [endpoint for endpoint, failed in judged if not failed]
    excluded = [(endpoint, failed) for endpoint, failed in judged if failed]
    nothing_left = None if eligible else _nothing_left(excluded, rules, asked)
    notes = [*asked.layers.ignored, *_indistinct(eligible, excluded)]
    if nothing_left is not None:
        notes.insert(0, _in_words(call.model, nothing_left))
    return RoutePlan(
        model=call.model,
        endpoints=eligible,
        excluded=[Exclusion(endpoint=endpoint, reasons=_reasons(failed)) for endpoint, failed in excluded],
        profile=asked.profile,
        request=request_body(asked, eligible, excluded) if eligible else None,
        freshness=freshness,
        message=" ".join(notes) or None,
        nothing_left=nothing_left,
    )


def _reasons(failed: Sequence[Failure]) -> list[Reason]:
    return [Reason(code=rule.code, message=why, origin=rule.origin) for rule, why in failed]


def _nothing_left(excluded: Sequence[Excluded], rules: Sequence[Constraint], asked: Effective) -> NothingLeft:
    """Apply the constraints in turn: the last one that an endpoint fails first is the one that emptied the plan."""
    place = {id(rule): n for n, rule in enumerate(rules)}
    last = max((failed[0][0] for _, failed in excluded), key=lambda rule: place[id(rule)])
    removed = [endpoint for endpoint, failed in excluded if failed[0][0] is last]
    count = "endpoint" if len(removed) == 1 else f"{len(removed)} endpoints"
    message = f"{last.says} removed the last {count} ({names(removed)})"
    return NothingLeft(
        removed_last=[Reason(code=last.code, message=message, origin=last.origin)],
        loosen=[str(each) for each in relaxations(excluded, asked)],
    )


def _in_words(model_id: str, nothing_left: NothingLeft) -> str:
    why = "; ".join(reason.message for reason in nothing_left.removed_last)
    return f"No endpoint of {model_id} is left: {why}. Smallest change: {nothing_left.loosen[0]}."


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
    )


def _refused(model: ModelRecord, asked: Effective) -> NothingLeft | None:
    """Return why no endpoint could ever qualify, whichever there are; None when one could."""
    if asked.strictness == "OpenRouterOnly" and model.source != OPENROUTER:
        why = f"{model.id} comes from {model.source}, and strictness is OpenRouterOnly"
        reason = Reason(code="strictness", message=why, origin="registry.strictness")
        return NothingLeft(removed_last=[reason], loosen=["set registry.strictness to AllowCustom"])
    lists = [each for each in asked.narrowings if each != asked.order]
    if not lists or common_entries([each.entries for each in lists]):
        return None
    why = " and ".join(f"{each.name} ({', '.join(each.entries)})" for each in lists) + " have nothing in common"
    code: ReasonCode = "notSelected" if lists[-1] == asked.selected else "notAllowed"
    reason = Reason(code=code, message=why, origin=lists[-1].origin)
    return NothingLeft(removed_last=[reason], loosen=[f"remove {each.path}" for each in lists])
