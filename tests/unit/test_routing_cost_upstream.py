"""The highest cost of a plan, held against what the loopback upstream bills, over every endpoint of the fixtures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from ploked.importers.openrouter import parse_endpoints
from ploked.routing.cost import cost_range
from ploked.routing.effective import effective
from ploked_fixtures.answers import complete, usage
from ploked_fixtures.catalog import FixtureCatalog
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import ModelKey
from ploked_protocol.plans import CostRange, RoutePlanParams
from ploked_protocol.preferences import LLMParameters, RegistryPrefs

SERVED = {model: answer for model, answer in FixtureCatalog().answers.items() if answer["endpoints"]}
HOURS = [datetime(2026, 8, 22, hour, 30, tzinfo=UTC) for hour in (0, 2, 5, 8, 12)]
"""One in each window of the prices that change by the hour."""


@pytest.mark.parametrize("prompt_tokens", [30, 300_000])
@pytest.mark.parametrize(
    "params",
    [
        {"max_tokens": 16, "temperature": 2.0},
        {"max_completion_tokens": 7},
        {"max_tokens": 64, "reasoning_effort": "high"},
    ],
)
def test_no_bill_is_above_the_highest_or_below_the_lowest_cost(params: dict[str, Any], prompt_tokens: int) -> None:
    checked = 0
    for model, answer in SERVED.items():
        body = {"model": model, "messages": [{"role": "user", "content": "Why?"}], **params}
        for row, raw in pairs(model, answer):
            said = replace(complete(body, raw | {"model_id": model}), prompt_tokens=prompt_tokens)
            for at in HOURS if row.pricing.overrides else HOURS[:1]:
                costs = ranged(row, LLMParameters(**params), prompt_tokens, at)
                billed = Decimal(str(usage(said, raw, at.timestamp())["cost"]))
                slack = billed * Decimal("1e-12")  # the upstream bills in binary floats
                if costs.highest is None or costs.lowest is None:
                    continue
                assert costs.lowest.amount - slack <= billed <= costs.highest.amount + slack, (model, row.key.tag)
                checked += 1
    assert checked > 500


def pairs(model: str, answer: dict[str, Any]) -> Iterable[tuple[EndpointRecord, dict[str, Any]]]:
    """Return every endpoint of an answer as a record, and as it came."""
    rows = parse_endpoints(json.dumps({"data": answer}).encode(), ModelKey.parse(model)).rows
    return zip(rows, answer["endpoints"], strict=True)


def ranged(row: EndpointRecord, params: LLMParameters, prompt_tokens: int, at: datetime) -> CostRange:
    call = RoutePlanParams(model=row.key.model, params=params, prompt_tokens=prompt_tokens, at=at.isoformat())
    return cost_range(row, effective(RegistryPrefs(), row.key.model, call, now=at))
