"""Two versions of Neovim on one daemon: they see each other's changes, and outlive it without their user's help."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial

import pytest
from editors.conftest import needed_neovim
from editors.home import CONFIG, MODEL, SharedHome
from editors.nvim_driver import BINARIES, Neovim
from editors.steps import expanded

pytestmark = pytest.mark.timeout(90)

SHARED = "let g:ploked = {'cmd': ['ploked', 'connect']}"
LISTEN = """
_G.shown, _G.told = {}, {}
vim.lsp.handlers['window/showMessage'] = function(_, result) table.insert(_G.shown, result.message) end
require('ploked.events').on('ploked/catalogChanged', function(params)
  table.insert(_G.told, params.refreshed.model or '')
end)
"""
HEARD = "return vim.tbl_contains(_G.told, ...)"
REFRESH = "vim.lsp.buf_request(0, 'ploked/refreshCatalog', { model = ... }, function() end)"


class Desk:
    """Both editors on the config.toml of one user, and the daemon between them."""

    def __init__(self, home: SharedHome) -> None:
        home.config.write_text(CONFIG)
        self._home = home
        self.editors = [Neovim(needed_neovim(version), home.env, before=SHARED) for version in BINARIES]
        for editor in self.editors:
            editor.command(f"edit! {home.config}")
            editor.until(partial(editor.lua, "return require('ploked.server').is_ready()"), "ready")
            editor.lua(LISTEN)

    def daemon(self) -> int:
        """Return the process id of the daemon, which must run."""
        pid = self._home.daemon()
        assert pid is not None
        return pid


@pytest.fixture
def desk(shared_home: SharedHome) -> Iterator[Desk]:
    made = Desk(shared_home)
    yield made
    for editor in made.editors:
        editor.close()


def misspell(editor: Neovim) -> None:
    """Type a slip into the open file, which only a server that has the text as it is now can see."""
    editor.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'banned_providers = [\"novta\"]' })")


def complains(editor: Neovim) -> bool:
    return any("novita" in said for said in editor.lua(
        "return vim.tbl_map(function(one) return one.message end, vim.diagnostic.get(0))"
    ))  # fmt: skip


def unmarked(editor: Neovim) -> bool:
    return "★" not in editor.text


def test_a_favourite_of_one_is_starred_in_the_other_at_once(desk: Desk) -> None:
    one, other = desk.editors
    for editor in desk.editors:
        editor.command(f"Ploked search {MODEL}")
        editor.until_text(MODEL)
    one.keys("*")
    other.until(lambda: "★" in other.text.splitlines()[0], "starred")
    other.keys("gg*")
    for editor in desk.editors:
        editor.until(partial(unmarked, editor), "not any more")


def test_what_one_selects_is_put_into_the_file_that_is_open_in_the_other(desk: Desk) -> None:
    one, other = desk.editors
    buffer = other.nvim.current.buffer
    before = buffer[:]
    one.command("bwipeout")
    expanded(one)
    one.go_to("baidu/fp8")
    one.keys("<Space>")
    other.until(lambda: 'selected_endpoints = ["baidu/fp8"]' in buffer[:], "in the buffer of the other")
    one.until_text("open in another editor (Neovim")
    assert "1 selected" in one.text
    other.until(partial(other.lua, "return #_G.shown > 0"), "told")
    other.keys("u")
    other.until(lambda: buffer[:] == before, "undone")
    other.keys("<C-r>:write<CR>")
    one.until(lambda: "open in another editor" not in one.text, "in force")
    assert "1 selected" in one.text


def test_two_versions_share_a_daemon_and_outlive_it(desk: Desk) -> None:
    one, other = desk.editors
    before = desk.daemon()
    one.lua(REFRESH, MODEL)
    for editor in desk.editors:
        editor.until(partial(editor.lua, HEARD, MODEL), "told of the refresh")
    misspell(one)
    one.until(lambda: complains(one), "a diagnostic before")
    os.kill(before, signal.SIGKILL)
    for editor in desk.editors:
        editor.until(partial(editor.lua, "return #_G.shown > 0"), "told of the new daemon")
    assert desk.daemon() != before
    misspell(other)
    other.until(lambda: complains(other), "a diagnostic of the new daemon, for what was typed after")
    one.lua("vim.diagnostic.reset()")
    one.lua("vim.api.nvim_buf_set_lines(0, 0, 0, false, { '# typed later' })")
    one.until(lambda: complains(one), "a diagnostic of the new daemon, for what was typed before")
    for editor in desk.editors:
        (message,) = editor.lua("return _G.shown")
        assert "another one has taken over" in message
