"""The Neovim plugin as its users meet it: real keys in a real Neovim, the real server, a loopback upstream."""

from __future__ import annotations

import json
from pathlib import Path

from conftest import REPO
from editors.conftest import Starter
from editors.home import BANNED, CONFIG, MODEL, Home
from editors.nvim_driver import PLUGIN, Neovim
from editors.steps import expanded, open_config, saved
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.lua_types import lua_types


def selected(home: Home) -> list[str]:
    """Return the endpoints that config.toml on disk selects for MODEL."""
    return list(saved(home)["models"][0].get("selected_endpoints", []))


# LSP


def test_a_toml_buffer_gets_diagnostics_completion_and_hover_without_setup(start: Starter, home: Home) -> None:
    home.config.write_text(CONFIG.replace("novita", "novta"))
    editor = start()
    open_config(editor, home)
    editor.until(lambda: editor.lua("return #vim.diagnostic.get(0) > 0"), "a diagnostic")
    assert "novita" in editor.lua("return vim.diagnostic.get(0)[1].message")

    editor.go_to("banned_providers")
    editor.keys("f[C[")
    editor.keys('"deepi<C-x><C-o>')
    editor.until(lambda: editor.nvim.funcs.pumvisible(), "a popup menu")
    assert editor.nvim.funcs.complete_info(["items"])["items"][0]["word"].startswith("deepinfra")

    editor.keys("<C-e><Esc>u")
    editor.go_to("model = ")
    editor.keys("f/")
    editor.nvim.exec_lua("vim.lsp.buf.hover()")
    editor.until(lambda: any("DeepSeek V3.2" in text for text in editor.floats), "a hover")


def test_one_server_serves_every_buffer_and_the_picker(reader: Neovim, tmp_path: Path) -> None:
    for name in ("one.toml", "two.toml"):
        reader.command(f"edit {tmp_path / name}")
    expanded(reader)
    names = "local n = {}; for _, c in pairs(get()) do table.insert(n, c.name) end; return n"
    assert reader.lua(f"local get = vim.lsp.get_clients or vim.lsp.get_active_clients; {names}") == ["ploked"]


def test_a_missing_server_is_told_of_with_what_to_do(start: Starter, home: Home) -> None:
    editor = start({**home.env, "PATH": "/usr/bin:/bin"})
    editor.command(f"edit {home.config}")
    assert "pip install ploked" in editor.until_message("'ploked' is not an executable")
    editor.command("Ploked search")
    editor.until(lambda: any("not an executable" in text for text in editor.floats), "the reason in the picker")
    assert len(editor.messages) == 1, "a buffer says it once, and the picker in its own window"


def test_after_a_crash_the_server_is_started_again_and_says_so(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    expanded(editor)
    editor.lua("require('ploked.client').request('status', {}, function(_, s) _G.pid = s.pid end)")
    editor.lua("os.execute('kill -KILL ' .. ...)", editor.until(lambda: editor.lua("return _G.pid"), "a process id"))
    assert "It has been started again." in editor.until_message("the server ended (signal 9)")
    editor.keys("/")
    editor.keys("<C-u>kimi<CR>")
    editor.until_text("moonshotai/kimi")


def test_a_server_that_ends_at_once_is_not_started_again_and_again(start: Starter, home: Home) -> None:
    program = home.folder / "bin/ploked"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    editor = start({**home.env, "PATH": f"{program.parent}:/usr/bin:/bin"})
    editor.command("Ploked plan openai/gpt-4o")
    assert "It is not started again by itself" in editor.until_message("the server ended (exit code 3)")
    editor.until_text("the server ended before it answered")


# the picker


def test_typing_narrows_the_list_and_enter_goes_to_it(reader: Neovim) -> None:
    reader.command("Ploked search")
    reader.until(lambda: len(reader.floats) == 2 and "▸" in reader.floats[1], "a list of models")
    assert "openrouter, " in reader.decorations, "the list says where it is from and how old it is"
    reader.keys("kimi k2 thin")
    reader.until(lambda: reader.floats[1].count("\n") < 3, "a short list")
    reader.keys("<CR>")
    reader.until_text("moonshotai/kimi-k2-thinking")
    assert reader.line.startswith("▸ MoonshotAI: Kimi K2 Thinking")
    assert "tools" in reader.line
    assert "$" in reader.line


def test_leaving_a_search_with_escape_brings_the_committed_one_back(reader: Neovim) -> None:
    reader.command("Ploked search deepseek-v3.2")
    reader.until_text(MODEL)
    reader.keys("/")
    reader.keys(" kimi")
    reader.until(lambda: "No model matches" in reader.floats[1], "an empty list")
    reader.keys("<Esc>")
    reader.until_text(MODEL)
    reader.keys("<Esc>")
    reader.until(lambda: not reader.floats, "closed")


def test_a_late_answer_does_not_replace_a_newer_one(reader: Neovim) -> None:
    reader.command("Ploked search")
    reader.until(lambda: "▸" in reader.floats[1], "a list of models")
    reader.lua(HOLD_ANSWERS)
    reader.keys("g")
    reader.until(lambda: reader.lua("return _G.held_for('g')"), "an answer to the first question")
    reader.keys("emma")
    reader.until(lambda: reader.lua("return _G.held_for('gemma')"), "an answer to the second")
    reader.lua("for at = #_G.held, 1, -1 do _G.held[at].go() end; require('ploked.client').request = _G.request")
    lines = reader.floats[1].splitlines()
    assert lines
    assert all("gemma" in line for line in lines)


HOLD_ANSWERS = """
local client = require('ploked.client')
_G.request, _G.held = client.request, {}
client.request = function(method, params, reply)
  _G.request(method, params, function(...)
    local answer = { ... }
    table.insert(_G.held, { query = params.query, go = function() reply(unpack(answer, 1, 2)) end })
  end)
end
_G.held_for = function(query)
  return #vim.tbl_filter(function(each) return each.query == query end, _G.held) > 0
end
"""


def test_keys_typed_ahead_act_on_what_they_were_typed_for(reader: Neovim) -> None:
    reader.command("Ploked search")
    reader.until(lambda: "▸" in reader.floats[1], "a list of models")
    reader.keys("kimi k2 thinking<CR><CR>")
    reader.until_message("moonshotai/kimi-k2-thinking copied")


def test_a_refresh_reaches_the_rows_on_the_screen(reader: Neovim, shared_upstream: UpstreamProcess) -> None:
    reader.command("Ploked endpoints moonshotai/kimi-k2")
    reader.until_text("novita/fp8")
    size = 98 if " 99K " in reader.text else 99
    shared_upstream.patch("moonshotai/kimi-k2", tag="novita/fp8", values={"context_length": size * 1000})
    reader.keys("R")
    reader.until_text(f" {size}K ")
    reader.until_message("endpoints of moonshotai/kimi-k2: updated, 1 held")


def test_a_model_expands_to_its_endpoints_and_each_row_shows_all_its_facts(reader: Neovim) -> None:
    reader.command(f"Ploked search {MODEL}")
    reader.until_text(MODEL)
    reader.go_to(f"{MODEL} ")
    reader.keys("l")
    reader.until_text("baidu/fp8")
    reader.go_to("baidu/fp8")
    assert reader.line.split() == ["○", "Baidu", "baidu/fp8", "fp8", "$0.000252", "$0.000378", "131K", "yes", "99.9%"]
    reader.go_to("sambanova")
    assert reader.line.split()[3] == "?", "a null is unknown"
    assert reader.line.split()[-1] == "?"
    reader.keys("I")
    reader.until_text("supportedParameters")
    reader.keys("q")
    reader.until_text("baidu/fp8")
    reader.keys("h")
    reader.until(lambda: "baidu" not in reader.text, "collapsed")
    assert MODEL in reader.line


def test_enter_puts_the_id_into_the_string_under_the_cursor_else_copies_it(reader: Neovim, tmp_path: Path) -> None:
    file = tmp_path / "any.toml"
    file.write_text('model = "openai/gpt"  # "why"\n')
    reader.command(f"edit {file}")
    reader.keys("f/")
    choose = ":Ploked search kimi-k2-thinking<CR><CR>"
    reader.keys(choose)
    reader.until(lambda: reader.line == 'model = "moonshotai/kimi-k2-thinking"  # "why"', "the id in the string")
    reader.keys("u0")
    reader.keys(choose)
    reader.until_message("copied")
    assert reader.nvim.funcs.getreg('"') == "moonshotai/kimi-k2-thinking"


# config.toml


def test_space_selects_endpoints_on_disk_while_the_file_is_closed(editor: Neovim, home: Home) -> None:
    expanded(editor)
    editor.go_to("baidu/fp8")
    editor.keys("<Space>")
    editor.until(lambda: "● " in editor.line, "marked")
    editor.go_to("alibaba")
    editor.keys("<Space>")
    editor.until(lambda: selected(home) == ["baidu/fp8", "alibaba"], "on disk")
    editor.go_to("baidu/fp8")
    editor.keys("<Space>")
    editor.until(lambda: selected(home) == ["alibaba"], "on disk")
    editor.until_text("1 selected")


def selects_unsaved(editor: Neovim) -> None:
    """Select an endpoint while config.toml is open."""
    expanded(editor)
    editor.go_to("baidu/fp8")
    editor.keys("<Space>")
    editor.until_text("save the file to apply it")


def test_space_edits_the_open_file_so_that_it_can_be_undone(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    buffer = editor.nvim.current.buffer
    selects_unsaved(editor)
    editor.until(lambda: 'selected_endpoints = ["baidu/fp8"]' in buffer[:], "in the buffer")
    assert home.config.read_text() == CONFIG
    editor.keys("q")
    editor.until(lambda: editor.nvim.current.buffer == buffer, "back in the file")
    editor.keys("u")
    editor.until(lambda: "\n".join(buffer[:]) + "\n" == CONFIG, "undone")


def test_an_endpoint_that_is_selected_and_taken_off_again_leaves_nothing_to_save(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    selects_unsaved(editor)
    editor.keys("<Space>")
    editor.until(lambda: "save the file to apply it" not in editor.text, "nothing to save")
    assert "none selected" in editor.text


def test_a_selection_that_is_undone_in_the_file_is_undone_in_the_picker(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    buffer = editor.nvim.current.buffer
    selects_unsaved(editor)
    editor.lua("vim.api.nvim_buf_call(..., function() vim.cmd('silent undo') end)", buffer.number)
    editor.until(lambda: "save the file to apply it" not in editor.text, "nothing to save")
    assert "none selected" in editor.text


def test_a_save_of_what_was_there_before_is_told_of_too(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    editor.command(f"Ploked plan {MODEL}")
    editor.until_text('"ignore": [')
    plan = editor.nvim.current.buffer
    editor.keys("<C-w>p")
    for old, new in (("novita", "baidu"), ("baidu", "novita")):
        editor.keys(f":%s/{old}/{new}/<CR>")
        editor.until(lambda: f"is in banned_providers ({new})" in "\n".join(plan[:]), "planned")  # noqa: B023  # asked at once
    assert "with the unsaved changes" in "\n".join(plan[:])
    editor.keys(":write<CR>")
    editor.until(lambda: "with the unsaved changes" not in "\n".join(plan[:]), "saved")


def test_what_to_do_fits_a_narrow_window_however_long_the_path(start: Starter, home: Home) -> None:
    home.folder = home.folder / ("a-folder-of-a-long-name-" * 4)
    home.folder.mkdir()
    home.config.write_text(CONFIG)
    editor = start()
    editor.command("set columns=80")
    open_config(editor, home)
    selects_unsaved(editor)
    (line,) = (line for line in editor.text.splitlines() if "save the file to apply it" in line)
    assert len(line) < 80


def test_a_model_without_endpoints_says_so_and_nothing_of_selecting(reader: Neovim) -> None:
    reader.command("Ploked endpoints openrouter/auto-beta")
    reader.until_text("no endpoints · ")
    assert "selected" not in reader.text
    assert "the upstream chooses where it goes" in reader.text


def test_what_became_of_an_edit_stays_on_the_screen_while_facts_come_in(
    editor: Neovim, home: Home, shared_upstream: UpstreamProcess
) -> None:
    open_config(editor, home)
    selects_unsaved(editor)
    new_facts(editor, shared_upstream)
    assert "save the file to apply it" in editor.text
    editor.command("wall")
    editor.until(lambda: "save the file to apply it" not in editor.text, "applied")
    editor.until_text("1 selected")


def test_why_an_edit_was_refused_stays_on_the_screen_while_facts_come_in(
    editor: Neovim, home: Home, shared_upstream: UpstreamProcess
) -> None:
    expanded(editor)
    home.config.write_text("[registry\n")
    editor.go_to("baidu/fp8")
    editor.keys("<Space>")
    editor.until_text("Mend line 1")
    new_facts(editor, shared_upstream)
    assert "Mend line 1" in editor.text
    home.config.write_text(CONFIG)
    editor.until(lambda: "Mend line 1" not in editor.text, "mended")


def new_facts(editor: Neovim, upstream: UpstreamProcess) -> None:
    """Have the picker fetch other endpoints of MODEL than it shows, and wait until it shows them."""
    size = 98 if " 99K " in editor.text else 99
    upstream.patch(MODEL, tag="streamlake", values={"context_length": size * 1000})
    editor.keys("R")
    editor.until_text(f" {size}K ")


def test_an_endpoint_that_has_gone_is_shown_and_can_be_taken_off(start: Starter, home: Home) -> None:
    home.config.write_text(CONFIG + 'selected_endpoints = ["baidu/fp8", "gone/fp4"]\n')
    editor = start()
    expanded(editor)
    editor.go_to("gone/fp4, selected, but no endpoint has this tag")
    editor.keys("<Space>")
    editor.until(lambda: selected(home) == ["baidu/fp8"], "on disk")


def test_p_chooses_the_default_profile_or_sets_parameters_for_one_run(editor: Neovim, home: Home) -> None:
    editor.lua("vim.ui.select = function(items, options, done) _G.choose = {items, options.format_item, done} end")
    pick = "_G.shown = vim.tbl_map(_G.choose[2], _G.choose[1]); _G.choose[3](_G.choose[1][...]); return _G.shown"
    expanded(editor)
    editor.keys("p")
    editor.until(lambda: editor.lua("return _G.choose ~= nil"), "a choice")
    assert editor.lua(pick, 2) == [
        "balanced (global, default): temperature=0.7",
        "default (built-in)",
        "parameters for the next run…",
    ]
    # The file says so a moment before the daemon does, and its answer comes last.
    editor.until(lambda: any("Saved" in said for said in editor.messages), "the answer to the choice")
    assert saved(home)["models"][0]["default_profile"] == "default"
    editor.lua("_G.choose = nil")
    editor.keys("p")
    editor.until(lambda: editor.lua("return _G.choose ~= nil"), "a choice")
    editor.lua(pick, 3)
    editor.until_mode("i")
    editor.keys("<Esc>cctemperature = 3<Esc><CR>")
    editor.until(lambda: "<= 2.0" in editor.decorations, "the daemon's own words below the line")
    editor.keys("cctemperature = 0.3<Esc><CR>")
    editor.until_text("next run: temperature=0.3")
    editor.keys("r")
    editor.until_text('"temperature": 0.3')


def test_the_list_of_profiles_creates_makes_default_and_deletes(editor: Neovim, home: Home) -> None:
    expanded(editor)
    editor.keys("P")
    editor.until_text("balanced")
    editor.keys("a")
    editor.until_mode("i")
    editor.keys("creative<Esc>")
    editor.go_to("temperature")
    editor.keys("A1.1<Esc>:w<CR>")
    profiles = editor.until(lambda: saved(home)["models"][0].get("profiles"), "on disk")
    assert profiles == [{"name": "creative", "params": {"temperature": 1.1}}]
    editor.until_text("creative  model")
    editor.go_to("creative")
    editor.keys("<CR>")
    editor.until(lambda: saved(home)["models"][0].get("default_profile") == "creative", "on disk")
    editor.until(lambda: editor.line.startswith("●"), "marked as the default")
    editor.go_to("balanced")
    editor.keys("x")
    editor.until(lambda: not saved(home).get("profiles"), "deleted on disk")


# plans and sweeps


def test_the_plan_says_why_and_follows_config_toml(editor: Neovim, home: Home) -> None:
    open_config(editor, home)
    editor.command(f"Ploked plan {MODEL}")
    editor.until_text('"ignore": [')
    assert f"Novita        {BANNED}" in editor.text
    assert "denied: is in banned_providers (novita)" in editor.text
    assert "temperature  0.7  global profile balanced, config.toml:8" in editor.text
    plan = editor.nvim.current.buffer
    editor.keys("<C-w>p")
    editor.keys(":%s/novita/baidu/<CR>")
    editor.keys(":write<CR>")
    editor.until(lambda: "is in banned_providers (baidu)" in "\n".join(plan[:]), "a new plan")
    assert "is in banned_providers (novita)" not in "\n".join(plan[:])


def test_r_shows_the_plan_asks_for_a_prompt_and_runs_it_on_the_selection(start: Starter, home: Home) -> None:
    home.config.write_text(CONFIG + 'selected_endpoints = ["baidu/fp8"]\n')
    editor = start()
    expanded(editor)
    editor.keys("r")
    editor.until_text("Request")
    editor.keys("r")
    editor.until_mode("c")
    editor.keys("Name a colour.<CR>")
    editor.until_text("done: 1 of 1")
    assert "ok      baidu/fp8" in editor.text
    sent = [entry for entry in home.upstream.log if entry["path"].endswith("/chat/completions")][-1]
    assert "Name a colour." in json.dumps(sent)


def test_a_sweep_from_its_form_to_a_saved_profile(editor: Neovim, home: Home) -> None:
    expanded(editor)
    editor.keys("S")
    editor.until_text("grid = temperature 0.2 1.0 3")
    editor.keys("ccgrid = temperature 0.2 9 3<Esc><CR>")
    editor.until(lambda: "temperature cannot be 9" in editor.decorations, "the daemon's own words")
    assert editor.line == "grid = temperature 0.2 9 3", "the cursor is on the line that is wrong"
    editor.keys("ccgrid = temperature 0.2 1.0 2<Esc>")
    editor.keys("/^endpoints<CR>A baidu/fp8 alibaba<Esc>:w<CR>")
    editor.until_text("done: 4 of 4")
    assert editor.text.count("temperature=0.2") == 2
    assert "★" in editor.text, "the best row is marked"

    editor.keys("sss")
    editor.until_text("variant ↑")
    editor.until(lambda: "temperature=0.2" in editor.nvim.current.buffer[2], "sorted")
    editor.keys("o")
    editor.until_text("variant ↓")
    editor.until(lambda: "temperature=1" in editor.nvim.current.buffer[2], "reversed")

    editor.nvim.current.window.cursor = (3, 0)
    editor.keys("w")
    editor.until_mode("c")
    editor.keys("warm<CR>")
    editor.until(lambda: "profiles" in saved(home)["models"][0], "on disk")
    assert saved(home)["models"][0]["profiles"] == [{"name": "warm", "params": {"temperature": 1.0}}]


def test_a_running_sweep_can_be_cancelled(start: Starter, home: Home, slow_completions: None) -> None:
    home.config.write_text(CONFIG + 'selected_endpoints = ["baidu/fp8"]\n')
    editor = start()
    editor.command(f"Ploked sweep {MODEL}")
    editor.until_text("grid = ")
    editor.keys("ccgrid = temperature 0.2 1.0 9<Esc><CR>")
    editor.until_text("running: ")
    editor.keys("x")
    editor.until_text("cancelled: ")


# the command


def test_a_sub_command_or_a_model_that_does_not_exist_is_an_error_with_a_hint(reader: Neovim) -> None:
    reader.command("Ploked serch")
    assert ":Ploked diff|endpoints|plan|refresh|search|status|sweep" in reader.until_message("no sub-command 'serch'")
    reader.command("Ploked plan deepseek/deepseek-v3.3")
    reader.until_text("deepseek/deepseek-v3.2")
    reader.command("Ploked endpoints deepseek/deepseek-v3.3")
    reader.until_message("deepseek/deepseek-v3.2")


def test_status_refresh_and_completion(reader: Neovim) -> None:
    reader.command("Ploked status")
    reader.until_text("config.toml (loaded)")
    assert "key       from OPENROUTER_API_KEY" in reader.text
    reader.keys("q")
    reader.command("Ploked refresh")
    reader.until_message("models: ")
    complete = reader.nvim.funcs.getcompletion
    assert complete("Ploked s", "cmdline") == ["search", "status", "sweep"]
    reader.until(lambda: MODEL in complete("Ploked plan deepseek/deepseek-v", "cmdline"), "a model id")


def test_checkhealth_reports_server_catalog_key_and_config(reader: Neovim) -> None:
    reader.command("checkhealth ploked")
    reader.until_text("An API key was found")
    for part in ("is ploked 0.1.0", "It runs: process", "models from", "config.toml is loaded"):
        assert part in reader.text


def test_an_unknown_option_is_reported_and_a_known_one_applies(start: Starter, home: Home) -> None:
    options = (
        "let g:ploked = {'cmd': ['ploked', 'serve', '--stdio'], 'colour': 'red', 'limit': 'many',"
        " 'keys': {'close': 'Z', 'shut': 'x'}, 'border': 'single'}"
    )
    editor = start(before=options)
    editor.command("Ploked search any")
    said = editor.until_message("unknown option 'colour'")
    assert "unknown option 'keys.shut'" in said
    assert "option 'limit' must be a number, not a string" in said
    assert len(editor.floats) == 2
    editor.keys("Z")
    editor.until(lambda: not editor.floats, "closed with the key that was set")


# what is committed


def test_the_lua_types_are_what_the_protocol_says() -> None:
    path = PLUGIN / "lua/ploked/types.lua"
    fix = "run `python -m ploked_protocol.lua_types editors/neovim/lua/ploked/types.lua`"
    assert path.read_text(encoding="utf-8") == lua_types(), fix


def test_every_option_and_sub_command_is_in_the_help(reader: Neovim) -> None:
    manual = (REPO / "editors/neovim/doc/ploked.txt").read_text(encoding="utf-8")
    options = reader.lua("return vim.tbl_keys((require('ploked.config').check()))")
    names = reader.nvim.funcs.getcompletion("Ploked ", "cmdline")
    assert [word for word in [*options, *names] if word not in manual] == []


def test_the_config_for_vim_lsp_enable_names_the_same_server_the_shared_daemon(start: Starter) -> None:
    config = start(before="").lua(
        "local c = dofile(...); return { c.name, c.cmd, c.filetypes }", str(PLUGIN / "lsp/ploked.lua")
    )
    assert config == ["ploked", ["ploked", "connect"], ["toml"]]


def test_nothing_in_the_plugin_waits_but_the_health_report() -> None:
    waiting = ("vim.wait", "_sync(", "sleep")
    files = [path for path in Path(PLUGIN, "lua/ploked").glob("*.lua") if path.name != "health.lua"]
    assert [path.name for path in files if any(word in path.read_text() for word in waiting)] == []
