"""Search in Neovim, as you type: what was found is highlighted, favourites, picks, and searches that are taken back."""

from __future__ import annotations

import os
import signal

import pytest
from editors.home import CONFIG, MODEL, Home
from editors.nvim_driver import Neovim
from editors.steps import expanded

pytestmark = pytest.mark.timeout(60)


def searching(editor: Neovim) -> None:
    """Open the picker in search mode and wait for the first rows."""
    editor.command("Ploked search")
    editor.until(lambda: len(editor.floats) == 2 and "▸" in editor.floats[1], "a list of models")


def matched(editor: Neovim, part: str) -> list[str]:
    """Return what is highlighted as found in the line that says `part`."""
    return [text for group, text in editor.highlights(part) if group == "PlokedMatch"]


def test_each_key_searches_and_what_was_found_is_highlighted(reader: Neovim) -> None:
    searching(reader)
    reader.keys("kimi thin")
    reader.until(lambda: reader.floats[1].count("\n") < 4, "a short list")
    assert reader.nvim.api.get_mode()["mode"] == "i", "still typing"
    reader.keys("<CR>")
    reader.until_text("moonshotai/kimi-k2-thinking")
    assert matched(reader, "moonshotai/kimi-k2-thinking") == ["Kimi", "Thin", "kimi", "thin"]


def test_where_there_is_little_room_names_go_without_the_author_and_ids_stay_whole(editor: Neovim) -> None:
    editor.nvim.command("set columns=96")
    editor.command("Ploked search moonshot k2 thinking")
    editor.until_text("moonshotai/kimi-k2-thinking")
    assert editor.line.startswith("▸ Kimi K2")
    assert matched(editor, "moonshotai/kimi-k2-thinking")[-3:] == ["moonshot", "k2", "thinking"]
    assert all(len(line) <= editor.nvim.current.window.width for line in editor.text.splitlines())
    assert all("▸" not in text for text in matched(editor, "moonshotai/kimi-k2-thinking")), "of the author left out"


def test_highlights_stand_right_behind_letters_of_several_bytes(reader: Neovim) -> None:
    reader.command("Ploked search deepseek-v3.2")
    reader.until_text(MODEL)
    row = "local row = ...; row.name, row.matches.name = 'Dé\N{EN DASH}Ω Seek', { { 5, 9 } }; return row"
    lines = reader.lua(LINES_OF, row)
    assert ["Seek", "PlokedMatch"] in lines


LINES_OF = """
local rows = require('ploked.rows')
local row = { id = 'a/b', name = 'x', supportsTools = 'yes', matches = {} }
local _, lines = rows.build({ loadstring(...)(row) }, {}, 100)
return lines[1]
"""


def test_a_search_that_a_later_key_supersedes_is_taken_back(editor: Neovim) -> None:
    searching(editor)
    editor.lua(LISTEN)
    server = editor.until(lambda: editor.lua("return _G.pid"), "a process id")
    os.kill(server, signal.SIGSTOP)
    try:
        for key in "kimi":
            editor.keys(key)
            editor.until(lambda: editor.lua("return _G.searches[#_G.searches]").endswith(key), "a search")  # noqa: B023  # asked at once
        assert editor.lua("return _G.searches")[-4:] == ["k", "ki", "kim", "kimi"]
        assert editor.lua("return #_G.cancelled") >= 3
    finally:
        os.kill(server, signal.SIGCONT)
    editor.until(lambda: all("kimi" in line.lower() for line in editor.floats[1].splitlines()), "what was typed last")


LISTEN = """
local client = require('ploked.client')
client.request('status', {}, function(_, status) _G.pid = status.pid end)
local request, rpc = client.request, require('ploked.server').client().rpc
local notify = rpc.notify
_G.searches, _G.cancelled = { '' }, {}
client.request = function(method, params, reply)
  if method == 'searchModels' then
    table.insert(_G.searches, params.query)
  end
  return request(method, params, reply)
end
rpc.notify = function(method, params)
  if method == '$/cancelRequest' then
    table.insert(_G.cancelled, params.id)
  end
  return notify(method, params)
end
"""


def test_a_star_makes_a_favourite_which_comes_first_among_equals(editor: Neovim) -> None:
    editor.command("Ploked search kimi")
    editor.until_text("moonshotai/kimi-k2")
    editor.keys("G*")
    editor.until(lambda: "★" in editor.line, "marked")
    assert ("PlokedFavourite", "★ ") in editor.highlights("★")
    name = editor.line.split("★ ")[1]
    editor.keys("q:Ploked search kimi<CR>")
    editor.until(lambda: editor.text.splitlines()[0].split("★ ")[1:] == [name], "first")
    editor.keys("gg*")
    editor.until(lambda: "★" not in editor.text, "not marked any more")


def test_what_is_taken_comes_first_among_equals_the_next_time(editor: Neovim) -> None:
    editor.command("Ploked search kimi")
    editor.until_text("moonshotai/kimi-k2")
    editor.keys("G")
    name = editor.line
    assert name != editor.text.splitlines()[0]
    editor.keys("<CR>")
    editor.until_message("copied")
    editor.command("Ploked search kimi")
    editor.until(lambda: editor.text.splitlines()[0] == name, "first")


def test_rows_say_what_the_preferences_leave_and_follow_them(editor: Neovim, home: Home) -> None:
    expanded(editor)
    editor.until(lambda: row_of(editor).endswith(" 11/12"), "how many qualify, once the endpoints are known")
    assert " $0.252 / $0.378 " in row_of(editor)
    home.config.write_text(CONFIG + 'allowed_providers = ["alibaba", "friendli"]\n')
    editor.until(lambda: row_of(editor).endswith(" 2/12"), "fewer")
    assert " $0.3705 / $1.1115 " in row_of(editor), "the cheapest of those that are left"
    assert " 164K " in row_of(editor), "the largest context among them"


def row_of(editor: Neovim) -> str:
    """Return the row of MODEL."""
    return next(line for line in editor.text.splitlines() if f" {MODEL} " in line)
