"""How long a plan takes over 40 endpoints, in this process: `python tests/bench/plans.py`. Prints a Markdown table.

Every kind of constraint is in the preferences, in all three layers, read from a text so that origins have lines.
Time is given by the clock and as CPU time of the thread: on a busy machine only the latter speaks of the code.
Nothing is asserted here.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from ploked.preferences.load import load
from ploked.routing import plan
from ploked.routing.constraints import constraints
from ploked.routing.effective import effective
from ploked.routing.relax import relaxations
from ploked.routing.rules import judge
from ploked_protocol.catalog import EndpointRecord, PriceOverride
from ploked_protocol.money import Money
from ploked_protocol.plans import RoutePlanParams
from ploked_protocol.preferences import LLMParameters, MaxPrice, RoutingPrefs

sys.path.insert(0, str(Path(__file__).parent.parent))

from routing_cases import FRESH, KIMI, MODEL, TOOLS, endpoint

NOW = datetime(2026, 8, 22, 12, tzinfo=UTC)
ROUNDS = 3000
COUNT = 40
SLUGS = [f"provider-{n}" for n in range(COUNT)]

MOST_LEFT = """
version = 1
[registry]
global_default_profile = "balanced"
strictness = "OpenRouterOnly"
[registry.routing]
order = ["provider-3", "provider-7"]
ignore = ["provider-1"]
require_parameters = true
data_collection = "deny"
zdr = true
quantizations = ["fp8", "bf16", "unknown"]
preferred_min_throughput = { p50 = 20 }
max_price = { prompt = 5, completion = 20, request = 1, image = 1, audio = 1 }
[[registry.profiles]]
name = "balanced"
params = { temperature = 0.7, top_p = 0.95, max_tokens = 500 }
[[registry.models]]
model = "moonshotai/kimi-k2"
default_profile = "creative"
allowed_providers = [LIST]
banned_providers = ["provider-2", "provider-5/fp8"]
required_supported_params = ["tools", "seed"]
selected_endpoints = [LIST]
routing = { enforce_distillable_text = true, preferred_max_latency = 3 }
[[registry.models.profiles]]
name = "creative"
extends = "balanced"
params = { temperature = 0.9, top_k = 40, tools_required = true }
""".replace("LIST", ", ".join(f'"{slug}"' for slug in SLUGS[:36]))

NONE_LEFT = MOST_LEFT.replace(
    "max_price = { prompt = 5, completion = 20,", "max_price = { prompt = 0.01, completion = 0.02,"
)
NONE_LEFT = NONE_LEFT.replace('["fp8", "bf16", "unknown"]', '["int4"]').replace(
    "max_tokens = 500", "max_tokens = 900000"
)
NONE_LEFT = NONE_LEFT.replace('["tools", "seed"]', '["tools", "seed", "min_p", "logprobs"]')
NONE_LEFT = NONE_LEFT.replace(", ".join(f'"{slug}"' for slug in SLUGS[:36]), '"provider-50"')


def served(n: int) -> EndpointRecord:
    """Return the endpoint number `n`: prices, limits and parameters of its own."""
    suffix = ("", "/fp8", "/eu", "/fp8", "/flex")[n % 5]
    parameters = (*TOOLS, "seed", "top_k", "stop", "response_format") if n % 3 else ("seed", "stop")
    row = endpoint(
        SLUGS[n] + suffix,
        *parameters,
        usd_per_1m=(f"0.{n + 10}", f"1.{n + 10}"),
        most=1000 * (n + 1),
        quantization="fp8" if n % 2 else None,
    )
    size = PriceOverride(min_prompt_tokens=1000, prices={"prompt": Money("0.000003")})
    priced = msgspec.structs.replace(row.pricing, overrides=(size,) if n % 7 == 0 else ())
    context = 4000 * (n + 1)
    return msgspec.structs.replace(
        row, pricing=priced, status=-5 if n % 11 == 0 else 0, zdr=(True, None, False)[n % 3], context_length=context
    )


ROWS = [served(n) for n in range(COUNT)]


def main() -> None:
    """Measure and print."""
    print(f"| what, {COUNT} endpoints | clock p50 ms | p99 ms | CPU p50 ms | p99 ms | left | constraints |")
    print("|---|---|---|---|---|---|---|")
    call = RoutePlanParams(
        model=KIMI,
        params=LLMParameters(temperature=0.2),
        routing=RoutingPrefs(max_price=MaxPrice(prompt=4.0)),
    )
    sized = msgspec.structs.replace(call, prompt_tokens=2000)
    for name, text, asked in (
        ("plan, no preferences", "", RoutePlanParams(model=KIMI)),
        ("plan, every kind of constraint", MOST_LEFT, call),
        ("the same with promptTokens: costs, context, overrides", MOST_LEFT, sized),
        ("plan, none left, with relaxations", NONE_LEFT, sized),
    ):
        planned(name, text, asked)
    relaxed(NONE_LEFT, sized)


def planned(name: str, text: str, call: RoutePlanParams) -> None:
    """Measure one kind of plan."""
    loaded = load(text, "/home/me/config.toml")
    assert loaded.prefs is not None
    assert not loaded.problems, loaded.problems
    prefs = loaded.prefs

    def once() -> object:
        return plan(MODEL, ROWS, prefs, call, FRESH, loaded, now=NOW)

    made = plan(MODEL, ROWS, prefs, call, FRESH, loaded, now=NOW)
    rules = constraints(effective(prefs, KIMI, call, now=NOW), ROWS)
    row(name, timed(once), f"{len(made.endpoints)}", f"{len(rules)}")


def relaxed(text: str, call: RoutePlanParams) -> None:
    """Measure the search for relaxations alone."""
    prefs = load(text, "/home/me/config.toml").prefs
    assert prefs is not None
    rules = constraints(effective(prefs, KIMI, call, now=NOW), ROWS)
    excluded = [(each, judge(each, rules)[0]) for each in ROWS]
    failed = statistics.mean(len(each) for _, each in excluded)
    found = relaxations(excluded)
    row(
        f"relaxations alone ({failed:.1f} reasons an endpoint, {len(found)} found)",
        timed(lambda: relaxations(excluded)),
        "0",
        f"{len(rules)}",
    )


def timed(call: Callable[[], object]) -> list[list[float]]:
    """Return how long `call` takes each time, in ms, by the clock and of CPU; both sorted."""
    for _ in range(50):
        call()
    gc.collect()
    gc.freeze()
    clock, cpu = [], []
    for _ in range(ROUNDS):
        began, used = time.perf_counter(), time.thread_time()
        call()
        cpu.append((time.thread_time() - used) * 1000)
        clock.append((time.perf_counter() - began) * 1000)
    return [sorted(clock), sorted(cpu)]


def row(name: str, took: list[list[float]], left: str, count: str) -> None:
    """Print a line of the table."""
    cells = [f"{each[int(len(each) * share)]:.3f}" for each in took for share in (0.5, 0.99)]
    print(f"| {name} | {' | '.join(cells)} | {left} | {count} |")


if __name__ == "__main__":
    main()
