"""Completion in config.toml, as recorded editors ask for it, in text that is half typed."""

from __future__ import annotations

import re

import pytest
from e2e.lsp import CONFIG, CURSOR, Editor
from e2e.places import KIMI

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning"),
]

MODELS = [
    f'[[registry.models]]\nmodel = "kimi{CURSOR}"\n',
    f'[[registry.models]]\nmodel = "kimi{CURSOR}\n',
    f'[[registry.models]]\nmodel = "kimi{CURSOR}\nbanned_providers = ["novita"]\n',
    f"[[registry.models]]\nmodel = kimi{CURSOR}\n",
    f'[registry]\nmodels = [{{ model = "kimi{CURSOR}" }}]\n',
    f'[registry]\nmodels = [{{ profiles = [{{ name = "😀😀" }}], model = "kimi{CURSOR}',
    f"[[registry.models]]\r\nmodel = 'kimi{CURSOR}'\r\n",
]


@pytest.mark.parametrize("marked", MODELS)
async def test_model_ids_come_in_the_order_of_the_search_and_land_in_quotes(editor: Editor, marked: str) -> None:
    found = await editor.complete(marked)
    expected = await editor.search("kimi")
    assert found.labels == expected
    assert found.labels == [item.label for item in sorted(found.items, key=lambda item: item.sort_text or "")]
    assert all(item.filter_text is None for item in found.items)
    assert found.incomplete
    whole = re.sub(rf"""["']?kimi{CURSOR}["']?""", f'"{expected[0]}"', marked).replace("'", '"')
    assert found.accept(0).replace("'", '"') == whole


async def test_what_stands_after_the_cursor_in_the_same_word_is_replaced(editor: Editor) -> None:
    found = await editor.complete(f'[[registry.models]]\nmodel = "moonshotai/kimi{CURSOR}-k2"\n')
    assert found.accept(found.labels.index(KIMI)) == f'[[registry.models]]\nmodel = "{KIMI}"\n'


async def test_an_empty_value_offers_the_catalog(editor: Editor) -> None:
    found = await editor.complete(f"[[registry.models]]\nmodel = {CURSOR}\n")
    assert len(found.labels) == 60
    assert found.accept(0) == f'[[registry.models]]\nmodel = "{found.labels[0]}"\n'


PROVIDERS = [
    (f'banned_providers = ["nov{CURSOR}"]\n', 'banned_providers = ["novita"]\n'),
    (f'banned_providers = ["deepinfra", nov{CURSOR}]\n', 'banned_providers = ["deepinfra", "novita"]\n'),
    (f'allowed_providers = ["😀", "nov{CURSOR}\n', 'allowed_providers = ["😀", "novita"\n'),
    (f"selected_endpoints = nov{CURSOR}\n", 'selected_endpoints = ["novita"]\n'),
    (
        f'banned_providers = [\n  "phala",  # é\n  "nov{CURSOR}\n]\n',
        'banned_providers = [\n  "phala",  # é\n  "novita"\n]\n',
    ),
]


@pytest.mark.parametrize(("typed", "whole"), PROVIDERS)
async def test_providers_of_the_entrys_model_land_in_quotes_and_brackets(
    editor: Editor, typed: str, whole: str
) -> None:
    found = await editor.complete(CONFIG + typed)
    assert found.labels[0] == "novita"
    assert found.accept(0) == CONFIG + whole


async def test_tags_of_the_entrys_model_are_offered_once_they_are_known(editor: Editor) -> None:
    marked = f'{CONFIG}selected_endpoints = ["deepinfra/{CURSOR}"]\n'
    found = await editor.complete_until(marked, "deepinfra/fp4")
    assert found.labels[0] == "deepinfra/fp4"
    assert "deepinfra/fp8" not in found.labels
    assert found.accept(0).endswith('selected_endpoints = ["deepinfra/fp4"]\n')


async def test_routing_lists_offer_every_provider(editor: Editor) -> None:
    found = await editor.complete(f'[registry.routing]\norder = ["google-{CURSOR}"]\n')
    assert found.labels[:2] == ["google-vertex", "google-ai-studio"] or set(found.labels[:2]) == {
        "google-vertex", "google-ai-studio",
    }  # fmt: skip
    assert len(found.labels) > 80


OTHERS = [
    ('default_profile = "‸"\n', ["calm", "😀 wild", "default"], 'default_profile = "calm"\n'),
    ('default_profile = "😀 ‸\n', ["😀 wild"], 'default_profile = "😀 wild"\n'),
    ('required_supported_params = ["tool_‸"]\n', ["tool_choice"], 'required_supported_params = ["tool_choice"]\n'),
    ("req‸\n", ["required_supported_params"], "required_supported_params = \n"),
    ("req‸ = []\n", ["required_supported_params"], "required_supported_params = []\n"),
    ('profiles = [{ name = "😀", par‸ }]\n', ["params"], 'profiles = [{ name = "😀", params =  }]\n'),
    (
        'profiles = [{ name = "😀", params = { temp‸ } }]\n',
        ["temperature"],
        'profiles = [{ name = "😀", params = { temperature =  } }]\n',
    ),
    ("profiles = [{ params = { parallel_tool_calls = ‸ } }]\n", ["true", "false"], None),
    ("[registry.routing]\ndata_collection = ‸\n", ["allow", "deny"], '[registry.routing]\ndata_collection = "allow"\n'),
    ('[registry.routing]\nsort = "l‸"\n', ["latency"], '[registry.routing]\nsort = "latency"\n'),
    ('[registry.routing]\nsort = "ex‸"\n', ["exacto"], '[registry.routing]\nsort = "exacto"\n'),
    ('[registry.routing]\nsort = { by = "thr‸" }\n', ["throughput"], None),
    ('routing = { sort = { by = "price", partition = "‸" } }\n', ["model", "none"], None),
    ('routing.data_collection = "d‸"\n', ["deny"], 'routing.data_collection = "deny"\n'),
    ("routing = { pref‸ }\n", ["preferred_min_throughput", "preferred_max_latency"], None),
    ("[registry.models.routing]\nmax_price.com‸\n", ["completion"], None),
    ('[registry.routing]\nquantizations = ["int‸"]\n', ["int4", "int8"], None),
    ('profiles = [{ name = "x", extends = "c‸" }]\n', ["calm"], 'profiles = [{ name = "x", extends = "calm" }]\n'),
    ("[registry.cache]\nend‸", ["endpoints_ttl_s"], "[registry.cache]\nendpoints_ttl_s = "),
    ("[registry.‸]\n", ["routing", "cache"], "[registry.routing]\n"),
    ("[[registry.m‸]]\n", ["models"], "[[registry.models]]\n"),
    ("[reg‸\n", ["registry"], "[registry\n"),
]


@pytest.mark.parametrize(("typed", "first", "whole"), OTHERS)
async def test_profiles_parameters_keys_and_values(
    editor: Editor, typed: str, first: list[str], whole: str | None
) -> None:
    found = await editor.complete(CONFIG + typed)
    assert found.labels[: len(first)] == first
    if whole is not None:
        assert found.accept(0) == CONFIG + whole


@pytest.mark.parametrize(
    "routing", ['routing = { only = ["deep‸"] }\n', '[registry.models.routing]\norder = ["deep‸"]\n']
)
async def test_routing_lists_of_a_model_offer_who_serves_it(editor: Editor, routing: str) -> None:
    found = await editor.complete_until(CONFIG + routing, "deepinfra/fp4")
    assert found.labels[:2] == ["deepinfra", "deepinfra/fp4"]
    assert len(found.labels) < 40


async def test_a_profile_is_not_offered_to_extend_itself(editor: Editor) -> None:
    found = await editor.complete(CONFIG.replace('name = "calm"\n', f'name = "calm"\nextends = "{CURSOR}"\n'))
    assert sorted(found.labels) == ["default", "😀 wild"]


async def test_strictness_offers_its_three_values(editor: Editor) -> None:
    found = await editor.complete(f'version = 1\n[registry]\nstrictness = "{CURSOR}"\n')
    assert sorted(found.labels) == ["AllowAny", "AllowCustom", "OpenRouterOnly"]


async def test_keys_that_a_table_has_already_are_not_offered_again(editor: Editor) -> None:
    found = await editor.complete(f"{CONFIG}banned_providers = []\n{CURSOR}\n")
    assert {"model", "banned_providers"}.isdisjoint(found.labels)
    assert "default_profile" in found.labels


async def test_an_empty_file_of_ours_offers_what_it_begins_with(editor: Editor) -> None:
    found = await editor.complete(CURSOR)
    tables = ["[registry]", "[registry.routing]", "[registry.cache]", "[[registry.profiles]]", "[[registry.models]]"]
    assert found.labels == ["version", *tables]


async def test_every_key_that_is_offered_may_be_written(editor: Editor) -> None:
    for table in ("[registry]", "[registry.routing]", "[registry.cache]", "[[registry.models]]"):
        found = await editor.complete(f"version = 1\n{table}\n{CURSOR}\n")
        assert found.labels
        for label in found.labels:
            shown = await editor.diagnostics(f"version = 1\n{table}\n{label} = 1979-05-27\n")
            assert "unknownKey" not in [one.code for one in shown.items], label


NOWHERE = [f"{CONFIG}# mod{CURSOR}\n", f'{CONFIG}default_profile = "calm" {CURSOR}\n', f"{CONFIG}[ui]\nth{CURSOR}\n"]


@pytest.mark.parametrize("marked", NOWHERE)
async def test_nothing_is_offered_where_nothing_of_ours_can_stand(editor: Editor, marked: str) -> None:
    assert (await editor.complete(marked)).labels == []
