"""What a change of preferences does to the models that they name: a pure function of facts and both preferences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.money import Money
from ploked_protocol.plans import ModelDiff, PlanSummary, RoutePlan, RoutePlanParams
from ploked_protocol.preferences import RegistryPrefs

from .names import named_id
from .plan import plan
from .rules import names
from .serving import Serving


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
    was = _planned(call, serving, before, now)
    same = _bearing(before, call.model, serving) == _bearing(after, call.model, serving)
    now_is = was if same else _planned(call, serving, after, now)
    kept, keeps = ({each.key for each in planned.endpoints} for planned in (was, now_is))
    gained = [each for each in now_is.endpoints if each.key not in kept]
    lost = [each for each in was.endpoints if each.key not in keeps]
    changed = bool(gained or lost) or was.request != now_is.request
    return ModelDiff(
        model=call.model,
        changed=changed,
        gained=[each.key for each in gained],
        lost=[each.key for each in lost],
        before=_summary(was),
        after=_summary(now_is),
        message=_in_words(gained, lost, now_is) if changed else None,
    )


def summed_up(diffs: Sequence[ModelDiff]) -> str:
    """Return all differences in one sentence, and how many models it is not known of."""
    changed = sum(diff.changed for diff in diffs)
    unknown = sum(not diff.known for diff in diffs)
    said = f"{changed} of {len(diffs)} models change" if changed else "Nothing changes for any model"
    return f"{said}; of {unknown} the endpoints are not known yet." if unknown else f"{said}."


def _planned(call: RoutePlanParams, serving: Serving, prefs: RegistryPrefs, now: datetime) -> RoutePlan:
    return plan(serving.model, serving.endpoints, prefs, call, serving.freshness, now=now)


def _bearing(prefs: RegistryPrefs, model_id: str, serving: Serving) -> tuple[object, ...]:
    """Return the part of `prefs` that a plan for the model can depend on."""
    own = prefs.model(named_id(prefs, model_id, serving.model.id))
    shared = (prefs.strictness, prefs.allow_down, prefs.routing, prefs.profiles, prefs.global_default_profile)
    return (own, *shared)


def _summary(planned: RoutePlan) -> PlanSummary:
    prices = [each.pricing for each in planned.endpoints]
    prompt = _ends([each.prompt_per_1m for each in prices])
    completion = _ends([each.completion_per_1m for each in prices])
    total = len(planned.endpoints) + len(planned.excluded)
    return PlanSummary(len(planned.endpoints), total, *prompt, *completion)


def _ends(prices: Sequence[Money | None]) -> tuple[Money | None, Money | None]:
    known = [price for price in prices if price is not None]
    return (min(known), max(known)) if known else (None, None)


def _in_words(gained: Sequence[EndpointRecord], lost: Sequence[EndpointRecord], after: RoutePlan) -> str:
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
