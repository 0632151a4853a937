"""Plan a sweep: the cartesian product of axes, seeds and endpoints, as bodies to send. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import product
from math import prod
from typing import Any

import msgspec
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.errors import ErrorData, InvalidParams, NoEligibleEndpoint
from ploked_protocol.plans import RoutePlan
from ploked_protocol.preferences import LLMParameters
from ploked_protocol.sweeps import MAX_REQUESTS, LaunchSweepParams

from ..routing.capabilities import lacks
from ..routing.request import pinned_body
from .axis import axis_values, checked_seeds, plain
from .expected import Expected

Values = dict[str, int | float]

_CANONICAL = msgspec.json.Encoder(order="sorted")
"""Equal bodies give equal bytes, whatever the order of their keys."""


class PlannedRequest(msgspec.Struct, frozen=True):
    """One request of a sweep, ready to be sent."""

    request_id: str
    """`model|tag|label#hash`, with `routed` in place of the tag of a routed request; unique in the sweep."""
    label: str
    params: Values
    """The values of the axes and the seed."""
    tag: str | None
    body: dict[str, Any]
    endpoint: EndpointRecord | None
    """The endpoint that is pinned; None for a routed request."""
    expected: Expected = Expected()


def plan_requests(params: LaunchSweepParams, plan: RoutePlan, names: Sequence[str] = ()) -> list[PlannedRequest]:
    """Return every request of the sweep, variant by variant, each for every endpoint in the order of `plan`.

    `names` are the ids and slugs that an answer may give as its model; none where the upstream chooses the model.
    An endpoint that does not take all that is sent is left out (`left_out` says so): it would be paid noise. Raises
    InvalidParams for a grid that makes no sense or more than MAX_REQUESTS requests, NoEligibleEndpoint when `plan`
    has no request or no endpoint takes what is swept.
    """
    if plan.request is None:
        raise NoEligibleEndpoint(plan.message or f"No endpoint of {plan.model} is left to send to.")
    targets = _targets(params, plan)
    variants = _variants(params, len(targets))
    seen: Counter[bytes] = Counter()
    expected = [_expected(plan, endpoint, names) for endpoint in targets]
    return [
        msgspec.structs.replace(_planned(plan, variant, endpoint, seen, enforced=_is_swept(params)), expected=admits)
        for variant in variants
        for endpoint, admits in zip(targets, expected, strict=True)
    ]


def left_out(params: LaunchSweepParams, plan: RoutePlan) -> str | None:
    """Return which eligible endpoints the sweep leaves out and why, for people; None when it has them all."""
    reasons = [
        f"{endpoint.key.tag} does not take {' and '.join(missing)}"
        for endpoint in plan.endpoints
        if (missing := _missing(params, plan, endpoint))
    ]
    return f"Left out: {'; '.join(reasons)}." if reasons else None


def _targets(params: LaunchSweepParams, plan: RoutePlan) -> Sequence[EndpointRecord | None]:
    """Return the endpoints to pin, of a repeated tag the first; `(None,)` for routed requests.

    A model without endpoints of its own (a router) can only be routed.
    """
    able = [endpoint for endpoint in plan.endpoints if not _missing(params, plan, endpoint)]
    if plan.endpoints and not able:
        why = left_out(params, plan) or ""
        raise NoEligibleEndpoint(
            f"No endpoint of {plan.model} takes everything that this sweep sends. {why}",
            ErrorData(next_step="Sweep another parameter, or drop one of the profile's.", details={"reason": why}),
        )
    if not params.per_endpoint or not able:
        return (None,)
    return list({endpoint.key.tag: endpoint for endpoint in reversed(able)}.values())[::-1]


def _missing(params: LaunchSweepParams, plan: RoutePlan, endpoint: EndpointRecord) -> list[str]:
    """Return what a swept request sends and `endpoint` does not take: upstream would refuse it, or drop it unsaid."""
    if not _is_swept(params):
        return []
    swept = {axis.parameter for axis in params.grid} | ({"seed"} if params.seeds else set())
    sent = swept | (plan.request or {}).keys()
    return [name for name in LLMParameters.__struct_fields__ if name in sent and lacks(endpoint, name)]


def _is_swept(params: LaunchSweepParams) -> bool:
    return bool(params.grid or params.seeds)


def _variants(params: LaunchSweepParams, targets: int) -> Iterator[Values]:
    """Return the values of each variant, the last axis moving fastest; counted before anything is made."""
    axes = {axis.parameter: axis_values(axis, index) for index, axis in enumerate(params.grid)}
    if len(axes) < len(params.grid):
        raise InvalidParams("A parameter can be on one axis only.", ErrorData(path="$.grid"))
    if params.seeds:
        if "seed" in axes:
            raise InvalidParams("Give seeds as an axis or as a list, not both.", ErrorData(path="$.seeds"))
        axes["seed"] = checked_seeds(params.seeds)
    total = prod(len(values) for values in axes.values()) * targets
    if total > MAX_REQUESTS:
        raise InvalidParams(
            f"This sweep would send {total} requests; at most {MAX_REQUESTS} are taken.",
            ErrorData(path="$.grid", next_step="Use fewer steps, axes, seeds or endpoints."),
        )
    return (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def _expected(plan: RoutePlan, endpoint: EndpointRecord | None, names: Sequence[str]) -> Expected:
    """Return who may answer a request that pins `endpoint`, or none."""
    known = [*plan.endpoints, *(exclusion.endpoint for exclusion in plan.excluded)]
    tags = {each.key.tag for each in (plan.endpoints if endpoint is None else [endpoint])}
    return Expected(
        model=plan.model,
        names=tuple(names),
        admitted=tuple(each for each in known if each.key.tag in tags),
        others=tuple(each for each in known if each.key.tag not in tags),
    )


def _planned(
    plan: RoutePlan, variant: Values, endpoint: EndpointRecord | None, seen: Counter[bytes], *, enforced: bool
) -> PlannedRequest:
    """Return the request; `seen` counts what was planned so far, so that a repeated body gets an id of its own."""
    body = _body(plan, variant, endpoint, enforced)
    tag = endpoint.key.tag if endpoint is not None else None
    label = " ".join(f"{name}={plain(value)}" for name, value in variant.items()) or "as planned"
    sent = blake2b(_CANONICAL.encode([body, tag])).digest()
    digest = blake2b(sent + b"#%d" % seen[sent]).hexdigest()[:12]
    seen[sent] += 1
    return PlannedRequest(f"{plan.model}|{tag or 'routed'}|{label}#{digest}", label, variant, tag, body, endpoint)


def _body(plan: RoutePlan, variant: Values, endpoint: EndpointRecord | None, enforced: bool) -> dict[str, Any]:
    """Return the plan's body with the variant's values; swept parameters must be obeyed, not dropped."""
    body: dict[str, Any] = {**(plan.request or {}), **variant}
    if enforced:
        body["provider"] = {**body.get("provider", {}), "require_parameters": True}
    if endpoint is None:
        return body
    known = [*plan.endpoints, *(exclusion.endpoint for exclusion in plan.excluded)]
    return pinned_body(body, endpoint.key.tag, [other.key.tag for other in known])
