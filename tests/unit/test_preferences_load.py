"""Loading config.toml: what cannot be parsed, what does not fit, and where each value stands."""

from __future__ import annotations

from typing import Any

import pytest
from ploked.preferences.load import MAX_BYTES, Loaded, load
from ploked.preferences.positions import Positions, Span
from ploked_protocol.preferences import (
    ConfigProblem,
    LLMParameters,
    MaxPrice,
    ModelProfile,
    RegistryPrefs,
    RoutingPrefs,
)

PATH = "~/.config/ploke/config.toml"


def read(text: str) -> Loaded:
    return load(text, PATH)


def only_problem(text: str) -> ConfigProblem:
    (problem,) = read(text).problems
    return problem


def profile(text: str) -> dict[str, object]:
    """Return the parameters that a profile with the pairs of `text` sets."""
    loaded = read(f'version = 1\n[[registry.profiles]]\nname = "x"\nparams = {{ {text} }}')
    assert loaded.prefs is not None
    return loaded.prefs.profiles[0].params.set_values()


class TestBrokenFiles:
    @pytest.mark.parametrize(
        ("text", "line", "column"),
        [
            ("version = 1\n[registry]\nstrictness = \nx = 1", 3, 14),
            ("version = 1\n[registry\n", 2, 10),
            ('a = 1\nmodel = "moonshotai/kimi\nb = 2', 2, 25),
            ("a = 1\r\nb = 2 c\r\n", 2, 7),
            ('"é" = "ü" x', 1, 11),
            ("a = 1\na = 2\n", 2, 6),
            ("a = 1\nb = \x00", 2, 5),
            ("a = [1,\n\n\n", 1, 7),
            ("a =", 1, 3),
        ],
    )
    def test_one_problem_stands_where_the_parser_stopped(self, text: str, line: int, column: int) -> None:
        problem = only_problem(text)
        assert (problem.code, problem.severity) == ("syntax", "error")
        assert (problem.line, problem.column) == (line, column)
        assert (problem.end_line, problem.end_column) > (line, column)

    def test_there_are_no_preferences_so_that_the_last_good_ones_stay(self) -> None:
        loaded = read("[registry")
        assert loaded.prefs is None
        assert "config.toml cannot be read" in loaded.problems[0].message
        assert loaded.problems[0].message.endswith("The last good preferences stay in force.")

    def test_the_message_says_what_to_do(self) -> None:
        assert "add the quote that ends it" in only_problem('a = "x\nb = 1').message
        assert "this key has a value already" in only_problem("a = 1\na = 2\n").message

    @pytest.mark.parametrize("opening", ["[", "{a = "])
    def test_nesting_without_end_is_refused(self, opening: str) -> None:
        problem = only_problem("x = 1\na = " + opening * 50_000)
        assert (problem.code, problem.line) == ("tooLarge", 2)

    def test_a_dotted_key_without_end_is_refused_before_it_eats_the_memory(self) -> None:
        problem = only_problem("x = 1\n" + ".".join("a" * 100_000) + " = 1")
        assert (problem.code, problem.line) == ("tooLarge", 2)

    def test_a_file_above_one_mebibyte_is_refused(self) -> None:
        fits = "#" * MAX_BYTES
        assert read(fits).prefs == RegistryPrefs()
        assert only_problem(fits + "é").code == "tooLarge"

    def test_a_number_of_thousands_of_digits_is_a_problem_in_its_place(self) -> None:
        problem = only_problem(f"a = 1\nb = {'9' * 5000}")
        assert (problem.code, problem.line, problem.column) == ("syntax", 2, 5)

    def test_a_lone_surrogate_is_a_problem_in_its_place(self) -> None:
        problem = only_problem("a = 1\nb = '\ud800'")
        assert (problem.code, problem.line, problem.column) == ("syntax", 2, 6)


class TestWholeFiles:
    def test_an_empty_file_is_all_defaults(self) -> None:
        assert read("").prefs == RegistryPrefs()
        assert read("").problems == []

    def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(self) -> None:
        loaded = read('\ufeffversion = 1\r\n[registry]\r\nstrictness = "AllowAny"\r\nx = 1\r\n')
        assert loaded.prefs is not None
        assert loaded.prefs.strictness == "AllowAny"
        assert [(p.line, p.column, p.end_column) for p in loaded.problems] == [(4, 1, 2)]
        assert loaded.positions.find(("version",)) == Span(1, 11, 1, 12)

    def test_the_version_is_only_remarked_upon(self) -> None:
        for text in ("[registry]", "version = 2\n[registry]", 'version = "1"\n[registry]'):
            problem = only_problem(text)
            assert (problem.severity, problem.code, problem.line) == ("information", "version", 1)
            assert read(text).prefs == RegistryPrefs()

    def test_a_file_without_our_table_needs_no_version(self) -> None:
        assert read('command_style = "Slash"').problems == []

    def test_a_registry_that_is_no_table_leaves_the_defaults(self) -> None:
        loaded = read("version = 1\nregistry = 3")
        assert loaded.prefs == RegistryPrefs()
        assert [(p.code, p.line, p.column) for p in loaded.problems] == [("badValue", 2, 12)]


class TestValues:
    def test_a_whole_float_is_taken_for_an_int(self) -> None:
        params = profile("top_k = 40.0, seed = -3.0, temperature = 1")
        assert params == {"top_k": 40, "seed": -3, "temperature": 1.0}
        assert isinstance(params["top_k"], int)

    @pytest.mark.parametrize(
        "pair",
        [
            "top_k = 40.5",
            "temperature = nan",
            "temperature = 2.01",
            "seed = 99999999999999999999",
            "reasoning = { max_tokens = inf }",
            "reasoning = { since = 1979-05-27 }",
            "logit_bias = { 50256 = nan }",
            'stop = ["a", 1]',
            "tools = [3]",
        ],
    )
    def test_what_a_request_cannot_carry_is_left_out_and_the_rest_applies(self, pair: str) -> None:
        assert profile(f"{pair}, top_p = 0.5").get("top_p") == 0.5
        assert not profile(pair).get(pair.split()[0])

    def test_one_bad_entry_costs_a_list_that_entry(self) -> None:
        loaded = read('version = 1\n[[registry.models]]\nmodel = "a/b"\nbanned_providers = ["x", 1, "y"]')
        assert loaded.prefs is not None
        assert loaded.prefs.model("a/b").banned_providers == ["x", "y"]
        assert len(loaded.problems) == 1

    def test_the_first_of_two_entries_of_a_name_wins(self) -> None:
        entry = '[[registry.profiles]]\nname = "x"\nparams = {{ seed = {} }}\n'
        loaded = read("version = 1\n" + entry.format(1) + entry.format(2))
        assert loaded.prefs is not None
        assert loaded.prefs.profiles == [ModelProfile("x", LLMParameters(seed=1))]
        assert [(p.code, p.line) for p in loaded.problems] == [("duplicate", 6)]


class TestPositions:
    TEXT = """\
version = 1
registry.strictness = "AllowAny"
[[registry.profiles]]
name = "é" # comment
params.temperature = 0.5 # comment
[[registry.models]]
model = "a/b"
profiles = [ # comment
  { name = "é", params = { "top_p" = 0.5 } },
]
[registry.models.routing]
sort = "price"
[[registry.models]]
model = "c/d"
"""

    @pytest.mark.parametrize(
        ("path", "part", "span"),
        [
            (("version",), "key", Span(1, 1, 1, 8)),
            (("registry", "strictness"), "value", Span(2, 23, 2, 33)),
            (("registry", "profiles", 0, "name"), "value", Span(4, 8, 4, 11)),
            (("registry", "profiles", 0, "params", "temperature"), "value", Span(5, 22, 5, 25)),
            (("registry", "profiles", 0, "params", "temperature"), "key", Span(5, 8, 5, 19)),
            (("registry", "profiles", 0, "params"), "key", Span(5, 1, 5, 7)),
            (("registry", "models", 0, "profiles", 0), "value", Span(9, 3, 9, 45)),
            (("registry", "models", 0, "profiles", 0, "params", "top_p"), "key", Span(9, 28, 9, 35)),
            (("registry", "models", 0, "profiles", 0, "params", "top_p"), "value", Span(9, 38, 9, 41)),
            (("registry", "models", 0, "routing", "sort"), "value", Span(12, 8, 12, 15)),
            (("registry", "models", 0), "value", Span(6, 3, 6, 18)),
            (("registry", "models", 1, "model"), "value", Span(14, 9, 14, 14)),
            (("registry", "models", 2), "value", None),
            (("registry", "models", 0, "nothing"), "key", None),
        ],
    )
    def test_every_form_of_table_and_list_is_found(self, path: tuple[str | int, ...], part: str, span: object) -> None:
        assert Positions(self.TEXT).find(path, "key" if part == "key" else "value") == span

    def test_each_profile_value_knows_its_line_though_entries_before_it_were_left_out(self) -> None:
        loaded = read(
            'version = 1\n[[registry.profiles]]\nname = 3\n[[registry.profiles]]\nname = "x"\n'
            "params = { temperature = 0.5, seed = 1 }"
        )
        assert loaded.prefs is not None
        assert loaded.prefs.profiles[0].name == "x"
        for name in ("temperature", "seed"):
            span = loaded.positions.find(("registry", "profiles", 0, "params", name))
            assert span is not None
            assert span.line == 6

    def test_whole_statements_are_found_in_a_broken_text(self) -> None:
        positions = Positions('a = 1\n[t]\nb = "open\nc = 2\nd = 3\n')
        assert positions.find(("a",)) == Span(1, 5, 1, 6)
        assert positions.find(("t", "d")) == Span(5, 5, 5, 6)


ROUTING: dict[str, tuple[str, Any]] = {
    "order": ('["novita", 3]', ["novita"]), "only": ('[{}, "novita"]', ["novita"]), "ignore": ('"novita"', None),
    "allow_fallbacks": ('"no"', None), "require_parameters": ("1", None), "data_collection": ('"denied"', None),
    "zdr": ("[]", None), "enforce_distillable_text": ("1.0", None), "quantizations": ('["fp8", true]', ["fp8"]),
    "sort": ("7", None), "preferred_min_throughput": ('"5"', None), "preferred_max_latency": ("-1", None),
    "max_price": ("{ prompt = -1, image = 2 }", MaxPrice(image=2)),
}  # fmt: skip
"""For each key of the routing preferences, a value with a slip in it and what is left of it."""
LAYERS = {
    "[registry.routing]": ("[registry.routing]\n", "\n"),
    "[registry.models.routing]": ('[[registry.models]]\nmodel = "a/b"\n[registry.models.routing]\n', "\n"),
    "inline": ('[[registry.models]]\nmodel = "a/b"\nrouting = { ', ", "),
}


class TestRoutingPreferences:
    def test_there_is_a_slip_for_every_key(self) -> None:
        assert list(ROUTING) == list(RoutingPrefs.__struct_fields__)

    @pytest.mark.parametrize("layer", LAYERS)
    @pytest.mark.parametrize("key", ROUTING)
    def test_a_slip_costs_its_own_key_at_every_layer_and_stands_in_its_place(self, layer: str, key: str) -> None:
        head, between = LAYERS[layer]
        written, left = ROUTING[key]
        beside = "zdr" if key != "zdr" else "allow_fallbacks"
        text = f"version = 1\n{head}{key} = {written}{between}{beside} = true" + (" }\n" if layer == "inline" else "\n")
        loaded = read(text)
        assert loaded.prefs is not None
        routing = loaded.prefs.routing if layer == "[registry.routing]" else loaded.prefs.model("a/b").routing
        assert routing == RoutingPrefs(**{key: left, beside: True})
        (problem,) = loaded.problems
        row = text.split("\n")[problem.line - 1]
        assert (problem.code, problem.severity) == ("badValue", "error")
        assert row.index(written) <= problem.column - 1 < row.index(written) + len(written)

    def test_what_plans_keep_and_profiles_extend_is_read(self) -> None:
        loaded = read('version = 1\n[registry]\nallow_down = true\nprofiles = [{ name = "x", extends = "y" }]\n')
        assert loaded.prefs == RegistryPrefs(allow_down=True, profiles=[ModelProfile("x", extends="y")])

    @pytest.mark.parametrize(
        ("written", "meant"),
        [('"disallow"', "deny"), ('"never"', "deny"), ("false", "deny"), ("true", "allow"), ('"permit"', "allow")],
    )
    def test_a_word_for_a_data_policy_is_never_mended_into_its_opposite(self, written: str, meant: str) -> None:
        problem = only_problem(f"version = 1\n[registry.routing]\ndata_collection = {written}\n")
        assert problem.suggestion == f'"{meant}"'

    @pytest.mark.parametrize(
        ("pair", "words"),
        [
            ("temperature = 2.01", "a number from 0 to 2"),
            ("top_p = 1.5", "a number from 0 to 1"),
            ("frequency_penalty = -3", "a number from -2 to 2"),
            ("top_logprobs = 21", "a whole number from 0 to 20"),
            ("max_tokens = 0", "a whole number of at least 1"),
        ],
    )
    def test_a_parameter_out_of_its_range_is_told_the_range_where_it_stands(self, pair: str, words: str) -> None:
        text = f'version = 1\n[[registry.profiles]]\nname = "x"\nparams = {{ {pair} }}'
        problem = only_problem(text)
        assert words in problem.message
        assert text.split("\n")[problem.line - 1][problem.column - 1 : problem.end_column - 1] == pair.split(" = ")[1]
