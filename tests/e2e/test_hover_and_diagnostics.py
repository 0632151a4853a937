"""Hover, diagnostics and quick fixes in config.toml, as recorded editors ask for them."""

from __future__ import annotations

import re

import pytest
from e2e.lsp import CONFIG, CURSOR, HOSTILE, Editor, Shown, sentence
from e2e.places import KIMI
from lsprotocol import types

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning"),
]


# hover


async def test_a_model_is_explained_with_its_age_and_how_many_endpoints_qualify(editor: Editor) -> None:
    text = sentence(f'[[registry.models]]\nmodel = "{KIMI}"\nbanned_providers = ["novita"]\n', at=KIMI)
    card = await editor.hover_until(text, "endpoints qualify")
    assert card.covered == KIMI
    assert card.kind == types.MarkupKind.Markdown
    assert "10 of 12 endpoints qualify under these preferences" in card.text
    assert "tools: 12 of 12 endpoints" in card.text
    assert "262,144 tokens" in card.text
    assert re.search(r"\*openrouter, (just now|\d+ min old)\*", card.text)


async def test_a_description_is_shown_and_never_rendered(editor: Editor) -> None:
    card = await editor.hover(sentence('[[registry.models]]\nmodel = "mancer/weaver"\n', at="mancer/weaver"))
    assert HOSTILE not in card.text
    assert r"\[free\]\(https://evil.example\) \<b\>now\</b\> \`code\` \*\*bold\*\*" in card.text
    assert re.sub(r"\\([^\w\s])", r"\1", card.text.splitlines()[2]) == HOSTILE


@pytest.mark.parametrize(
    ("text", "word", "said"),
    [
        ('model = "~deepseek/deepseek-v4-flash-latest"', None, "stands for `deepseek/deepseek-v4-flash-0731`"),
        (f'model = "{KIMI}:nitro"', None, "**MoonshotAI: Kimi K2.5**"),
        (f'model = "{KIMI}"\nbanned_providers = ["😀", "novita"]', "novita", "**Novita** `novita`"),
        (f'model = "{KIMI}"\nallowed_providers = ["deepinfra/fp4"]', "deepinfra/fp4", "`deepinfra/fp4`: $0.45 in"),
        (f'model = "{KIMI}"\nprofiles = [{{ name = "a", params = {{ seed = 3 }} }}]\ndefault_profile = "a"',
         'a"\n', "`seed = 3`"),
        ("default_profile = 1", "default_profile", "text in quotes"),
        ('profiles = [{ name = "😀", params = { temperature = 1 } }]', "temperature", "a number from 0 to 2"),
    ],
)  # fmt: skip
async def test_names_and_keys_are_explained(editor: Editor, text: str, word: str | None, said: str) -> None:
    at = word or text.split('"')[1]
    card = await editor.hover_until(sentence(f"[[registry.models]]\n{text}\n", at=at), said)
    assert card.covered == at.strip('"\n')


@pytest.mark.parametrize("text", ['[[registry.models]]\nmodel = "no/such‸-model"\n', "[ui]\nth‸eme = 1\n[registry]\n"])
async def test_there_is_nothing_to_say_of_what_is_not_known(editor: Editor, text: str) -> None:
    assert await editor.hover_or_none(text) is None


RETIRED = "google/gemini-2.5-pro-exp-03-25"
"""Listed no more; asked for its endpoints, the upstream answers with those of google/gemini-2.5-pro."""


async def test_a_retired_id_is_explained_marked_and_replaced_by_what_took_its_place(editor: Editor) -> None:
    text = f'[[registry.models]]\nmodel = "{RETIRED}"\n'
    await editor.hover_or_none(sentence(text, at=RETIRED))
    document = editor.open(text)
    await editor.eventually(
        lambda: any(one.code == "retiredModel" for _, items in editor.reports(document) for one in items)
    )
    shown = await editor.shown(document)
    (problem,) = [one for one in shown.items if one.code == "retiredModel"]
    assert '"google/gemini-2.5-pro" took its place' in problem.message
    (action,) = await shown.actions(problem)
    assert shown.apply(action) == text.replace(RETIRED, "google/gemini-2.5-pro")
    card = await editor.hover(sentence(text, at=RETIRED))
    assert card.covered == RETIRED
    assert "is not listed any more" in card.text
    assert "`google/gemini-2.5-pro`" in card.text


# diagnostics and quick fixes


SLIPS = [
    ("unknownModel", f'[[registry.models]]\nmodel = "‸{KIMI}5‸"\n', f'"{KIMI}"'),
    ("unknownProvider", f'{CONFIG}banned_providers = ["😀 é", "‸novitaa‸"]  # x\n', '"novita"'),
    ("unknownKey", "[registry]\n‸strictnes‸ = 'AllowAny'\n", "strictness"),
    ("badValue", "[registry]\nstrictness = '‸AllowAll‸'\n", '"AllowAny"'),
    ("unknownParameter", f'{CONFIG}required_supported_params = ["‸toolz‸"]\n', '"tools"'),
    ("unknownProfile", f'{CONFIG}default_profile = "‸😀 mild‸"\n', '"😀 wild"'),
]


@pytest.mark.parametrize(("code", "marked", "fix"), SLIPS)
async def test_a_slip_is_marked_where_it_stands_and_mended_by_its_quick_fix(
    editor: Editor, code: str, marked: str, fix: str
) -> None:
    before, slip, after = marked.split(CURSOR)
    shown = await editor.diagnostics(before + slip + after)
    (problem,) = [one for one in shown.items if shown.covered(one).strip("\"'") == slip]
    assert problem.code == code
    assert problem.source == "ploked"
    (action,) = await shown.actions(problem)
    assert (action.kind, action.title) == (types.CodeActionKind.QuickFix, f"Replace with {fix}")
    outer = before.rstrip("\"'") + fix + after.lstrip("\"'")
    assert shown.apply(action) == outer


async def test_diagnostics_follow_the_typing_and_come_once_per_pause(editor: Editor) -> None:
    document = editor.open(CONFIG)
    assert not (await editor.shown(document)).items
    for n in range(1, 20):
        document.type(f'{CONFIG}banned_providers = ["{"novitaa"[: n % 7 + 1]}"]\n')
    document.type(f'{CONFIG}banned_providers = ["novita"')
    shown = await editor.shown(document)
    assert [one.code for one in shown.items] == ["syntax"]
    document.type(f'{CONFIG}banned_providers = ["novita"]\n')
    assert not (await editor.shown(document)).items
    reports = editor.reports(document)
    assert [version for version, _ in reports] == sorted(version or 0 for version, _ in reports)
    assert len(reports) < 12


async def test_closing_a_document_takes_its_diagnostics_back(editor: Editor) -> None:
    document = editor.open("[registry]\nstrictnes = 1\n")
    assert (await editor.shown(document)).items
    document.close()
    await editor.eventually(lambda: not editor.reports(document)[-1][1])


async def test_a_document_that_is_too_long_says_so_once_and_is_left_alone_until_it_is_shorter(editor: Editor) -> None:
    text = f"{CONFIG}strictnes = 1\n" + "# 😀\n" * 30_000
    document = editor.open(text)
    (only,) = (await editor.shown(document)).items
    assert only.code == "tooLarge"
    assert f"{len(text):,} characters" in only.message
    assert (await editor.complete(f"{text}[registry]\nstr‸")).labels == []
    assert await editor.hover_or_none(text.replace(KIMI, "moonshotai/kimi‸-k2.5")) is None
    document.type(f"{CONFIG}strictnes = 1\n")
    assert [one.code for one in (await editor.shown(document)).items] == ["unknownKey"]


async def test_of_very_many_problems_the_first_are_shown_with_how_many_there_are(editor: Editor) -> None:
    shown = await editor.diagnostics(
        "version = 1\n[registry]\n" + "".join(f"key{number} = 1\n" for number in range(400))
    )
    assert {one.code for one in shown.items} == {"unknownKey"}
    assert len(shown.items) == 250
    assert "150 more problems are not shown" in shown.items[-1].message


FOREIGN = [
    "pyproject.toml", "Cargo.toml", "ploke/other.toml", "config.toml", ".cargo/config.toml",
]  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
async def test_toml_of_other_programs_is_left_alone(editor: Editor, name: str) -> None:
    text = f'[package]\nname = "{KIMI}5"\nmodel = "kimi‸"\ndefault_profile = "nobody"\nbroken =\n'
    text = f"[registry]\nindex = 1\n{text}" if "cargo" in name else text
    document = editor.open(text.replace(CURSOR, ""), name)
    ours = editor.open("[registry]\nstrictnes = 1\n")
    assert (await editor.complete(text, name)).labels == []
    assert await editor.hover_or_none(text, name) is None
    assert (await editor.shown(ours)).items  # by then the other one would have been judged too
    assert editor.reports(document) == []


# routing preferences


ROUTED = f"""\
[registry.routing]
sort = "price"
max_price = {{ prompt = 5 }}

[[registry.models]]
model = "{KIMI}"
routing = {{ preferred_max_latency = 2, sort = "latency", max_price = {{ completion = 9 }} }}
"""


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("sort = \"price", "What decides which endpoint is tried first: price, throughput, latency or exacto"),
        ("max_price = { prompt", "The most that an endpoint may ask"),
        ("prompt", "USD per million prompt tokens"),
        ("preferred_max_latency", "Seconds to the first token"),
        ("preferred_max_latency", "`2.0` (`registry.models[0].routing.preferred_max_latency`, line 7)"),
        ("sort = \"latency", f"In effect for `{KIMI}`: `\"latency\"` (`registry.models[0].routing.sort`, line 7)"),
    ],
)  # fmt: skip
async def test_a_routing_key_tells_its_meaning_its_unit_and_what_is_in_effect(
    editor: Editor, word: str, said: str
) -> None:
    start = ROUTED.index(word) + 2
    card = await editor.hover(ROUTED[:start] + CURSOR + ROUTED[start:])
    assert card.covered == word.split(" ")[0]
    assert said.replace("_", "") in re.sub(r"\\([^\w\s])", r"\1", card.text).replace("_", "")


EMPTIED = f"""\
version = 1

[[registry.models]]
model = "{KIMI}"
allowed_providers = ["novita", "phala"]
banned_providers = [
    "novita",
    "phala", # 😀
]
"""


async def emptied(editor: Editor) -> Shown:
    """Return the report on EMPTIED once the endpoints of its model are known, which a hover has fetched."""
    await editor.hover(sentence(EMPTIED, at=KIMI))
    document = editor.open(EMPTIED)
    await editor.shown(document)
    await editor.eventually(lambda: "nothingLeft" in [one.code for one in editor.reports(document)[-1][1]])
    return await editor.shown(document)


async def test_a_model_that_nobody_is_left_to_serve_says_which_preference_did_it(editor: Editor) -> None:
    shown = await emptied(editor)
    (problem,) = [one for one in shown.items if one.code == "nothingLeft"]
    assert shown.covered(problem) == f'"{KIMI}"'
    assert problem.severity == types.DiagnosticSeverity.Warning
    assert "banned_providers" in problem.message


async def test_each_smallest_change_is_offered_and_makes_its_edit(editor: Editor) -> None:
    shown = await emptied(editor)
    (problem,) = [one for one in shown.items if one.code == "nothingLeft"]
    actions = await shown.actions(problem)
    assert all(action.kind == types.CodeActionKind.QuickFix for action in actions)
    assert all(action.diagnostics for action in actions)
    (unban,) = [action for action in actions if action.title.startswith("Remove novita from ")]
    assert "1 endpoint comes back (novita)" in unban.title
    assert shown.apply(unban) == EMPTIED.replace('    "novita",\n', "")
    assert [action for action in actions if action.is_preferred] == actions[:1]


async def test_a_model_with_endpoints_left_is_offered_no_change(editor: Editor) -> None:
    await emptied(editor)
    shown = await editor.diagnostics(EMPTIED.replace('    "novita",\n', ""))
    assert [one.code for one in shown.items] == ["allowedAndBanned"]
    assert await shown.actions(shown.items[0]) == []


@pytest.mark.parametrize(
    ("code", "marked", "fix"),
    [
        ("unit", "[registry.routing]\nmax_price = { prompt = ‸0.0000006‸ }\n", "0.6"),
        ("unit", "[registry.routing]\npreferred_max_latency = ‸2500‸\n", "2.5"),
        ("unknownValue", '[registry.routing]\nsort = "‸cheapest‸"\n', '"price"'),
        ("badValue", '[registry.routing]\ndata_collection = "‸disallow‸"\n', '"deny"'),
    ],
)
async def test_a_slip_of_the_routing_is_mended_by_its_quick_fix(
    editor: Editor, code: str, marked: str, fix: str
) -> None:
    await test_a_slip_is_marked_where_it_stands_and_mended_by_its_quick_fix(editor, code, marked, fix)
