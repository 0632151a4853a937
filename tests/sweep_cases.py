"""A small model and what to sweep over it, for the tests of sweeps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ploked.routing import plan
from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord
from ploked_protocol.keys import EndpointKey
from ploked_protocol.plans import RoutePlan, RoutePlanParams
from ploked_protocol.preferences import RegistryPrefs
from ploked_protocol.sweeps import GridAxis, LaunchSweepParams
from routing_cases import NOW

MODEL = "deepseek/deepseek-v3.2"
ALL = ("temperature", "top_p", "seed", "max_tokens", "top_k")


def endpoint(tag: str, parameters: tuple[str, ...] | None = ALL, ordinal: int = 0, **facts: Any) -> EndpointRecord:
    """Return an endpoint of MODEL that takes `parameters`."""
    return EndpointRecord(
        key=EndpointKey(MODEL, tag, ordinal),
        provider=tag.partition("/")[0],
        provider_name=tag.title(),
        source="openrouter",
        supported_parameters=parameters,
        **facts,
    )


def route(*endpoints: EndpointRecord, prefs: RegistryPrefs | None = None, **call: Any) -> RoutePlan:
    """Return the plan for MODEL over `endpoints`; `call` are further fields of RoutePlanParams."""
    facts = Freshness(source="openrouter", stale=False)
    model = ModelRecord(id=MODEL, name="DeepSeek V3.2", source="openrouter")
    return plan(model, list(endpoints), prefs or RegistryPrefs(), RoutePlanParams(model=MODEL, **call), facts, now=NOW)


def axis(parameter: str, start: str, stop: str, steps: int) -> GridAxis:
    """Return an axis, its ends as text."""
    return GridAxis(parameter, Decimal(start), Decimal(stop), steps)


def launch(*axes: GridAxis, **rest: Any) -> LaunchSweepParams:
    """Return what launches a sweep of MODEL."""
    return LaunchSweepParams(model=MODEL, grid=list(axes), **rest)
