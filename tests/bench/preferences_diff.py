"""Speed of `ploked/preferencesDiff` for 50 models of 20 endpoints each: `python tests/bench/preferences_diff.py`.

Prints p50 and p99 of the comparison alone, and how long the event loop was held up by it at the most. Time on the clock
counts whatever else the machine does; processor time does not. Nothing is asserted here.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from ploked.preferences.load import load
from ploked.routing.difference import model_diff, models_of
from ploked.routing.serving import Serving
from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord, Pricing
from ploked_protocol.keys import EndpointKey
from ploked_protocol.money import money
from ploked_protocol.plans import RoutePlanParams
from ploked_protocol.preferences import RegistryPrefs
from run import percentile, timed

MODELS, ENDPOINTS, ROUNDS = 50, 20, 60
PARAMETERS = ("max_tokens", "temperature", "top_p", "tools", "tool_choice", "seed", "response_format")
FRESH = Freshness(source="openrouter", refreshed_at="2026-08-22T00:00:00Z", age_s=60.0, stale=False)
QUANTIZATIONS = ("fp8", "fp4", "bf16", None)


def endpoint(model_id: str, n: int) -> EndpointRecord:
    """Return one of ENDPOINTS unequal endpoints."""
    quantization = QUANTIZATIONS[n % 4]
    tag = f"provider-{n}/{quantization}" if quantization else f"provider-{n}"
    return EndpointRecord(
        key=EndpointKey(model_id, tag),
        provider=f"provider-{n}",
        provider_name=f"Provider {n}",
        source="openrouter",
        quantization=quantization,
        pricing=Pricing.per_token(money(Decimal(n + 1) / 10_000_000), money(Decimal(n + 1) / 4_000_000)),
        context_length=131_072,
        max_completion_tokens=8_192 if n % 3 else None,
        supported_parameters=PARAMETERS[: 4 + n % 4],
        supports_tools="yes",
    )


def serving(model_id: str) -> Serving:
    """Return who serves a model."""
    model = ModelRecord(id=model_id, name=model_id, source="openrouter")
    return Serving(model, [endpoint(model_id, n) for n in range(ENDPOINTS)], FRESH)


def config(routing: str) -> str:
    """Return a text that names MODELS models, each with lists and a profile of its own."""
    models = "".join(
        f'[[registry.models]]\nmodel = "author/model-{n}"\nbanned_providers = ["provider-{n % 20}", "provider-3"]\n'
        'required_supported_params = ["tools"]\ndefault_profile = "own"\n'
        f'profiles = [{{ name = "own", params = {{ temperature = 0.{n % 9} }} }}]\n'
        for n in range(MODELS)
    )
    return f"version = 1\n[registry.routing]\n{routing}\n{models}"


def prefs_of(routing: str) -> RegistryPrefs:
    """Return the preferences in such a text."""
    prefs = load(config(routing), Path("config.toml")).prefs
    assert prefs is not None
    return prefs


def comparison(before: RegistryPrefs, after: RegistryPrefs) -> Callable[[], object]:
    """Return the function that compares all models."""
    known = {model_id: serving(model_id) for model_id in models_of(before, after)}
    now = datetime(2026, 8, 22, 1, tzinfo=UTC)
    calls = [RoutePlanParams(model=model_id, prompt_tokens=1_000) for model_id in known]
    return lambda: [model_diff(call, known[call.model], before, after, now) for call in calls]


async def longest_pause(work: Callable[[], object]) -> float:
    """Return for how long at the most the event loop stood still while `work` ran in a thread, in ms."""
    longest, done = 0.0, asyncio.ensure_future(asyncio.to_thread(work))
    while not done.done():
        began = time.perf_counter()
        await asyncio.sleep(0)
        longest = max(longest, (time.perf_counter() - began) * 1000)
    return longest


CASES = {
    "one cap lowered": ("max_price = { prompt = 5 }", "max_price = { prompt = 0.9 }"),
    "nothing changes": ("max_price = { prompt = 5 }", "max_price = { prompt = 5.0 }"),
    "nothing is left": ("max_price = { prompt = 5 }", 'quantizations = ["int4"]\nonly = ["provider-3", "provider-4"]'),
}


def on_processor(work: Callable[[], object]) -> float:
    """Return the processor time that `work` takes, in ms."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def main() -> None:
    """Print a line for each case."""
    for name, (before, after) in CASES.items():
        compare = comparison(prefs_of(before), prefs_of(after))
        compare()
        gc.collect()
        figures = {
            "clock": [timed(compare) for _ in range(ROUNDS)],
            "processor": [on_processor(compare) for _ in range(ROUNDS)],
            "loop held up": [asyncio.run(longest_pause(compare)) for _ in range(20)],
        }
        shown = (f"{what} {percentile(ms, 0.5):.1f} / {percentile(ms, 0.99):.1f} ms" for what, ms in figures.items())
        print(f"{name} (p50 / p99): {', '.join(shown)}")


if __name__ == "__main__":
    main()
