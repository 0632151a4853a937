"""The query language against catalogs of three sizes: `python tests/bench/search_filters.py`. Prints a Markdown table.

Each query is parsed, checked and answered with its first rows in order; "typed" asks key by key. Times
are of the processor, and of several rounds the best one counts for each query. Nothing is asserted.
"""

from __future__ import annotations

import gc
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.resources import files

from msgspec.structs import replace
from ploked.importers.openrouter import parse_models
from ploked.search.query import Columns, Context, checked, complete, head, matching, split
from ploked_protocol.catalog import EndpointRecord, ModelRecord, Percentiles, Pricing
from ploked_protocol.keys import EndpointKey
from ploked_protocol.money import Money
from ploked_protocol.searching import PREDICATES

EVERYTHING = (
    "tools ctx>=200k in<0.5 out<2 quant>=fp8 provider:deepinfra,fireworks -provider:novita zdr up>=99 p50<1s tps>50 "
    "free modality:image author:qwen by:openai since:2026-01 expires:none @fav @recent sort:cost,-ctx limit:20"
)
QUERIES = [
    *[each.example for each in PREDICATES],
    "tools ctx>=200k in<0.5 out<2",
    "provider:deepinfra in<0.5 tools sort:cost",
    "-provider:novita quant>=fp8 up>=99 sort:-tps",
    "modality:image param:seed -mini sort:new",
    '"claude sonnet" tools -free',
    "vision sort:cost,-ctx,name limit:50",
    EVERYTHING,
]
TYPED = [query[:end] for query in (EVERYTHING, QUERIES[-6], QUERIES[-4]) for end in range(1, len(query) + 1)]
SIZES = (421, 5_258, 100_000)
ENDPOINTS = 10
SHOWN = 50
TODAY = date(2026, 11, 25)
PROVIDERS = [
    "deepinfra", "fireworks", "novita", "together", "groq", "openai", "anthropic", "google-vertex", "azure", "chutes",
    *[f"provider-{number}" for number in range(70)],
]  # fmt: skip
QUANTIZATIONS = [None, None, "fp8", "bf16", "fp4", "int4", "int8", "fp16"]


def catalog(count: int, endpoints: int, seed: int = 7) -> tuple[list[ModelRecord], list[list[EndpointRecord] | None]]:
    """Return `count` models made from the bundled ones, a tenth of them without known endpoints."""
    rng = random.Random(seed)
    real = parse_models((files("ploked_fixtures") / "openrouter/models.json").read_bytes()).rows
    models, served = [], list[list[EndpointRecord] | None]()
    for number in range(count):
        like = real[number % len(real)]
        id_ = like.id if number < len(real) else f"{like.id.partition(':')[0]}-{number}"
        models.append(replace(like, id=id_, created=rng.randrange(1_700_000_000, 1_795_000_000)))
        known = rng.random() < 0.9
        served.append([endpoint(rng, models[-1], at) for at in range(endpoints)] if known else None)
    return models, served


def endpoint(rng: random.Random, model: ModelRecord, ordinal: int) -> EndpointRecord:
    """Return some serving of `model`."""
    provider, quantization = rng.choice(PROVIDERS), rng.choice(QUANTIZATIONS)
    names = model.supported_parameters
    return EndpointRecord(
        key=EndpointKey(model.id, f"{provider}/{quantization}" if quantization else provider, ordinal),
        provider=provider,
        provider_name=provider.title(),
        source="openrouter",
        quantization=quantization,
        pricing=Pricing.per_token(price(rng, 400), price(rng, 800)),
        context_length=rng.choice((32_768, 131_072, 200_000, 262_144, 1_048_576)),
        max_completion_tokens=rng.choice((8_192, 32_768, None)),
        supported_parameters=names if names is None or rng.random() < 0.8 else names[::2],
        uptime_30m=rng.randrange(9_000, 10_001) / 100,
        status=0,
        latency_ms=Percentiles(p50=float(rng.randrange(100, 5_000))),
        throughput_tps=Percentiles(p50=float(rng.randrange(5, 300))),
    )


def price(rng: random.Random, below: int) -> Money:
    """Return so many hundredths of a dollar per million tokens, per token."""
    return Money(f"{rng.randrange(below)}e-8")


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def timed(call: Callable[[], object]) -> float:
    """Return how long `call` keeps this thread busy, in ms: other processes share the cores."""
    began = time.thread_time()
    call()
    return (time.thread_time() - began) * 1000


def best(rounds: int, calls: list[Callable[[], object]]) -> list[float]:
    """Return the best time of each call, in ms."""
    return list(map(min, zip(*([timed(call) for call in calls] for _ in range(rounds)), strict=True)))


def answer(text: str, columns: Columns, context: Context) -> list[int]:
    """Return the first rows that a query without words finds."""
    query = checked(split(text), columns, context)
    found = matching(query, columns, context)
    return head(found, query.sort, columns, min(SHOWN, query.limit or SHOWN))


def figures(took: list[float]) -> str:
    """Return median and 99th percentile."""
    return f"{statistics.median(took):.2f} / {percentile(took, 0.99):.2f}"


def rss_mb() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(count: int, rounds: int) -> str:
    """Measure one size; return its line of the table."""
    models, served = catalog(count, ENDPOINTS)
    before, columns = rss_mb(), Columns(models, served.__getitem__)
    built = timed(columns.warm)
    gc.collect()
    gc.freeze()
    context = Context(TODAY, {model.id for model in models[:50]}, {model.id for model in models[50:90]})
    for text in (*QUERIES, *TYPED):
        answer(text, columns, context)
    whole = best(rounds, [partial(answer, text, columns, context) for text in QUERIES])
    typed = best(rounds, [partial(answer, text, columns, context) for text in TYPED])
    asked = best(rounds, [partial(complete, text, None, columns, context) for text in TYPED])
    return (
        f"| {count:,} x {ENDPOINTS} | {figures(whole)} | {figures(typed)} | {figures(asked)} "
        f"| {built:.0f} | {rss_mb() - before:.0f} |"
    )


def main() -> None:
    """Print the table, for the sizes named on the command line or all."""
    parsing = best(5, [partial(split, text) for text in TYPED])
    print(f"parse, {len(TYPED)} queries typed key by key: p50 / p99 {figures(parsing)} ms\n")
    print("| models x endpoints | queries, p50 / p99 ms | typed | completion | columns, ms | and MB |")
    print("|---|---|---|---|---|---|")
    for size in [int(text) for text in sys.argv[1:]] or SIZES:
        print(row(size, 5), flush=True)


if __name__ == "__main__":
    main()
