"""Where the cursor is in half-typed TOML. `|` marks the cursor in the texts below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ploked.preferences.positions import Span
from ploked.server.documents.toml import Cursor, ModelId, cursor, is_ploke_config, model_ids

MODEL = ("registry", "models", 0)
ENTRY = "[[registry.models]]\n"


def at(marked: str) -> Cursor:
    """Return the cursor at the mark; its range must lie on the line and around it."""
    before, _, after = marked.partition("|")
    line, column = before.count("\n"), len(before.rpartition("\n")[2])
    found = cursor(before + after, line, column)
    row = (before + after).split("\n")[line]
    assert found.line == line
    assert 0 <= found.start <= column <= found.end <= len(row)
    return found


def facts(found: Cursor) -> tuple[Any, ...]:
    return found.place, found.key_path, found.prefix, found.text


class TestValues:
    @pytest.mark.parametrize(
        ("pair", "prefix", "text", "quote", "closed"),
        [
            ('model = "open|ai/gpt"', "open", "openai/gpt", '"', True),
            ("model = 'open|ai/gpt'", "open", "openai/gpt", "'", True),
            ('model = "|"', "", "", '"', True),
            ('model = "openai/|', "openai/", "openai/", '"', False),
            ('model = "open|ai/gpt # comment', "open", "openai/gpt", '"', False),
            ('model = "|', "", "", '"', False),
            ("model = |", "", "", None, False),
            ("model =|", "", "", None, False),
            ("model = openai/g|pt", "openai/g", "openai/gpt", None, False),
            ("model = openai/gpt|", "openai/gpt", "openai/gpt", None, False),
            ("model = |openai/gpt", "", "openai/gpt", None, False),
            ('"model" = "a|"', "a", "a", '"', True),
            ('model = "dé/日本|語"', "dé/日本", "dé/日本語", '"', True),
        ],
    )
    def test_the_word_and_its_quotes(self, pair: str, prefix: str, text: str, quote: str, closed: bool) -> None:
        for after in ("", "\ndefault_profile = 'x'", "\n[[registry.models]]\nmodel = 'x'"):
            found = at(ENTRY + pair + after)
            assert facts(found) == ("value", (*MODEL, "model"), prefix, text)
            assert (found.quote, found.closed, found.table) == (quote, closed, MODEL)

    def test_before_the_opening_quote_the_whole_string_is_replaced(self) -> None:
        found = at('model = |"a/b" # c')
        assert (found.start, found.end, found.quote, found.text) == (8, 13, None, "a/b")

    @pytest.mark.parametrize(
        "row", ['model = "a/b"|', 'model = "a/b" |', "model = 3 |", "# model = |", "model |", "x = {}|"]
    )
    def test_where_nothing_can_be_typed(self, row: str) -> None:
        assert at(row).place == "none"
        assert at(ENTRY + row + "\nx = 1").key_path == ()

    def test_outside_the_text(self) -> None:
        for line, column in ((-1, 0), (0, 6), (2, 0), (1, -1)):
            assert cursor("a = 1\n", line, column).place == "none"


class TestLists:
    @pytest.mark.parametrize(
        ("pair", "index", "prefix", "end"),
        [
            ('allowed_providers = ["moonshotai", "deep|', 1, "deep", 40),
            ('allowed_providers = ["moonshotai", "deep|]', 1, "deep", 40),
            ('allowed_providers = ["moonshotai", "deep|infra", "novita"]', 1, "deep", 45),
            ('allowed_providers = ["moonshotai", "deep|, "novita"]', 1, "deep", 40),
            ('allowed_providers = ["moonshotai", |', 1, "", 35),
            ("allowed_providers = [|]", 0, "", 21),
            ("allowed_providers = [moon|", 0, "moon", 25),
            ('allowed_providers = ["a",\n  "b", # comment ]\n\n  "deep|', 2, "deep", 7),
            ('allowed_providers = ["a",\n  "b",\n  |\n]', 2, "", 2),
            ('allowed_providers = [\n  "a"\n  , "deep|"\n]', 1, "deep", 9),
            ('allowed_providers = [\n  "a\n  "deep|"\n]', 1, "deep", 7),
        ],
    )
    def test_the_entry_under_the_cursor(self, pair: str, index: int, prefix: str, end: int) -> None:
        found = at(f"{ENTRY}{pair}\nbanned_providers = ['x']\n")
        assert facts(found)[:3] == ("value", (*MODEL, "allowed_providers", index), prefix)
        assert (found.end, found.in_list) == (end, True)

    def test_a_list_that_was_never_closed_does_not_swallow_the_next_line(self) -> None:
        for broken in (
            'allowed_providers = ["a"',
            'allowed_providers = ["a',
            "profiles = [{ name = 'x', params = { tem",
        ):
            assert facts(at(f"{ENTRY}{broken}\n|")) == ("key", MODEL, "", "")
            assert facts(at(f"{ENTRY}{broken}\nmodel = 'x|'")) == ("value", (*MODEL, "model"), "x", "x")


class TestKeys:
    @pytest.mark.parametrize(
        ("text", "table", "prefix"),
        [
            ("[registry]\n|", ("registry",), ""),
            ("[registry]\nstri|", ("registry",), "stri"),
            ("[registry]\nstri|\nx = 1", ("registry",), "stri"),
            ("[registry]\nx = 1\n\n|\n\n[other]", ("registry",), ""),
            ("[registry]\nrouting.so|", ("registry", "routing"), "so"),
            ("[registry.routing]\nmax_price = { pro|", ("registry", "routing", "max_price"), "pro"),
            ("[registry.routing]\nmax_price = { prompt = 1, |}", ("registry", "routing", "max_price"), ""),
            (
                ENTRY + 'profiles = [{ name = "x" }, { name = "y", params = { tem|',
                (*MODEL, "profiles", 1, "params"),
                "tem",
            ),
            (ENTRY + ENTRY + "mod|", ("registry", "models", 1), "mod"),
            (ENTRY + "[registry.models.routing]\nso|", (*MODEL, "routing"), "so"),
            (
                ENTRY + "[[registry.models.profiles]]\n[registry.models.profiles.params]\nt|",
                (*MODEL, "profiles", 0, "params"),
                "t",
            ),
            ('["not ours"]\nx|', ("not ours",), "x"),
            ("|", (), ""),
        ],
    )
    def test_the_table_around_the_cursor(self, text: str, table: tuple[str | int, ...], prefix: str) -> None:
        found = at(text)
        assert (found.place, found.table, found.prefix, found.assigned) == ("key", table, prefix, False)

    def test_a_key_with_its_value_is_not_given_another(self) -> None:
        found = at(ENTRY + "profiles = [{ params = { temp|erature = 0.5 } }]")
        assert facts(found) == ("key", (*MODEL, "profiles", 0, "params", "temperature"), "temp", "temperature")
        assert (found.start, found.end, found.assigned) == (25, 36, True)

    def test_quoted_keys(self) -> None:
        found = at('[registry]\n"stri|ctness" = 3')
        assert facts(found) == ("key", ("registry", "strictness"), "stri", "strictness")
        assert (found.start, found.end, found.quote, found.closed, found.assigned) == (1, 11, '"', True, True)

    def test_lines_of_a_multi_line_string_are_no_statements(self) -> None:
        text = 'x = """\n[registry]\nmodel = "a|"\n"""\ny = "b|"\n'
        assert at(text.replace("b|", "b")).place == "none"
        assert facts(at(text.replace("a|", "a"))) == ("value", ("y",), "b", "b")

    def test_lists_in_lists_are_no_headers(self) -> None:
        assert at('[registry]\nx = [\n  ["a"],\n  [1]\n]\nstri|').table == ("registry",)


class TestHeaders:
    @pytest.mark.parametrize(
        ("text", "table", "prefix", "word", "closed"),
        [
            ("[[registry.mo|", ("registry",), "mo", "mo", False),
            ("[|", (), "", "", False),
            ("[registry.|]", ("registry",), "", "", True),
            ("[re|gistry.models]", (), "re", "registry", True),
            (ENTRY + "[registry.models.ro|uting]", MODEL, "ro", "routing", True),
            (ENTRY + "x = 1\n[ registry . mo|", ("registry",), "mo", "mo", False),
        ],
    )
    def test_the_word_in_a_header(
        self, text: str, table: tuple[str | int, ...], prefix: str, word: str, closed: bool
    ) -> None:
        found = at(text)
        assert (found.place, found.table, found.prefix, found.text, found.closed) == (
            "header",
            table,
            prefix,
            word,
            closed,
        )

    @pytest.mark.parametrize("text", ["|[registry]", "[registry]|", "[registry] # |"])
    def test_nothing_is_typed_beside_a_header(self, text: str) -> None:
        assert at(text).place == "none"


class TestModelIds:
    def test_entries_in_every_form(self) -> None:
        text = (
            "[registry]\nmodels = [{ model = \"a/b\" }, { x = 1, model = 'c/d' }]\n"
            '# model = "no/comment"\ndefault_model = "no/other-key"\n'
        )
        assert model_ids(text) == [
            ModelId(Span(2, 22, 2, 25), "a/b", ("registry", "models", 0, "model")),
            ModelId(Span(2, 48, 2, 51), "c/d", ("registry", "models", 1, "model")),
        ]

    def test_half_typed_neighbours_cost_nothing(self) -> None:
        text = (
            '[[registry.models]]\nmodel = "é/open\nallowed_providers = ["deep\n'
            '[[registry.models]]\nmodel = "a/b" # c\nmodel\n[other]\nmodel = "no/model"\n'
        )
        assert [(found.id, found.span.line, found.key_path[2]) for found in model_ids(text)] == [
            ("é/open", 2, 0),
            ("a/b", 5, 1),
        ]

    def test_an_empty_value_is_no_id(self) -> None:
        assert model_ids('[[registry.models]]\nmodel = ""\n[[registry.models]]\nmodel = ') == []


class TestWhichFilesAreOurs:
    CONFIG = str(Path("/home/u/.config/ploke/config.toml"))

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("/home/u/.config/ploke/config.toml", ""),
            ("/elsewhere/ploke/config.toml", ""),
            ("/tmp/x.toml", "a = 1\r\n[registry]\r\n"),
            ("/tmp/x.toml", "[registry"),
            ("/tmp/x.toml", "  [ registry.routing ]"),
            ("/tmp/x.toml", "[[registry.models]]"),
            ("/tmp/x.toml", "[[registry."),
        ],
    )
    def test_ours(self, path: str, text: str) -> None:
        assert is_ploke_config(path, text, self.CONFIG)

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("/tmp/pyproject.toml", "[project]\nname = 'x'"),
            ("/tmp/config.toml", "registry = 1"),
            ("/home/u/.cargo/config.toml", "[registry]\ndefault = 'x'"),
            ("/etc/buildkitd.toml", '[registry."docker.io"]\nmirrors = []'),
            ("/tmp/x.toml", "[registry-mirrors]"),
            ("/tmp/x.toml", "# [registry]"),
        ],
    )
    def test_not_ours(self, path: str, text: str) -> None:
        assert not is_ploke_config(path, text, self.CONFIG)
