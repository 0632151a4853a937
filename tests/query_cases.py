"""Catalogs and queries to hold the query language against, small enough that everything meets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import strategies as st
from msgspec.structs import replace
from ploked.search.query import Columns, Context
from ploked_protocol.catalog import EndpointRecord, ModelRecord, Percentiles, Pricing
from ploked_protocol.keys import EndpointKey
from ploked_protocol.money import Money
from ploked_protocol.searching import PREDICATES, SORT_KEYS

TODAY = date(2026, 11, 25)
Row = tuple[ModelRecord, list[EndpointRecord] | None]


def columns_of(catalog: Sequence[Row], order: Sequence[int] | None = None) -> Columns:
    """Return the columns of models and their endpoints."""
    return Columns([model for model, _ in catalog], lambda row: catalog[row][1], order)


def model(id_: str, name: str = "", **fields: object) -> ModelRecord:
    return replace(ModelRecord(id=id_, name=name or id_, source="openrouter"), **fields)


def endpoint(tag: str = "novita", **fields: object) -> EndpointRecord:
    slug = tag.partition("/")[0]
    record = EndpointRecord(key=EndpointKey("a/b", tag), provider=slug, provider_name=slug, source="openrouter")
    return replace(record, **fields)


def priced(prompt: str | None, completion: str | None = None, **other: str) -> Pricing:
    """Return prices, in USD per million tokens; others are as upstream says them."""
    amounts = [None if text is None else Money(Money(text) / 1_000_000) for text in (prompt, completion)]
    return Pricing.per_token(*amounts, other={name: Money(text) for name, text in other.items()})


def unknown_or(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


parameters = st.none() | st.lists(st.sampled_from(["tools", "seed", "stop"]), unique=True).map(tuple)
modalities = st.lists(st.sampled_from(["text", "image", "audio"]), unique=True, max_size=2).map(tuple)
prices = st.builds(
    priced,
    st.sampled_from([None, "0", "0.2", "0.5", "3"]),
    st.sampled_from([None, "0", "0.5", "2"]),
    input_cache_read=st.sampled_from(["0.0000001", "0.0000005"]),
)
percentiles = st.none() | st.builds(Percentiles, p50=st.none() | st.sampled_from([50.0, 900.0, 1000.0]))
endpoints = st.builds(
    endpoint,
    st.sampled_from(["deepinfra", "deepinfra/fp8", "openai/flex", "novita/fp4", "novita"]),
    quantization=st.sampled_from([None, "fp8", "int8", "fp4", "bf16", "odd"]),
    pricing=prices,
    context_length=st.sampled_from([None, 32_000, 200_000]),
    max_completion_tokens=st.sampled_from([None, 8_000]),
    supported_parameters=parameters,
    supports_tools=st.sampled_from(["yes", "no", "uncertain"]),
    uptime_30m=st.sampled_from([None, 98.9, 99.0, 100.0]),
    status=st.sampled_from([None, 0, -2]),
    latency_ms=percentiles,
    throughput_tps=percentiles,
    implicit_caching=st.sampled_from([None, True, False]),
    zdr=st.sampled_from([None, True, False]),
)
models = st.builds(
    model,
    st.sampled_from(["qwen/one", "openai/gpt-4o-mini", "~kimi/latest", "openrouter/auto", "qwen/one:free", "odd"]),
    st.sampled_from(["Qwen: One", "Mini", "Gemini Pro"]),
    description=st.sampled_from(["", "Smaller than Gemini Pro.", "A mini one"]),
    canonical_slug=st.sampled_from([None, "qwen/one-2026"]),
    created=st.sampled_from([None, 1_767_225_599, 1_767_225_600, 1_795_000_000]),
    context_hint=st.sampled_from([None, 32_000, 200_000]),
    supported_parameters=parameters,
    pricing=prices,
    input_modalities=modalities,
    output_modalities=modalities,
    tokenizer=st.sampled_from([None, "Qwen3", "GPT"]),
    knowledge_cutoff=st.sampled_from([None, "2025-03-31", "soon"]),
    expires=st.sampled_from([None, "2026-12-01", "2027-12-31", "some day"]),
    hugging_face_id=st.sampled_from([None, "x/y"]),
    is_moderated=st.sampled_from([None, True, False]),
)
rows = st.tuples(models, st.none() | st.lists(endpoints, max_size=4))
catalogs = st.lists(rows, max_size=6, unique_by=lambda row: row[0].id)
contexts = st.builds(
    Context,
    st.just(TODAY),
    favourites=st.frozensets(st.sampled_from(["qwen/one", "odd", "not/there"])),
    recent=st.frozensets(st.sampled_from(["~kimi/latest"])),
    providers=st.just({"deepinfra": "DeepInfra", "z-ai": "Z.AI"}),
)

_VALUES = {
    "tokens": ["32k", "200k", "1M", "32001"],
    "usd": ["0", "0.2", "0.5", "$1/M", "0.1", "0.0005/k"],
    "percent": ["99", "98.9%", "100"],
    "duration": ["50ms", "1s", "0.9s"],
    "rate": ["50", "900"],
    "count": ["0", "1", "2", "-1"],
    "date": ["2026", "2026-01", "2025-12-31", "30d", "1y", "2027-12"],
    "quantization": ["fp8", "fp4", "bf16", "int8"],
}
_TEXTS = {
    "provider": ["deepinfra", "novita", "openai", "deepinfra/fp8", "openai/flex", "gone"],
    "author": ["qwen", "kimi", ""],
    "by": ["openai"],
    "modality": ["image", "text"],
    "input": ["audio"],
    "output": ["image"],
    "param": ["tools", "seed", "top_k"],
    "variant": ["free", "none"],
    "tokenizer": ["qwen3", "GPT"],
    "source": ["openrouter"],
    "is": ["alias", "router", "moderated", "open"],
}
_OPERATORS = [":", "=", ">=", "<=", ">", "<"]


def _predicate(name: str) -> st.SearchStrategy[str]:
    each = next(each for each in PREDICATES if name in (each.name, *each.also))
    if each.kind in ("flag", "marker"):
        return st.just(name)
    if each.kind == "list":
        keys = st.lists(st.sampled_from([*SORT_KEYS, *(f"-{key}" for key in SORT_KEYS)]), min_size=1, max_size=2)
        return keys.map(lambda keys: f"sort:{','.join(keys)}") if name == "sort" else st.just("limit:3")
    values = _TEXTS.get(name) or [*_VALUES[each.kind], *(each.values if name in ("expires", "quant") else ())]
    some = st.lists(st.sampled_from(values), min_size=1, max_size=2).map(",".join)
    return st.builds("{}{}{}".format, st.just(name), st.sampled_from(_OPERATORS if each.compares else [":"]), some)


predicates = st.sampled_from([name for each in PREDICATES for name in (each.name, *each.also)]).flatmap(_predicate)
negatable = st.builds("{}{}".format, st.sampled_from(["", "", "-"]), predicates)
words = st.sampled_from(["one", '"gemini pro"', "-mini", '-"gemini pro"', "glm:free", "Qwen: One", '"tools"'])
queries = st.lists(negatable | words, max_size=5).map(" ".join)
"""Queries that mostly mean something."""
garbage = st.text('abinctx<>=:,-"@. \n0k$%/é😀', max_size=20) | st.text(max_size=20)
FRAGMENTS = [
    *(name for each in PREDICATES for name in (each.name, *each.also)), *_OPERATORS, *',-"@$%/. \n', "  ", "sort:",
    "200k", "0.5", "1s", "2026-01", "fp8", "none", "kimi", "gpt-4o", "é", "😀", "\u2003", "\u0130", "nitro", "-ctx",
    "9" * 40,
]  # fmt: skip
"""What queries are made of, and what they are not."""
any_query = st.lists(negatable | words | garbage, max_size=5).map(" ".join)
