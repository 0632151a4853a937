"""What queries say, and what is wrong with those that say less than they might."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from ploked.search.query import split
from ploked.search.query.facts import FLAGS, LABELS, NUMBERS, SETS
from ploked.search.query.values import read
from ploked_protocol.searching import BY_NAME, PREDICATES, SORT_KEYS, QueryProblem

ISSUE = (
    "kimi tools ctx>=200k in<0.5 out<2 quant>=fp8 provider:deepinfra,fireworks -provider:novita zdr up>=99 p50<1s "
    "tps>50 free modality:image author:qwen by:openai since:2026-01 expires:none @fav @recent sort:cost,-ctx limit:20"
)
EXAMPLES = [
    ISSUE,
    "",
    "kimi k2",
    '"kimi k2" -"k2 thinking" -mini',
    'free "free" -free -"free"',
    "ctx >= 128k",
    "IN<$0.50/M OUT<=0.002/k",
    "tools,vision",
    "quant:fp8,bf16,unknown",
    'provider:"Google Vertex",deepinfra/fp8',
    "z-ai/glm-5.2:free glm:nitro openai/gpt-4o@preset/mine",
    "Anthropic: Claude Sonnet",
    "p99<1500ms cacheread<=0.1 maxout>4096 status=0",
    "created<2025 cutoff>=2025-06-30 expires:soon since:90d",
    "param:seed,top_k is:open -is:router variant:batch",
    "sort:cost sort:-ctx,cost limit:5 limit:10",
    "provder:deepinfra kimi",
    "licence:mit kimi",
    "ctx>=lots in<cheap kimi",
    "p50<1 kimi",
    'kimi "k2',
    "in< kimi",
    ">=5 kimi",
    "tools:no -tools:no",
    "sort:price,-cxt limit:0 -limit:3",
    "@favourite @fax",
    "quant>=gptq quant:gptq",
    "since>2026 author>qwen expires<none",
    "ctx:0.5 endpoints>1.5 in<-1 up>1e3",
    "provider:,deepinfra,",
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_say_the_same_again(example: str) -> None:
    assert split(str(split(example))) == split(example)


def test_examples(golden: Callable[[str, str], None]) -> None:
    golden("queries.txt", "\n".join(map(described, EXAMPLES)))


def described(text: str) -> str:
    query = split(text)
    lines = [f"> {text}", f"  {query}"]
    lines += [f"  {text[p.start : p.end]!r} at {p.start}: {told(p)}" for p in query.problems]
    return "\n".join(lines) + "\n"


def told(problem: QueryProblem) -> str:
    return problem.message + (f" [{problem.suggestion}]" if problem.suggestion else "")


# the table


def test_the_daemon_answers_exactly_the_predicates_of_the_protocol() -> None:
    answered = {name for name in (*NUMBERS, *LABELS, *SETS, *FLAGS) if not name.startswith("is:")}
    asked = {each.name for each in PREDICATES if each.kind not in ("marker", "list")}
    assert answered - {"bits", "tag"} == asked - {"is"}
    assert {f"is:{value}" for value in BY_NAME["is"].values} == {name for name in FLAGS if ":" in name}


@pytest.mark.parametrize("each", PREDICATES, ids=lambda each: each.name)
def test_the_example_of_a_predicate_is_one(each: object) -> None:
    predicate = BY_NAME[each.name]  # type: ignore[attr-defined]  # pytest loses the type
    query = split(predicate.example)
    assert query.problems == ()
    named = [condition.name for condition in query.predicates] or ["sort"] * bool(query.sort) or ["limit"]
    assert named == [predicate.name]


@pytest.mark.parametrize("key", SORT_KEYS)
def test_every_sort_key_can_be_written_either_way(key: str) -> None:
    assert str(split(f"sort:{key}")) == f"sort:{key}"
    assert str(split(f"sort:-{key}")) == f"sort:-{key}"


# values


@pytest.mark.parametrize(
    ("name", "text", "value", "shown"),
    [
        ("ctx", "200k", 200_000, "200k"),
        ("ctx", "1M", 1_000_000, "1M"),
        ("ctx", "1.5m", 1_500_000, "1500k"),
        ("ctx", "131_072", 131_072, "131072"),
        ("in", "$0.5", Decimal("0.5"), "0.5"),
        ("in", "0.50/M", Decimal("0.5"), "0.5"),
        ("in", "0.0005/k", Decimal("0.5"), "0.5"),
        ("in", ".5", Decimal("0.5"), "0.5"),
        ("in", "100", Decimal(100), "100"),
        ("p50", "1s", 1_000.0, "1000ms"),
        ("p50", "1.5s", 1_500.0, "1500ms"),
        ("p50", "250ms", 250.0, "250ms"),
        ("up", "99", 99.0, "99%"),
        ("up", "99.9%", 99.9, "99.9%"),
        ("tps", "50", 50.0, "50"),
        ("status", "-5", -5, "-5"),
    ],
)
def test_a_value_is_read_in_the_unit_of_the_fact(name: str, text: str, value: object, shown: str) -> None:
    literal = read(BY_NAME[name], ">=", text)
    assert (literal.value, type(literal.value)) == (value, type(value))
    assert str(literal) == shown
    assert read(BY_NAME[name], ">=", shown) == literal


# problems


@pytest.mark.parametrize(
    ("text", "wrong", "suggestion"),
    [
        ("kimi provder:x tools", "provder", "provider"),
        ("kimi prov:x", "prov", "provider"),
        ("in<0.5/Mtokens", "0.5/Mtokens", "0.5/mtok"),
        ("p50<1 tools", "1", "1s"),
        ("p50<800 tools", "800", "800ms"),
        ("ctx>=200.5", "200.5", "200"),
        ("sort:cots", "cots", "cost"),
        ("sort:-cots", "-cots", "-cost"),
        ("@favs", "@favs", "@fav"),
        ("tools:yes", "tools:yes", "tools"),
        ("tools:no", "tools:no", "-tools"),
        ("author>qwen", ">", ":"),
    ],
)
def test_a_problem_says_where_it_is_and_what_would_be_right(text: str, wrong: str, suggestion: str) -> None:
    (problem,) = split(text).problems
    assert text[problem.start : problem.end] == wrong
    assert problem.suggestion == suggestion
    mended = split(text[: problem.start] + suggestion + text[problem.end :])
    assert mended.problems == ()


def test_a_missing_value_is_missing_at_a_place_and_not_over_a_stretch() -> None:
    (problem,) = split("kimi in< tools").problems
    assert (problem.start, problem.end) == (8, 8)
    assert problem.expected


def test_what_is_right_applies_beside_what_is_wrong() -> None:
    assert str(split("kimi ctx>=lots tools provder:x in<0.5,cheap sort:cots,-ctx")) == "kimi tools in<0.5 sort:-ctx"


def test_positions_count_characters_of_any_width() -> None:
    (problem,) = split("😀é provder:x").problems
    assert (problem.start, problem.end) == (3, 10)


def test_of_a_query_without_end_the_rest_is_told_and_not_read() -> None:
    query = split("kimi " * 1_000)
    assert (query.problems[-1].start, query.problems[-1].end) == (2_048, 5_000)


def test_words_keep_their_order_and_their_places() -> None:
    text = 'in<1 kimi -mini "k2 thinking"'
    query = split(text)
    assert [(word.text, text[slice(*word.place)]) for word in query.words] == [
        ("kimi", "kimi"), ("k2 thinking", '"k2 thinking"'),
    ]  # fmt: skip
    assert [(word.text, text[slice(*word.place)]) for word in query.excluded] == [("mini", "-mini")]
