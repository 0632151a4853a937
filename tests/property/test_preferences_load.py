"""config.toml in any shape: nothing raises, what is written is read, and every value is found where it stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog_view import FixtureCatalog
from config_texts import Config, configs
from hypothesis import given
from hypothesis import strategies as st
from ploked.preferences.check import check
from ploked.preferences.load import load
from ploked.preferences.positions import KeyPath, Positions
from ploked.server.documents.toml import cursor, model_ids
from ploked_protocol.preferences import ConfigProblem

FACTS = FixtureCatalog(expanded=("deepseek/deepseek-v3.2", "moonshotai/kimi-k2.5"))
MARKED = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[2] / "fixtures" / "configs").glob("*.toml"))
]
SCRAPS = [
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    '"""',
    "=",
    ",",
    ".",
    "\n",
    "\r",
    "\x00",
    "#",
    "é",
    "\ufeff",
    "nan",
    "[[registry.models]]\n",
]

mutated = st.builds(
    lambda text, at, width, scrap: text[: at % len(text)] + scrap + text[at % len(text) + width :],
    st.sampled_from(MARKED),
    st.integers(0, 1 << 16),
    st.integers(0, 30),
    st.sampled_from(SCRAPS) | st.text(max_size=5),
)
tomlish = st.lists(st.sampled_from([*SCRAPS, "registry", "models", "model", "a/b", " ", "1", "name"]), max_size=40).map(
    "".join
)
texts = st.text(st.characters(), max_size=200) | tomlish | mutated


def values(node: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every value that is no table or list, with its path."""
    if isinstance(node, dict):
        for key, part in node.items():
            yield from values(part, (*path, key))
    elif isinstance(node, list):
        for index, part in enumerate(node):
            yield from values(part, (*path, index))
    else:
        yield path, node


def is_in(text: str, problem: ConfigProblem) -> bool:
    return 1 <= problem.line <= problem.end_line <= text.count("\n") + 1 and problem.column >= 1


@given(texts)
def test_no_text_raises_and_every_problem_stands_in_it(text: str) -> None:
    loaded = load(text, "config.toml")
    assert all(is_in(text, problem) for problem in loaded.problems)
    assert loaded.prefs is not None or len(loaded.problems) == 1
    if not any(problem.code in ("syntax", "tooLarge") for problem in loaded.problems):
        assert loaded.prefs is not None


@given(texts)
def test_the_facts_are_held_against_any_text_without_an_exception(text: str) -> None:
    loaded = load(text, "config.toml")
    assert all(is_in(text, problem) for problem in check(loaded, FACTS, datetime(2026, 12, 10, tzinfo=UTC)))


@given(texts)
def test_positions_of_any_text_are_found_without_an_exception(text: str) -> None:
    assert Positions(text).find(("no such key",)) is None


@given(texts, st.integers(0, 20), st.integers(0, 60))
def test_a_cursor_anywhere_in_any_text_has_a_range_around_it(text: str, line: int, column: int) -> None:
    found = cursor(text, line, column)
    assert found.line == line
    assert found.start <= column <= found.end
    assert found.place in ("value", "header", "key", "none")
    for model in model_ids(text):
        assert model.id
        assert model.span.line == model.span.end_line


@given(configs())
def test_what_is_written_is_read(config: Config) -> None:
    loaded = load(config.text, "config.toml")
    assert loaded.prefs == config.prefs
    assert loaded.problems == []


@given(configs())
def test_every_value_stands_where_positions_say(config: Config) -> None:
    text = config.text.removeprefix("\ufeff")
    rows = text.split("\n")
    positions = Positions(text)
    for path, value in values(tomllib.loads(text)):
        span = positions.find(path)
        assert span is not None, path
        written = rows[span.line - 1][span.column - 1 : span.end_column - 1]
        if span.line == span.end_line:
            assert tomllib.loads(f"v = {written}")["v"] == value


@given(configs())
def test_the_cursor_in_a_string_is_where_the_grammar_puts_it(config: Config) -> None:
    text = config.text.removeprefix("\ufeff")
    positions = Positions(text)
    for path, value in values(tomllib.loads(text)):
        span = positions.find(path)
        if span is None or not isinstance(value, str) or span.line != span.end_line:
            continue
        found = cursor(text, span.line - 1, span.column)
        assert (found.place, found.key_path, found.closed) == ("value", path, True)
        assert (found.start, found.end) == (span.column, span.end_column - 2)


@given(configs())
def test_a_string_cut_off_at_the_cursor_is_still_where_it_was(config: Config) -> None:
    text = config.text.removeprefix("\ufeff")
    positions = Positions(text)
    rows = text.split("\n")
    for path, value in values(tomllib.loads(text)):
        span = positions.find(path)
        if span is None or not isinstance(value, str) or span.line != span.end_line:
            continue
        cut = [*rows[: span.line - 1], rows[span.line - 1][: span.column], *rows[span.line :]]
        found = cursor("\n".join(cut), span.line - 1, span.column)
        assert (found.place, found.key_path, found.prefix, found.closed) == ("value", path, "", False)


@given(configs())
def test_the_model_ids_are_those_that_are_read(config: Config) -> None:
    text = config.text.removeprefix("\ufeff")
    assert [found.id for found in model_ids(text)] == [model.model for model in config.prefs.models]
    assert [found.key_path[2] for found in model_ids(text)] == list(range(len(config.prefs.models)))
