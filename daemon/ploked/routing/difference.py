"""What a change of preferences does to the models that they name: a pure function of facts and both preferences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.plans import ModelDiff, PlanSummary, RoutePlanParams
from ploked_protocol.preferences import RegistryPrefs

from .constraints import constraints
from .effective import effective
from .names import named_id
from .outlook import ends
from .plan import plan
from .request import request_body
from .rules import judge, names
from .serving import Serving


class Outcome(NamedTuple):
    """What preferences make of a model."""

    endpoints: Sequence[EndpointRecord]
    """Those that qualify."""
    request: dict[str, Any] | None
    summary: PlanSummary


def models_of(*both: RegistryPrefs) -> list[str]:
    """Return the ids of every model that one of the preferences names, in the order in which they do."""
    return list(dict.fromkeys(model.model for prefs in both for model in prefs.models))


def model_diff(
    call: RoutePlanParams, serving: Serving | None, before: RegistryPrefs, after: RegistryPrefs, now: datetime
) -> ModelDiff:
    """Return what becomes of the model of `call` under `after`; that it cannot be said while nobody is known to serve.

    It counts as changed when other endpoints qualify, or when the request differs.
    """
    if serving is None:
        return _unknown(call.model)
    was = _outcome(call, serving, before, now)
    same = _bearing(before, call.model, serving) == _bearing(after, call.model, serving)
    becomes = was if same else _outcome(call, serving, after, now)
    kept, keeps = ({each.key for each in outcome.endpoints} for outcome in (was, becomes))
    gained = [each for each in becomes.endpoints if each.key not in kept]
    lost = [each for each in was.endpoints if each.key not in keeps]
    changed = bool(gained or lost) or was.request != becomes.request
    return ModelDiff(
        model=call.model,
        changed=changed,
        gained=[each.key for each in gained],
        lost=[each.key for each in lost],
        before=was.summary,
        after=becomes.summary,
        message=_in_words(gained, lost, becomes) if changed else None,
    )


def summed_up(diffs: Sequence[ModelDiff]) -> str:
    """Return all differences in one sentence, and how many models it is not known of."""
    changed = sum(diff.changed for diff in diffs)
    unknown = sum(not diff.known for diff in diffs)
    said = f"{changed} of {len(diffs)} models change" if changed else "Nothing changes for any model"
    return f"{said}; of {unknown} the endpoints are not known yet." if unknown else f"{said}."


def _outcome(call: RoutePlanParams, serving: Serving, prefs: RegistryPrefs, now: datetime) -> Outcome:
    """Return the part of a plan that a difference needs; the rest of it takes most of a plan's time."""
    asked = effective(prefs, serving.model.id, call, now=now)
    if not serving.endpoints:
        request = plan(serving.model, (), prefs, call, serving.freshness, now=now).request
        return Outcome([], request, PlanSummary(0, 0))
    rules = constraints(asked, serving.endpoints)
    judged = [(endpoint, judge(endpoint, rules)[0]) for endpoint in serving.endpoints]
    kept = [endpoint for endpoint, failed in judged if not failed]
    excluded = [(endpoint, failed) for endpoint, failed in judged if failed]
    return Outcome(kept, request_body(asked, kept, excluded) if kept else None, _summary(kept, len(judged)))


def _bearing(prefs: RegistryPrefs, model_id: str, serving: Serving) -> tuple[object, ...]:
    """Return the part of `prefs` that a plan for the model can depend on."""
    own = prefs.model(named_id(prefs, model_id, serving.model.id))
    shared = (prefs.strictness, prefs.allow_down, prefs.routing, prefs.profiles, prefs.global_default_profile)
    return (own, *shared)


def _summary(kept: Sequence[EndpointRecord], total: int) -> PlanSummary:
    prompt = ends([each.pricing.prompt_per_1m for each in kept])
    completion = ends([each.pricing.completion_per_1m for each in kept])
    return PlanSummary(len(kept), total, *prompt, *completion)


def _in_words(gained: Sequence[EndpointRecord], lost: Sequence[EndpointRecord], after: Outcome) -> str:
    told = [f"gains {names(gained)}"] if gained else []
    told += [f"loses {names(lost)}"] if lost else []
    if not told:
        return "The same endpoints qualify, and the request differs."
    left = "" if after.endpoints or not lost else ": none is left"
    return f"It {' and '.join(told)}{left}."


def _unknown(model_id: str) -> ModelDiff:
    nothing = PlanSummary(0, 0)
    message = f"The endpoints of {model_id} are not known yet: list them once, and ask again."
    return ModelDiff(model_id, False, [], [], nothing, nothing, known=False, message=message)
