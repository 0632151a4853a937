"""Whole plans, as they stand on the wire, beside the config.toml that leads to each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest
from chat_request import schema_problems
from ploked_protocol.catalog import EndpointRecord, PriceOverride, Pricing
from ploked_protocol.errors import ReasonCode
from ploked_protocol.money import Money
from ploked_protocol.plans import RoutePlan
from ploked_protocol.wire import builtins
from routing_cases import KIMI, TOOLS, endpoint, plan_of

CONFIGS = {
    "plain": "",
    "design": """\
[registry]
global_default_profile = "balanced"

[registry.routing]
sort = "price"
data_collection = "deny"
max_price = { prompt = 1.0, completion = 4.0 }

[[registry.profiles]]
name = "balanced"
params = { temperature = 0.7, top_p = 0.95 }

[[registry.models]]
model = "moonshotai/kimi-k2"
default_profile = "creative-0.8"
allowed_providers = ["moonshotai", "deepinfra/fp8", "baseten"]
banned_providers = ["novita"]
required_supported_params = ["tools", "seed"]
profiles = [{ name = "creative-0.8", params = { temperature = 0.8, tools_required = true } }]
""",
    "nothing-left": """\
[registry.routing]
max_price = { completion = 2.0 }
quantizations = ["fp8"]

[[registry.models]]
model = "moonshotai/kimi-k2"
required_supported_params = ["seed"]
""",
    "every-reason": """\
[registry]
global_default_profile = "long"
strictness = "OpenRouterOnly"

[registry.routing]
only = ["novita", "groq", "deepinfra", "baseten", "together", "chutes", "house", "azure", "moonshotai/priority"]
data_collection = "deny"
zdr = true
enforce_distillable_text = true
quantizations = ["fp8", "unknown"]
max_price = { prompt = 0.9 }

[[registry.profiles]]
name = "long"
params = { max_tokens = 20000 }

[[registry.profiles]]
name = "agent"
extends = "long"
params = { tools_required = true }

[[registry.models]]
model = "moonshotai/kimi-k2"
default_profile = "agent"
banned_providers = ["chutes", "Fireworks"]
required_supported_params = ["seed"]
selected_endpoints = ["novita", "groq", "deepinfra", "together/fp8", "chutes", "azure", "house"]
""",
}

ABLE = (*TOOLS, "seed", "top_k")


def row(tag: str, *parameters: str, **facts: Any) -> EndpointRecord:
    """Return an endpoint of which nothing is amiss but what `facts` say."""
    usual: dict[str, Any] = {"zdr": True, "context_length": 131_072, "max_completion_tokens": 65_536, "status": 0}
    return msgspec.structs.replace(endpoint(tag, *(parameters or ABLE), quantization="fp8"), **{**usual, **facts})


OVER_LONG = PriceOverride(min_prompt_tokens=50_000, prices={"prompt": Money("0.0000012")})

ROWS = {
    "every-reason": [
        row("novita/fp8"),
        row("novita/eu", zdr=None, max_completion_tokens=None),
        row("deepinfra/fp8", zdr=False, status=-5, uptime_30m=41.5),
        row("deepinfra/turbo", pricing=Pricing.per_token(Money("0.0000005"), None, overrides=(OVER_LONG,))),
        row("groq", quantization="fp4", context_length=65_536),
        row("baseten", "seed", "top_k", max_completion_tokens=8192),
        row("together/fp8", *TOOLS, "top_k"),
        row("chutes/fp8"),
        row("house", source="house"),
        row("azure/eu", supported_parameters=None, supports_tools="uncertain"),
        row("moonshotai"),
        row("moonshotai/priority"),
        row("azure/flex"),
    ]
}

CALLS: dict[str, dict[str, Any]] = {"every-reason": {"prompt_tokens": 60_000, "params": {"top_k": 40}}}


def planned(name: str) -> RoutePlan:
    return plan_of(CONFIGS[name], endpoints=ROWS.get(name), prompt="Why is the sky blue?", **CALLS.get(name, {}))


@pytest.mark.parametrize("name", CONFIGS)
def test_the_plan_is_the_one_that_was_read_and_approved(name: str, golden: Callable[[str, str], None]) -> None:
    found = planned(name)
    assert found.request is None or schema_problems(found.request) == []
    shown = {
        "config": CONFIGS[name].splitlines(),
        "asked": KIMI,
        "call": CALLS.get(name, {}),
        "endpoints": [each.key.tag for each in found.endpoints],
        "verdicts": {each.key.tag: builtins(msgspec.structs.replace(each, cost=None)) for each in found.verdicts},
        "excluded": {each.endpoint.key.tag: builtins(each.reasons) for each in found.excluded},
        "tryOrder": builtins(found.try_order),
        "relaxations": builtins(found.relaxations),
        "warnings": builtins(found.warnings),
        "profile": builtins(found.profile),
        "routing": builtins(found.routing),
        "request": found.request,
        "message": found.message,
        "nothingLeft": builtins(found.nothing_left),
    }
    golden(f"routing/{name}.json", json.dumps(shown, indent=2, ensure_ascii=False) + "\n")


def test_every_reason_that_excludes_is_shown() -> None:
    codes = {reason.code for name in CONFIGS for each in planned(name).excluded for reason in each.reasons}
    kept = {reason.code for name in CONFIGS for each in planned(name).verdicts for reason in each.uncertain}
    untold = {"dataPolicy", "distillable"}  # of these the upstream says nothing, so they leave endpoints uncertain
    assert codes == set(get_args(ReasonCode)) - untold - {"unknownFact", "staleFact"}
    assert kept == {"unknownFact"}
