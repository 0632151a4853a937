"""Edits of single preferences by their path: where they go, which are refused, and that refused ones change nothing."""

from __future__ import annotations

from textwrap import dedent

import pytest
from ploked.preferences.changes import edit_preferences
from ploked.preferences.load import load
from ploked_protocol.errors import ConfigNotEditable, InvalidParams, PlokedError
from ploked_protocol.plans import PreferenceEdit

BEFORE = """\
version = 1
[registry]
# two entries that are not read stand between those that are
[[registry.models]]
model = 3

[[registry.models]]
model = "a/b"
banned_providers = [
    "novita", # slow
    3,
    "chutes",
]

[[registry.models]]
model = "a/b"

[[registry.models]]
model = "c/d"  # the second that is read
profiles = [{ nam = "x" }, { name = "cold", params = { tools_required = true, seed = 1 } }]
"""


def edited(text: str, *edits: tuple[str, str, str | None]) -> str:
    return edit_preferences(text, [PreferenceEdit(*edit) for edit in edits])  # type: ignore[arg-type]  # verbs


def text(block: str) -> str:
    return dedent(block).lstrip("\n")


# paths


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (("remove", "registry.models[0].banned_providers", "novita"), '    "novita", # slow\n', "    # slow\n"),
        (("remove", "registry.models[0].banned_providers[1]", None), '    "chutes",\n', ""),
        (("add", "registry.models[0].banned_providers", "phala"), '"chutes",\n', '"chutes",\n    "phala",\n'),
        (("set", "registry.models[1].default_profile", "cold"), "true, seed = 1 } }]\n",
         'true, seed = 1 } }]\ndefault_profile = "cold"\n'),
        (("set", 'registry.models["c/d"].default_profile', "cold"), "true, seed = 1 } }]\n",
         'true, seed = 1 } }]\ndefault_profile = "cold"\n'),
        (("set", "registry.models[1].profiles[0].params.tools_required", "false"), "tools_required = true",
         "tools_required = false"),
        (("remove", "registry.models[1].profiles[0].params.seed", None), ", seed = 1", ""),
        (("set", "registry.models[1].routing.max_price.prompt", "0.45"), "true, seed = 1 } }]\n",
         "true, seed = 1 } }]\nrouting = { max_price = { prompt = 0.45 } }\n"),
        (("set", "registry.allow_down", "true"), "[registry]\n", "[registry]\nallow_down = true\n"),
    ],
)  # fmt: skip
def test_an_edit_finds_its_place_by_the_entries_that_are_read(
    edit: tuple[str, str, str | None], old: str, new: str
) -> None:
    assert edited(BEFORE, edit) == BEFORE.replace(old, new)


def test_a_model_that_the_file_does_not_name_gets_an_entry_with_all_that_is_set() -> None:
    assert edited(
        "version = 1\n",
        ("add", 'registry.models["a/b"].allowed_providers', "novita"),
        ("set", 'registry.models["a/b"].routing.sort', "price"),
        ("remove", 'registry.models["c/d"].banned_providers', "novita"),
    ) == text("""
        version = 1

        [[registry.models]]
        model = "a/b"
        allowed_providers = ["novita"]
        routing = { sort = "price" }
    """)


def test_entries_removed_together_are_those_that_were_meant() -> None:
    three = '[[registry.profiles]]\nname = "{}"\n'
    before = "version = 1\n" + "".join(three.format(name) for name in "abc")
    paths = ["registry.profiles[0]", "registry.profiles[1]"]
    after = edited(before, *(("remove", path, None) for path in paths))
    assert after == "version = 1\n" + three.format("c")


def test_an_index_finds_the_entry_that_it_counted_though_others_stand_before_it_now() -> None:
    entry = '[[registry.models]]\nmodel = "{}"\nprofiles = [{{ name = "x" }}, {{ name = "y" }}]\n'
    counted = load(entry.format("a/b"), "config.toml").prefs
    typed = "version = 1\n" + entry.format("new/er") + entry.format("a/b").replace('{ name = "x" }, ', "")
    edits = [
        PreferenceEdit("add", "registry.models[0].banned_providers", "novita"),
        PreferenceEdit("set", "registry.models[0].profiles[1].params.seed", "1"),
    ]
    after = edit_preferences(typed, edits, counted)
    assert after == typed.replace(
        '[{ name = "y" }]', '[{ name = "y", params = { seed = 1 } }]\nbanned_providers = ["novita"]'
    )


def test_an_index_of_an_entry_that_has_gone_is_refused() -> None:
    counted = load('[[registry.models]]\nmodel = "a/b"\nprofiles = [{ name = "x" }]\n', "config.toml").prefs
    edit = PreferenceEdit("set", "registry.models[0].profiles[0].params.seed", "1")
    with pytest.raises(ConfigNotEditable, match="it has no registry"):
        edit_preferences('[[registry.models]]\nmodel = "a/b"\n', [edit], counted)


# tables that are not there yet


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[registry]\n", "+\n[registry.routing]\nCAP\n"),
        ("registry = {}\n", "registry = { routing = { CAP } }\n"),
        (
            "[registry]\nrouting = { zdr = true }\n",
            "[registry]\nrouting = { zdr = true, max_price = { prompt = 2 } }\n",
        ),
        (
            "[registry]\nrouting.zdr = true # y\n",
            "+routing.CAP\n",
        ),
        (
            "[registry.routing]\nmax_price.image = 1\n",
            "+max_price.prompt = 2\n",
        ),
        ("[registry.routing.max_price] # caps\nimage = 1\n", "+prompt = 2\n"),
        ("[registry.routing]\nmax_price = {}\n", "[registry.routing]\nCAP\n"),
    ],
    ids=["no table", "inline registry", "inline", "dotted", "dotted caps", "header", "empty"],
)
def test_a_price_cap_follows_the_form_of_the_tables_around_it(before: str, after: str) -> None:
    after = after.replace("+", before).replace("CAP", "max_price = { prompt = 2 }")
    assert edited(before, ("set", "registry.routing.max_price.prompt", "2")) == after


# values


@pytest.mark.parametrize(
    ("path", "value", "written"),
    [
        ("registry.strictness", "AllowAny", '"AllowAny"'),
        ("registry.strictness", '"AllowAny"', '"AllowAny"'),
        ("registry.global_default_profile", "7", '"7"'),
        ("registry.routing.sort", '{ by = "price", partition = "none" }', '{ by = "price", partition = "none" }'),
        ("registry.routing.preferred_max_latency", "2.50", "2.5"),
        ("registry.routing.only", '["a", "b"]', '["a", "b"]'),
        ("registry.routing.only", "[]", "[]"),
    ],
)
def test_a_value_is_read_as_toml_where_that_fits_and_as_text_where_not(path: str, value: str, written: str) -> None:
    assert edited("", ("set", path, value)).rstrip().endswith(f"{path.split('.')[-1]} = {written}")


# refusals


@pytest.mark.parametrize(
    ("edit", "error", "said"),
    [
        (("remove", "selectedEndpoints of the call", None), InvalidParams, "part of the call"),
        (("set", "params.top_p of the call", "1"), InvalidParams, "part of the call"),
        (("set", "ui.theme", "dark"), InvalidParams, "not the path of a preference"),
        (("set", "registry", "{}"), InvalidParams, "not the path of a preference"),
        (("set", "registry..strictness", "AllowAny"), InvalidParams, "not the path of a preference"),
        (("set", 'registry.cache["a"].models_ttl_s', "1"), InvalidParams, "not the path of a preference"),
        (("set", 'registry.profiles["a"].extends', "x"), ConfigNotEditable, 'it has no registry.profiles["a"].extends'),
        (("set", "registry.routing.allow", "x"), InvalidParams, "there is no preference registry.routing.allow"),
        (("set", "registry.strictness", "Lax"), InvalidParams, 'takes one of "AllowAny", "AllowCustom"'),
        (("set", "registry.routing.zdr", "maybe"), InvalidParams, "takes true or false"),
        (("set", "registry.routing.max_price.prompt", "-1"), InvalidParams, "a number of at least 0"),
        (("set", "registry.routing.zdr", "true\nx = 1"), InvalidParams, "takes true or false"),
        (("add", "registry.routing.sort", "price"), InvalidParams, "is no list of names"),
        (("add", "registry.routing.only", None), InvalidParams, "has no value"),
        (("set", "registry.models[2].default_profile", "x"), ConfigNotEditable, "it has no registry.models[2]"),
        (("remove", "registry.models[0].model", None), ConfigNotEditable, 'has no "model", which it needs'),
        (("set", "registry.models[1].model", "a/b"), ConfigNotEditable, "is there already"),
    ],
)
def test_an_edit_that_cannot_be_is_refused_with_all_others(
    edit: tuple[str, str, str | None], error: type[PlokedError], said: str
) -> None:
    with pytest.raises(error) as refused:
        edited(BEFORE, ("set", "registry.allow_down", "true"), edit)
    assert said in refused.value.message


def test_a_broken_file_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigNotEditable, match="Line 1, column 10"):
        edited("[registry\n", ("set", "registry.allow_down", "true"))


@pytest.mark.parametrize("only", ['"novita"', "{ a = 1 }"])
def test_a_list_that_is_none_is_left_to_be_mended_by_hand(only: str) -> None:
    with pytest.raises(ConfigNotEditable, match="should be a list"):
        edited(f"[registry.routing]\nonly = {only}\n", ("add", "registry.routing.only", "phala"))


def test_what_is_so_already_changes_nothing() -> None:
    edits = [
        ("remove", "registry.models[0].banned_providers", "phala"),
        ("add", "registry.models[0].banned_providers", "novita"),
        ("remove", "registry.models[0].routing.max_price.prompt", None),
        ("remove", "registry.routing", None),
    ]
    assert edited(BEFORE, *edits) == BEFORE
