"""What a request for a model would get, in a few figures, for lists of models: a plan without its reasons. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ploked_protocol.catalog import EndpointRecord, ModelRecord
from ploked_protocol.money import Money
from ploked_protocol.plans import RoutePlanParams
from ploked_protocol.preferences import RegistryPrefs
from ploked_protocol.queries import Outlook

from .constraints import constraints
from .effective import effective
from .rules import judge


def outlook(
    model_id: str, serving: ModelRecord, endpoints: Sequence[EndpointRecord], prefs: RegistryPrefs, now: datetime
) -> Outlook:
    """Return how many of the `endpoints` of `serving` qualify for `model_id` with its default profile: as in a plan.

    Without endpoints (they are not known, or it is a router) it is what the model list says, marked as uncertain.
    """
    if not endpoints:
        return _hinted(serving)
    asked = effective(prefs, serving.id, RoutePlanParams(model=model_id), now=now)
    rules = constraints(asked, endpoints)
    judged = [(endpoint, *judge(endpoint, rules)) for endpoint in endpoints]
    kept = [(endpoint, unknown) for endpoint, failed, unknown in judged if not failed]
    prompt = ends([endpoint.pricing.prompt_per_1m for endpoint, _ in kept])
    completion = ends([endpoint.pricing.completion_per_1m for endpoint, _ in kept])
    context = max((endpoint.context_length or 0 for endpoint, _ in kept), default=0) or None
    return Outlook(len(kept), len(judged), *prompt, *completion, context, any(unknown for _, unknown in kept))


def _hinted(model: ModelRecord) -> Outlook:
    """Return what the model list says: the prices of the cheapest endpoint, and nothing of how many qualify."""
    prompt, completion = model.pricing.prompt_per_1m, model.pricing.completion_per_1m
    return Outlook(None, None, prompt, None, completion, None, model.context_hint, uncertain=True)


def ends(prices: Sequence[Money | None]) -> tuple[Money | None, Money | None]:
    """Return the lowest and the highest of the prices that are known."""
    known = [price for price in prices if price is not None]
    return (min(known), max(known)) if known else (None, None)
