"""Edits of config.toml: each in the form that the file has already, and a plain refusal where that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest
from ploked.preferences.edit import delete_profile, save_profile, select_endpoints, set_default_profile
from ploked_protocol.errors import ConfigNotEditable
from ploked_protocol.preferences import LLMParameters, ModelProfile

KIMI = "moonshotai/kimi-k2"
HOT = ModelProfile("hot", LLMParameters(temperature=0.8, seed=1))


def text(block: str) -> str:
    return dedent(block).lstrip("\n")


# a file that is not there yet


def test_the_first_edit_writes_a_whole_config() -> None:
    edited = select_endpoints(save_profile("", HOT, KIMI, set_default=True), KIMI, ["moonshotai"])
    assert edited == text("""
        version = 1

        [[registry.models]]
        model = "moonshotai/kimi-k2"
        default_profile = "hot"
        profiles = [{ name = "hot", params = { temperature = 0.8, seed = 1 } }]
        selected_endpoints = ["moonshotai"]
    """)


def test_comments_alone_stay_above_the_first_edit() -> None:
    assert set_default_profile("# mine\r\n", "hot") == (
        '# mine\r\nversion = 1\r\n\r\n[registry]\r\nglobal_default_profile = "hot"\r\n'
    )


@pytest.mark.parametrize("edit", [lambda t: delete_profile(t, "hot"), lambda t: select_endpoints(t, KIMI, [])])
def test_taking_away_what_is_not_there_writes_nothing(edit: Callable[[str], str]) -> None:
    assert edit("") == ""


# the form of the file


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '[registry]\nstrictness="AllowAny" # s\n',
            '[registry]\nstrictness="AllowAny" # s\nglobal_default_profile = "hot"\n',
        ),
        ("registry = {}\n", 'registry = { global_default_profile = "hot" }\n'),
        (
            'registry.strictness = "AllowAny"\n[ui]\n',
            'registry.strictness = "AllowAny"\nregistry.global_default_profile = "hot"\n[ui]\n',
        ),
        (
            "[ui]\n\n# how to route\n[registry.routing]\nzdr = true\n",
            '[ui]\n\n[registry]\nglobal_default_profile = "hot"\n\n# how to route\n[registry.routing]\nzdr = true\n',
        ),
        ("  [registry]\n", '  [registry]\n  global_default_profile = "hot"\n'),
        ("[registry]", '[registry]\nglobal_default_profile = "hot"'),
        (
            "[registry]\n'global_default_profile'   =\t'cold'  # why\n",
            "[registry]\n'global_default_profile'   =\t\"hot\"  # why\n",
        ),
    ],
    ids=["header", "inline", "dotted", "implied", "indented", "no final newline", "replaced"],
)
def test_the_global_default_follows_the_form_of_the_registry(before: str, after: str) -> None:
    assert set_default_profile(before, "hot") == after


def test_a_new_model_goes_below_the_last_one_and_its_comments() -> None:
    before = text("""
        [[registry.models]]
        model = "a/b"
        # banned_providers = ["novita"]

        # colours
        [ui]
    """)
    assert set_default_profile(before, "hot", KIMI) == text("""
        [[registry.models]]
        model = "a/b"
        # banned_providers = ["novita"]

        [[registry.models]]
        model = "moonshotai/kimi-k2"
        default_profile = "hot"

        # colours
        [ui]
    """)


def test_models_in_an_inline_array_get_a_further_item() -> None:
    before = '[registry]\nmodels = [\n  { model = "a/b" } # first\n]\n'
    assert select_endpoints(before, KIMI, ["novita"]) == text("""
        [registry]
        models = [
          { model = "a/b" }, # first
          { model = "moonshotai/kimi-k2", selected_endpoints = ["novita"] }
        ]
    """)


# profiles


def test_saving_over_a_profile_touches_only_the_parameters_that_differ() -> None:
    before = text("""
        [[registry.profiles]]
        name = "hot"
        [ui]
        dark = true
        [registry.profiles.params]  # belongs to "hot"
        temperature = 0.2 # low
        top_p = 0.9 # gone
        seed=1
    """)
    assert save_profile(before, HOT) == text("""
        [[registry.profiles]]
        name = "hot"
        [ui]
        dark = true
        [registry.profiles.params]  # belongs to "hot"
        temperature = 0.8 # low
        # gone
        seed=1
    """)


@pytest.mark.parametrize("spelling", ["0.80", "8e-1", "0.8"])
def test_an_equal_number_keeps_its_spelling(spelling: str) -> None:
    before = f'[[registry.profiles]]\nname = "hot"\nparams = {{ temperature = {spelling}, seed = 1 }}\n'
    assert save_profile(before, HOT) == before


def test_numbers_are_written_in_their_shortest_form() -> None:
    profile = ModelProfile("x", LLMParameters(temperature=0.8, top_p=1.0, logit_bias={"50256": -100.0}))
    assert "{ temperature = 0.8, top_p = 1.0, logit_bias = { 50256 = -100.0 } }" in save_profile("", profile)


def test_strings_are_escaped_where_toml_needs_it() -> None:
    profile = ModelProfile('a"b\\', LLMParameters(stop=["\n", "\x7f", "日"]))
    edited = save_profile("", profile)
    assert r'name = "a\"b\\"' in edited
    assert r'stop = ["\n", "\u007f", "日"]' in edited


def test_deleting_undoes_saving() -> None:
    before = text("""
        [[registry.profiles]]
        name = "cold"

        [ui]
    """)
    assert delete_profile(save_profile(before, HOT), "hot") == before


def test_deleting_leaves_the_comments_around_a_profile() -> None:
    before = text("""
        # above
        [[registry.profiles]]
        name = "hot" # inside
        [registry.profiles.params]
        seed = 1
        # below
        [ui]
    """)
    assert delete_profile(before, "hot") == "# above\n# below\n[ui]\n"


def test_deleting_a_profile_of_a_model_leaves_the_global_one() -> None:
    both = save_profile(save_profile("", HOT), HOT, KIMI)
    assert (
        delete_profile(both, "hot", KIMI)
        == save_profile("", HOT) + f'\n[[registry.models]]\nmodel = "{KIMI}"\nprofiles = []\n'
    )


# selections


def test_a_selection_keeps_the_lines_of_what_stays_and_every_comment() -> None:
    before = text("""
        [[registry.models]]
        model = "moonshotai/kimi-k2"
        selected_endpoints = [
            "moonshotai", # first party
            "deepinfra/fp8", # cheap
            "novita"  # fast
        ]
    """)
    assert select_endpoints(before, KIMI, ["moonshotai", "novita", "chutes"]) == text("""
        [[registry.models]]
        model = "moonshotai/kimi-k2"
        selected_endpoints = [
            "moonshotai", # first party
            # cheap
            "novita",  # fast
            "chutes"
        ]
    """)


def test_an_endpoint_named_twice_is_written_once() -> None:
    assert 'selected_endpoints = ["a", "b"]' in select_endpoints("", KIMI, ["a", "b", "a"])


def test_selecting_none_keeps_the_place_of_the_key() -> None:
    before = (
        f'[[registry.models]]\nmodel = "{KIMI}"\nselected_endpoints = ["a", "b"] # mine\nbanned_providers = ["c"]\n'
    )
    assert select_endpoints(before, KIMI, []) == before.replace('["a", "b"]', "[]")


# refusals


def test_a_broken_file_is_refused_with_line_and_column() -> None:
    with pytest.raises(ConfigNotEditable) as refused:
        set_default_profile('[registry]\nstrictness = "AllowAny\n', "hot")
    assert refused.value.message.startswith("Line 2, column ")
    assert refused.value.data.details["line"] == 2
    assert refused.value.data.next_step


@pytest.mark.parametrize(
    ("broken_in_meaning", "path"),
    [
        ("registry = 1\n", "registry"),
        ("[registry.models]\n", "registry.models"),
        ("[registry]\nmodels = 'x'\n", "registry.models"),
    ],
)
def test_a_registry_of_another_shape_is_refused(broken_in_meaning: str, path: str) -> None:
    with pytest.raises(ConfigNotEditable, match="left as it is") as refused:
        select_endpoints(broken_in_meaning, KIMI, ["a"])
    assert refused.value.data.path == path


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        (ModelProfile("x", LLMParameters(response_format={"schema": None})), "null"),
        (ModelProfile("\ud800"), "surrogate"),
    ],
)
def test_a_value_that_toml_cannot_hold_is_refused(profile: ModelProfile, why: str) -> None:
    with pytest.raises(ConfigNotEditable, match=why):
        save_profile("", profile)


def test_an_edit_that_would_grow_the_file_beyond_what_is_read_is_refused() -> None:
    full = "# " + "x" * (1 << 20)
    with pytest.raises(ConfigNotEditable, match="bytes"):
        set_default_profile(full[: (1 << 20) - 10] + "\n", "hot")
