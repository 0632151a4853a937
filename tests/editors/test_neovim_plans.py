"""Plans that explain themselves, in Neovim: reasons, relaxations, costs, what-if, plan versus actual."""

from __future__ import annotations

import pytest
from editors.conftest import Starter
from editors.home import BANNED, CONFIG, MODEL, Home
from editors.nvim_driver import Neovim
from editors.steps import expanded, open_config, saved

pytestmark = pytest.mark.timeout(60)

STRICT = CONFIG + 'allowed_providers = ["novita", "alibaba"]\nrequired_supported_params = ["seed"]\n'
"""Leaves one of twelve endpoints; several fail more than one constraint."""
ALLOWED_LINE = 1 + STRICT.splitlines().index('allowed_providers = ["novita", "alibaba"]')
SEED_LINE = 1 + STRICT.splitlines().index('required_supported_params = ["seed"]')


@pytest.fixture
def strict(start: Starter, home: Home) -> Neovim:
    """Start a Neovim on a config.toml that leaves one endpoint of MODEL."""
    home.config.write_text(STRICT)
    return start()


def model_prefs(home: Home) -> dict[str, object]:
    """Return what config.toml on disk says of MODEL."""
    return saved(home)["models"][0]  # type: ignore[no-any-return]  # a table of TOML


def planned(editor: Neovim) -> None:
    """Open the plan of MODEL."""
    editor.command(f"Ploked plan {MODEL}")
    editor.until_text("Excluded (")


# the picker


def test_endpoints_that_do_not_qualify_are_grey_with_their_reasons_below(reader: Neovim) -> None:
    expanded(reader)
    assert "11/12 endpoints qualify" in reader.text
    line = next(n for n, line in enumerate(reader.text.splitlines()) if f" {BANNED} " in line)
    assert reader.text.splitlines()[line + 1].strip() == "denied: is in banned_providers (novita)"
    assert {group for group, text in reader.highlights(f" {BANNED} ") if text.strip() not in ("", "○")} == {
        "PlokedExcluded"
    }
    assert "PlokedExcluded" not in dict(reader.highlights(" baidu/fp8 "))
    assert reader.lua("return vim.fn.synIDattr(vim.fn.synIDtrans(vim.fn.hlID('PlokedExcluded')), 'name')") == "Comment"


def test_reasons_are_cut_to_the_width_of_the_list(strict: Neovim) -> None:
    strict.nvim.command("set columns=70")
    expanded(strict)
    width = strict.nvim.current.window.width
    reasons = [line for line in strict.text.splitlines() if "lacksParameter" in line]
    assert reasons
    assert all(len(line) <= width and line.endswith("…") for line in reasons)


def test_keys_on_a_reason_act_on_its_endpoint(strict: Neovim, home: Home) -> None:
    expanded(strict)
    strict.go_to("denied: is in banned_providers")
    strict.keys("<Space>")
    strict.until(lambda: model_prefs(home).get("selected_endpoints") == [BANNED], "on disk")


def test_what_is_uncertain_is_marked_and_explained(start: Starter, home: Home) -> None:
    home.config.write_text(CONFIG + 'routing = { data_collection = "deny" }\n')
    editor = start()
    expanded(editor)
    editor.until_text("○?")
    editor.go_to("Baidu  ")
    editor.keys("I")
    editor.until_text("qualifies, but for what is not known")
    assert "unknownFact" in editor.text


def test_i_shows_every_reason_and_gd_goes_to_the_preference_behind_it(strict: Neovim, home: Home) -> None:
    expanded(strict)
    strict.go_to("StreamLake")
    strict.keys("I")
    strict.until_text("does not qualify")
    assert f"(required_supported_params) (config.toml:{SEED_LINE})" in " ".join(strict.text.split())
    assert f"(config.toml:{ALLOWED_LINE})" in strict.text
    strict.go_to("lacksParameter")
    strict.keys("gd")
    strict.until(lambda: strict.line.startswith("required_supported_params"), "in config.toml")
    assert strict.nvim.current.window.cursor[0] == SEED_LINE
    assert strict.nvim.current.buffer.name == str(home.config)
    assert not strict.floats


def test_one_key_applies_the_first_relaxation_on_disk(strict: Neovim, home: Home) -> None:
    expanded(strict)
    assert "1/12 endpoints qualify" in strict.text
    strict.go_to("L relaxes: ")
    strict.keys("LL")
    strict.until_text("7/12 endpoints qualify")
    assert "allowed_providers" not in model_prefs(home)
    assert model_prefs(home)["banned_providers"] == ["novita"], "one relaxation, though the key was pressed twice"
    assert "L relaxes" not in strict.text


def test_a_relaxation_of_the_open_file_shows_at_once_and_can_be_undone(strict: Neovim, home: Home) -> None:
    open_config(strict, home)
    buffer = strict.nvim.current.buffer
    expanded(strict)
    strict.keys("L")
    strict.until_text("7/12 endpoints qualify")
    assert home.config.read_text() == STRICT
    strict.keys("q")
    strict.until(lambda: strict.nvim.current.buffer == buffer, "back in the file")
    assert "allowed_providers" not in strict.text
    strict.keys("u")
    strict.until(lambda: strict.text + "\n" == STRICT, "undone")
    expanded(strict)
    strict.until_text("1/12 endpoints qualify")


def test_the_key_shows_a_relaxation_before_it_applies_it(strict: Neovim, home: Home) -> None:
    strict.command(f"Ploked search {MODEL}")
    strict.until_text("▸")
    strict.keys("L")
    strict.until_text("L relaxes: ")
    assert home.config.read_text() == STRICT


# the plan


def test_the_plan_shows_the_order_what_is_dropped_and_numbered_relaxations(start: Starter, home: Home) -> None:
    home.config.write_text(CONFIG + 'routing = { only = ["digitalocean", "baidu"], require_parameters = false }\n')
    editor = start()
    planned(editor)
    assert "2/12 endpoints qualify" in editor.text
    assert "\n  ≈ " in editor.text.split("Eligible (2)")[1], "how they are tried is an estimate"
    assert "%  Baidu" in editor.text, "the share of an endpoint"
    assert "drops temperature" in editor.text
    assert "  1 " in editor.text
    assert 'only                ["digitalocean","baidu"]  model, config.toml:' in editor.text


def test_a_number_applies_its_relaxation_and_the_plan_follows(strict: Neovim, home: Home) -> None:
    planned(strict)
    number = next(line.split()[0] for line in strict.text.splitlines() if "remove novita from" in line)
    strict.keys(number)
    strict.until_text("2/12 endpoints qualify")
    assert not model_prefs(home).get("banned_providers")
    assert "allowed_providers" in model_prefs(home)
    strict.keys("9")
    strict.until_message("there is no such relaxation")


def test_gd_in_the_plan_goes_to_the_line_that_excludes(strict: Neovim, home: Home) -> None:
    planned(strict)
    strict.go_to("lacksParameter: does not take seed")
    strict.keys("gd")
    strict.until(lambda: strict.nvim.current.buffer.name == str(home.config), "in config.toml")
    assert strict.nvim.current.window.cursor[0] == SEED_LINE


def test_the_plan_follows_what_is_typed_before_it_is_saved(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    planned(editor)
    plan = editor.nvim.current.buffer
    assert "11/12 endpoints qualify" in editor.text
    assert "unsaved" not in editor.text
    editor.keys("<C-w>p")
    editor.go_to("banned_providers")
    editor.keys("f[a'baidu', <Esc>")
    editor.until(lambda: "10/12 endpoints qualify" in "\n".join(plan[:]), "a plan of what is typed")
    assert "with the unsaved changes of config.toml" in plan[1]
    editor.keys("u")
    editor.until(lambda: "11/12 endpoints qualify" in plan[0] and "unsaved" not in plan[1], "a plan of what is saved")
    editor.keys("<C-r>")
    editor.until(lambda: "with the unsaved changes of config.toml" in plan[1], "a plan of what is typed")
    editor.keys(":write<CR>")
    editor.until(lambda: "10/12 endpoints qualify" in plan[0] and "unsaved" not in plan[1], "a plan of what is saved")


def test_a_text_that_cannot_be_read_is_said_in_the_plan(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    planned(editor)
    plan = editor.nvim.current.buffer
    editor.keys("<C-w>p")
    editor.keys("Gobanned_providers = [<Esc>")
    editor.until(lambda: any(line.startswith("config.toml:") for line in plan[:]), "what is wrong in the text")
    assert "11/12 endpoints qualify" in plan[0], "the preferences in force stay"


def test_c_asks_for_the_size_of_the_prompt_and_says_what_it_costs(strict: Neovim) -> None:
    planned(strict)
    assert "Cost" not in strict.text
    strict.keys("c")
    strict.until_mode("c")
    strict.keys("lots<CR>")
    strict.until_message('"lots" is no number of tokens')
    strict.keys("c")
    strict.until_mode("c")
    strict.keys("8K 500<CR>")
    strict.until_text("Cost $")
    expected = 8000 * 0.0003705 / 1000 + 500 * 0.0011115 / 1000
    assert f"${expected:.5f} expected" in strict.text
    strict.go_to("Alibaba")
    strict.keys("I")
    strict.until_text("expected cost")
    assert "8000 \N{MULTIPLICATION SIGN} $0.0000003705 (pricing.prompt)" in " ".join(strict.text.split())


def test_y_copies_the_request_without_the_key(reader: Neovim) -> None:
    planned(reader)
    reader.keys("y")
    reader.until_message("copied")
    command = reader.nvim.funcs.getreg('"')
    assert command.startswith("curl ")
    assert "$OPENROUTER_API_KEY" in command
    assert "test-key" not in command


# preferences that are not saved


def test_diff_says_what_unsaved_changes_do(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    expanded(editor)
    editor.keys("q")
    editor.command("Ploked diff")
    editor.until_message("no changes that are not saved")
    editor.go_to("banned_providers")
    editor.keys("ccbanned_providers = ['baidu']<Esc>")
    editor.command("Ploked diff")
    editor.until_text("- baidu/fp8")
    assert f"+ {BANNED}" in editor.text
    assert f"{MODEL}  11/12 endpoints qualify" in editor.text
    assert "per 1M: $0.252 to $3 → $0.2574 to $3 in, " in editor.text


# plan versus actual


def test_the_table_of_a_sweep_marks_what_differs_from_the_plan(start: Starter, home: Home) -> None:
    home.config.write_text(CONFIG + 'selected_endpoints = ["baidu/fp8"]\n')
    home.upstream.faults.add("misroute", path="/chat", times=1)
    editor = start()
    editor.command(f"Ploked sweep {MODEL}")
    editor.until_text("grid = ")
    editor.keys("ccgrid = temperature 0.2 1.0 2<Esc>:w<CR>")
    editor.until_text("done: 2 of 2")
    assert editor.text.count("≠") == 1
    editor.go_to("≠ servedOutsidePlan")
    assert ("PlokedDeviation", "≠ servedOutsidePlan") in [(g, t.strip()) for g, t in editor.highlights("≠")]
    editor.keys("I")
    editor.until_text("planned")
    assert "servedOutsidePlan: " in editor.text
    endpoint = next(line for line in editor.text.splitlines() if line.startswith("endpoint"))
    assert endpoint.split()[1] == "baidu/fp8"
    assert len(endpoint.split()) > 2, "who served instead"
