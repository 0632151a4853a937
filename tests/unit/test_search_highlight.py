"""Which letters of ids and names a search marks, shown as [brackets]."""

from __future__ import annotations

import pytest
from ploked.importers.openrouter import parse_models
from ploked.search.index import SearchIndex
from ploked_fixtures.catalog import PAYLOADS
from ploked_protocol.catalog import ModelRecord
from ploked_protocol.queries import Matches, SearchRow
from ploked_protocol.wire import decode

CATALOG = parse_models((PAYLOADS / "models.json").read_bytes()).rows


def index_of(*models: ModelRecord) -> SearchIndex:
    index = SearchIndex()
    index.update(models, lambda _: None)
    return index


def first(index: SearchIndex, query: str) -> SearchRow:
    (row,) = index.search(query, 1, highlight=True).rows
    return decode(bytes(row), SearchRow)


def marked(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


def shown(index: SearchIndex, query: str) -> tuple[str, str]:
    row = first(index, query)
    assert row.matches is not None
    return marked(row.id, row.matches.id), marked(row.name, row.matches.name)


@pytest.fixture(scope="module")
def catalog() -> SearchIndex:
    return index_of(*CATALOG)


@pytest.mark.parametrize(
    ("query", "id_", "name"),
    [
        ("gpt4o", "openai/[gpt]-[4o]", "OpenAI: [GPT]-[4o]"),
        ("sonnet45", "anthropic/claude-[sonnet]-[4].[5]", "Anthropic: Claude [Sonnet] [4].[5]"),
        ("kimi k2", "moonshotai/[kimi]-[k2]", "MoonshotAI: [Kimi] [K2] 0711"),
        ("ds r1", "deepseek/deepseek-[r1]", "[D]eep[S]eek: [R1]"),
    ],
)
def test_the_letters_that_were_found_are_marked(catalog: SearchIndex, query: str, id_: str, name: str) -> None:
    assert shown(catalog, query) == (id_, name)


@pytest.mark.parametrize(
    ("query", "id_"),
    [
        ("rft", "b/[r]ed-[f]ast-[t]rain"),
        ("rdft", "b/[r]e[d]-[f]as[t]-train"),
        ("b/red", "[b]/[red]-fast-train"),
        ("ed", "b/r[ed]-fast-train"),
        ("red train", "b/[red]-fast-[train]"),
        ("rde-fast", "b/[redfast]"),
    ],
    ids=["initials", "letters in order", "author and slug", "within a word", "two words", "what a slip meant"],
)
def test_what_ranked_the_row_is_marked(query: str, id_: str) -> None:
    plain = id_.replace("[", "").replace("]", "")
    assert shown(index_of(ModelRecord(id=plain, name="N", source="s")), query) == (id_, "N")


def test_the_best_place_of_several_is_marked() -> None:
    index = index_of(ModelRecord(id="a/unicorn-corn-cornflake", name="Popcorn", source="s"))
    assert shown(index, "corn") == ("a/unicorn-[corn]-cornflake", "Pop[corn]")


def test_columns_are_code_points_of_the_text_as_it_is_shown() -> None:
    index = index_of(ModelRecord(id="a/x", name="Déjà 🙂 Straße", source="s"))
    assert shown(index, "strasse") == ("a/x", "Déjà 🙂 [Straße]")
    assert shown(index, "deja") == ("a/x", "[Déjà] 🙂 Straße")


def test_what_is_only_described_so_marks_nothing() -> None:
    index = index_of(ModelRecord(id="a/x", name="X", source="s", description="Writes poems."))
    assert first(index, "poems").matches == Matches()


def test_rows_say_nothing_of_it_unasked_or_for_an_empty_query(catalog: SearchIndex) -> None:
    assert b"matches" not in bytes(catalog.search("kimi", 1).rows[0])
    assert b"matches" not in bytes(catalog.search("", 1, highlight=True).rows[0])
