"""The request of a plan, put to the loopback upstream's own routing over every model of the fixtures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ploked.importers.openrouter import parse_endpoints
from ploked.routing import plan
from ploked_fixtures.catalog import FixtureCatalog
from ploked_fixtures.selection import select
from ploked_fixtures.validation import problem
from ploked_protocol.catalog import ModelRecord
from ploked_protocol.keys import ModelKey
from ploked_protocol.plans import RoutePlanParams
from ploked_protocol.preferences import LLMParameters
from routing_cases import FRESH, NOW, prefs_of

ROUTING = "[registry.routing]\n"
CATALOG = FixtureCatalog()
SERVED = {model: answer["endpoints"] for model, answer in CATALOG.answers.items() if answer["endpoints"]}


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("", {}),
        ("", {"selected_endpoints": ["deepinfra", "novita/fp8", "google-vertex", "openai/flex"]}),
        ("", {"params": LLMParameters(tools_required=True, temperature=0.3)}),
        ("", {"params": LLMParameters(max_tokens=64)}),
        (ROUTING + "require_parameters = true", {"params": LLMParameters(top_k=20, seed=1)}),
        (ROUTING + "ignore = ['deepinfra', 'novita']\nquantizations = ['fp8', 'bf16']", {}),
        (ROUTING + "only = ['novita', 'together', 'azure']\nmax_price = { prompt = 0.5, completion = 2 }", {}),
        (ROUTING + "order = ['openai/priority', 'novita']\nallow_fallbacks = false", {}),
    ],
)
def test_the_upstream_goes_by_the_plan(text: str, call: dict[str, Any]) -> None:
    prefs = prefs_of(text)
    served = 0
    for model, rows in SERVED.items():
        endpoints = parse_endpoints(json.dumps({"data": CATALOG.answers[model]}).encode(), ModelKey.parse(model)).rows
        record = ModelRecord(id=model, name=model, source="openrouter")
        found = plan(record, endpoints, prefs, RoutePlanParams(model=model, **call), FRESH, now=NOW)
        planned = sorted(each.key.tag for each in found.endpoints)
        if found.request is None:
            assert planned == []
            continue
        assert problem(found.request) is None
        assert sorted(row["tag"] for row in select(rows, found.request, 10).endpoints) == planned, model
        served += len(planned)
    assert served > 0
