"""What queries find, by example; both evaluators are asked, and must agree."""

from __future__ import annotations

import weakref

import pytest
from msgspec.structs import replace
from ploked.search.query import Columns, Context, checked, complete, matching, ordered, split, verdict
from ploked.search.query.numbered import BLOCK
from ploked_protocol.catalog import EndpointRecord, ModelRecord, Percentiles
from query_cases import TODAY, columns_of, endpoint, model, priced

CONTEXT = Context(
    TODAY,
    favourites={"moonshotai/kimi"},
    recent={"qwen/vl"},
    providers={
        "deepinfra": "DeepInfra",
        "fireworks": "Fireworks",
        "novita": "NovitaAI",
        "google-vertex": "Google Vertex",
    },
)
KIMI = model(
    "moonshotai/kimi", "MoonshotAI: Kimi K2", created=1_767_225_600, input_modalities=("text",),
    output_modalities=("text",), description="Larger than any mini model.", hugging_face_id="moonshotai/Kimi",
)  # fmt: skip
KIMI_ENDPOINTS = [
    endpoint(
        "deepinfra/fp4", quantization="fp4", pricing=priced("0.3", "1.5"), context_length=131_072,
        supported_parameters=("tools", "seed"), uptime_30m=99.9, latency_ms=Percentiles(p50=800.0),
        throughput_tps=Percentiles(p50=60.0), status=0,
    ),
    endpoint(
        "fireworks", quantization="fp8", pricing=priced("0.6", "2.5"), context_length=262_144,
        supported_parameters=("seed",), uptime_30m=97.0, latency_ms=Percentiles(p50=1_500.0), zdr=True,
        throughput_tps=Percentiles(p50=120.0), status=-2,
    ),
]  # fmt: skip
VL = model(
    "qwen/vl", "Qwen: VL Mini", created=1_700_000_000, context_hint=262_144, pricing=priced("0.2", "0.4"),
    input_modalities=("text", "image"), output_modalities=("text",), supported_parameters=("tools", "stop"),
    expires="2026-12-01", tokenizer="Qwen3",
)  # fmt: skip
FREE = model("openai/oss:free", "OpenAI: OSS (free)", pricing=priced("0", "0"), supported_parameters=("stop",))
CATALOG: list[tuple[ModelRecord, list[EndpointRecord] | None]] = [(KIMI, KIMI_ENDPOINTS), (VL, None), (FREE, None)]
COLUMNS = columns_of(CATALOG)
NAMES = {KIMI.id: "kimi", VL.id: "vl", FREE.id: "free"}


def found(text: str) -> str:
    """Return the models that a query finds; those in brackets are uncertain."""
    query = checked(split(text), COLUMNS, CONTEXT)
    assert query.problems == ()
    answer = matching(query, COLUMNS, CONTEXT)
    rows = answer.in_order()
    for row, (record, served) in enumerate(CATALOG):
        plain = verdict(query, record, served, CONTEXT)
        assert plain.answer == ("no" if row not in rows else "uncertain" if answer.uncertain_rows >> row & 1 else "yes")
        assert plain.basis == ("endpoints" if served else "hint")
    names = [NAMES[CATALOG[row][0].id] for row in rows]
    return " ".join(
        f"({name})" if answer.uncertain_rows >> row & 1 else name for row, name in zip(rows, names, strict=True)
    )


@pytest.mark.parametrize(
    ("query", "models"),
    [
        # one of each kind
        ("tools", "kimi (vl)"),
        ("ctx>=200k", "kimi vl (free)"),
        ("in<0.5", "kimi vl free"),
        ("out<2", "kimi vl free"),
        ("quant>=fp8", "kimi (vl) (free)"),
        ("provider:deepinfra,fireworks", "kimi (vl) (free)"),
        ("-provider:novita", "kimi (vl) (free)"),
        ("zdr", "kimi (vl) (free)"),
        ("up>=99", "kimi (vl) (free)"),
        ("p50<1s", "kimi (vl) (free)"),
        ("tps>50", "kimi (vl) (free)"),
        ("free", "free"),
        ("modality:image", "vl (free)"),
        ("author:qwen", "vl"),
        ("by:openai", "free"),
        ("since:2026-01", "kimi (free)"),
        ("expires:none", "kimi free"),
        ("@fav", "kimi"),
        ("@recent", "vl"),
        # and more
        ("expires:soon", "vl"),
        ("expires<2027", "vl"),
        ("expires>=2027", "kimi free"),
        ("created<2024", "vl (free)"),
        ("since:1y", "kimi (free)"),
        ("vision", "vl (free)"),
        ("-vision", "kimi (free)"),
        ("quant:fp8", "kimi (vl) (free)"),
        ("-quant:fp4,fp8", "(vl) (free)"),
        ("provider:deepinfra/fp4", "kimi (vl) (free)"),
        ('provider:"google vertex"', "(vl) (free)"),
        ("param:seed", "kimi"),
        ("param:stop", "(vl) (free)"),
        ("endpoints>=2", "kimi (vl) (free)"),
        ("endpoints>=3", "(vl) (free)"),
        ("cost<=1.8", "kimi vl free"),
        ("status>=0", "kimi (vl) (free)"),
        ("is:open", "kimi"),
        ("variant:free", "free"),
        ("tokenizer:qwen3", "(kimi) vl (free)"),
        ("-mini", "kimi free"),
        ('"mini model"', "kimi"),
        ('"free"', "free"),
        ('-"kimi k2"', "vl free"),
        ("", "kimi vl free"),
    ],
)
def test_a_query_finds(query: str, models: str) -> None:
    assert found(query) == models


def test_all_predicates_about_endpoints_must_hold_of_one_and_the_same() -> None:
    assert found("provider:fireworks author:moonshotai") == found("in<0.5 author:moonshotai") == "kimi"
    assert found("provider:fireworks in<0.5 author:moonshotai") == ""
    assert found("provider:deepinfra in<0.5 tools author:moonshotai") == "kimi"
    assert found("quant>=fp8 tools author:moonshotai") == ""


def test_a_negated_predicate_about_endpoints_is_about_the_same_one_too() -> None:
    assert found("-provider:deepinfra ctx>=200k author:moonshotai") == "kimi"
    assert found("-provider:fireworks ctx>=200k author:moonshotai") == ""


def test_a_tier_is_found_by_its_whole_tag_alone() -> None:
    columns = columns_of([(KIMI, [endpoint("openai/flex")])])
    context = replace_providers({"openai": "OpenAI"})
    assert matching(split("provider:openai"), columns, context).total == 0
    assert matching(split("provider:openai/flex"), columns, context).total == 1


def replace_providers(providers: dict[str, str]) -> Context:
    return Context(TODAY, providers=providers)


@pytest.mark.parametrize(
    ("text", "wrong", "suggestion"),
    [
        ("kimi provider:deepinfar", "deepinfar", "deepinfra"),
        ("provider:fireworks,nobody", "nobody", None),
        ("author:qwenn tools", "qwenn", "qwen"),
        ("param:sede", "sede", "seed"),
        ("modality:imgae", "imgae", "image"),
        ("is:opne", "opne", "open"),
        ("quant:fp88", "fp88", "fp8"),
    ],
)
def test_a_value_that_nothing_has_is_told_and_does_not_empty_the_list(
    text: str, wrong: str, suggestion: str | None
) -> None:
    query = checked(split(text), COLUMNS, CONTEXT)
    (problem,) = query.problems
    assert (text[problem.start : problem.end], problem.suggestion) == (wrong, suggestion)
    assert matching(query, COLUMNS, CONTEXT).total > 0


def test_a_model_that_changed_is_found_by_what_is_known_now() -> None:
    cheap = [endpoint("novita", pricing=priced("0.01", "0.01"), supported_parameters=("tools",))]
    columns = COLUMNS.updated(1, VL, cheap)
    query = split("in<0.1 tools provider:novita")
    assert matching(query, COLUMNS, CONTEXT).in_order() == []
    assert matching(checked(query, columns, CONTEXT), columns, CONTEXT).in_order() == [1]
    assert ordered([0, 1, 2], split("sort:-in").sort, columns) == [0, 1, 2]


class Served(list[EndpointRecord]):
    """Endpoints that can be watched."""


def test_columns_read_endpoints_once_and_hold_none() -> None:
    watched: list[weakref.ref[Served]] = []
    most_at_once = 0

    def endpoints_of(row: int) -> Served:
        nonlocal most_at_once
        served = Served([endpoint("novita", uptime_30m=row / 10)] * (row % 3))
        watched.append(weakref.ref(served))
        most_at_once = max(most_at_once, sum(ref() is not None for ref in watched))
        return served

    columns = Columns([replace(VL, id=f"qwen/vl-{row}") for row in range(3 * BLOCK)], endpoints_of)
    columns.warm()
    assert matching(split("up>=70 up<70.3"), columns, CONTEXT).total == 2 + BLOCK
    assert ordered(range(3 * BLOCK), split("sort:-up limit:1").sort, columns)[0] == 3 * BLOCK - 1
    assert (len(watched), most_at_once) == (3 * BLOCK, BLOCK)
    assert not any(ref() for ref in watched)


def test_many_changes_are_taken_in() -> None:
    many = 40
    models = [replace(VL, id=f"qwen/vl-{number}") for number in range(many)]
    columns = columns_of([(model, None) for model in models])
    for row in range(many):
        columns = columns.updated(row, models[row], [endpoint("novita")])
    found = matching(split("endpoints:1"), columns, CONTEXT)
    assert (found.total, found.uncertain_rows) == (many, 0)


# order


@pytest.mark.parametrize(
    ("order", "models"),
    [
        ("sort:cost", "free vl kimi"),
        ("sort:-cost", "kimi vl free"),
        ("sort:ctx", "kimi vl free"),
        ("sort:-ctx", "kimi vl free"),
        ("sort:new", "kimi vl free"),
        ("sort:-new", "vl kimi free"),
        ("sort:name", "kimi free vl"),
        ("sort:up", "kimi vl free"),
        ("sort:-ctx,cost", "vl kimi free"),
        ("sort:endpoints", "kimi vl free"),
    ],
)
def test_an_order_puts_what_is_unknown_last(order: str, models: str) -> None:
    rows = ordered([0, 1, 2], split(order).sort, COLUMNS)
    assert " ".join(NAMES[CATALOG[row][0].id] for row in rows) == models


# completion


def offered(text: str, position: int | None = None) -> list[tuple[str, int | None]]:
    result = complete(text, position, COLUMNS, CONTEXT)
    return [(item.insert_text, item.count) for item in result.items]


def test_values_are_offered_with_how_many_models_have_them() -> None:
    assert offered("tokenizer:") == [("qwen3", 1)]
    assert offered("param:s")[:3] == [("stop", 2), ("seed", 1), ("structured_outputs", 0)]
    assert ("tools", 2) in offered("param:")
    assert offered("zd") == [("zdr", 1)]


def test_counts_are_over_what_the_rest_of_the_query_finds() -> None:
    assert dict(offered("provider:"))["deepinfra"] == 1
    assert dict(offered("in>0.5 provider:"))["deepinfra"] == 0
    assert dict(offered("in>0.5 provider:"))["fireworks"] == 1
    result = complete("provider:", None, COLUMNS, CONTEXT)
    assert result.counts_over == "matches"


@pytest.mark.parametrize(
    ("text", "inserted", "replaced"),
    [
        ("kimi pro", "provider:", "pro"),
        ("kimi -pro", "provider:", "pro"),
        ("kimi ct", "ctx>=", "ct"),
        ("ctx", "ctx<=", "ctx"),
        ("provider:novita,deep", "deepinfra", "deep"),
        ("sort:cost,-ct", "-ctx", "-ct"),
        ("quant>=f", "fp8", "f"),
        ("since:", "30d", ""),
        ("ctx>=2", "200k", "2"),
        ("@f", "@fav", "@f"),
        ("to", "tools", "to"),
        ("provder", "provider:", "provder"),
    ],
)
def test_what_is_typed_is_completed_in_its_place(text: str, inserted: str, replaced: str) -> None:
    result = complete(text, None, COLUMNS, CONTEXT)
    assert inserted in [item.insert_text for item in result.items]
    assert text[result.start : result.end] == replaced


def test_a_name_before_its_operator_is_completed_without_another() -> None:
    result = complete("kimi pro:novita", 8, COLUMNS, CONTEXT)
    assert [item.insert_text for item in result.items] == ["provider"]
    assert (result.start, result.end) == (5, 8)


def test_a_value_in_the_midst_of_others_is_replaced_alone() -> None:
    text = "provider:novita,dee,fireworks tools"
    result = complete(text, 18, COLUMNS, CONTEXT)
    assert text[result.start : result.end] == "dee"
    assert [item.insert_text for item in result.items] == ["deepinfra"]
