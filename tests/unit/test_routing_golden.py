"""Whole plans, as they stand on the wire, beside the config.toml that leads to each."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from chat_request import schema_problems
from ploked_protocol.wire import builtins
from routing_cases import KIMI, plan_of

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
}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_plan_is_the_one_that_was_read_and_approved(name: str, golden: Callable[[str, str], None]) -> None:
    found = plan_of(CONFIGS[name], prompt="Why is the sky blue?")
    assert found.request is None or schema_problems(found.request) == []
    shown = {
        "config": CONFIGS[name].splitlines(),
        "asked": KIMI,
        "endpoints": [each.key.tag for each in found.endpoints],
        "excluded": {each.endpoint.key.tag: builtins(each.reasons) for each in found.excluded},
        "profile": builtins(found.profile),
        "request": found.request,
        "message": found.message,
        "nothingLeft": builtins(found.nothing_left),
    }
    golden(f"routing/{name}.json", json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
