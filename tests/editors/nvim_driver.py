"""Drive a real Neovim: keys go in as typed, and what its buffers, windows and messages say comes out."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pynvim

T = TypeVar("T")

REPO = Path(__file__).resolve().parents[2]
PLUGIN = REPO / "editors/neovim"
EDITORS = Path(os.environ.get("PLOKED_EDITORS_DIR") or Path.home() / ".cache/ploked-editors")
BINARIES = {"0.7": shutil.which("nvim"), "0.10": str(EDITORS / "nvim-0.10/nvim")}
PARSERS = EDITORS / "nvim-0.10/root/usr/lib/nvim"
"""Where the unpacked Neovim has the tree-sitter parsers that it shows Markdown with."""
DEADLINE_S = 30.0
POLL_S = 0.02

# Records what would be shown to the user, without the prompts that wait for Enter.
RECORD = "lua _G.messages = {}; vim.notify = function(message) table.insert(_G.messages, message) end"


def binary(version: str) -> str | None:
    """Return the Neovim of a version that `.ci/install-system` installs; None where it is missing."""
    found = BINARIES[version]
    return found if found and Path(found).is_file() else None


ALONE = "let g:ploked = {'cmd': ['ploked', 'serve', '--stdio']}"
"""A server for this Neovim alone, so that no test leaves a daemon behind."""


class Neovim:
    """One Neovim with the plugin on its runtime path and nothing else."""

    def __init__(self, program: str, env: Mapping[str, str], *, before: str = ALONE, columns: int = 130) -> None:
        """Start `program`; `before` is a command that runs before plugins are loaded."""
        size = f"set columns={columns} lines=40 noswapfile"
        parsers = f"set runtimepath+={PARSERS}" if "nvim-0.10" in program else ""
        commands = filter(None, [f"set runtimepath^={PLUGIN}", parsers, size, RECORD, before])
        early = [word for command in commands for word in ("--cmd", command)]
        with _environment(env):
            self.nvim = pynvim.attach("child", argv=[program, "--embed", "--headless", "--clean", *early])

    def close(self) -> None:
        """End it as `:qall!` does."""
        with contextlib.suppress(OSError, EOFError):
            self.nvim.command("qall!")
        self.nvim.close()

    def tidy(self) -> None:
        """Close every window but one, empty, and forget the messages: as good as a new one, for the next test."""
        self.nvim.input("<C-\\><C-n>")
        self.lua(TIDY)

    def keys(self, keys: str) -> None:
        """Type `keys`, in the notation of `nvim_input`."""
        self.nvim.input(keys)

    def command(self, line: str) -> None:
        """Type a command line, as a user does: what it raises is a message there."""
        self.keys(f":{line}<CR>")

    def lua(self, code: str, *args: Any) -> Any:
        """Return what a chunk of Lua returns."""
        return self.nvim.exec_lua(code, *args)

    @property
    def messages(self) -> list[str]:
        """Return what was shown through `vim.notify`, oldest first."""
        return list(self.lua("return _G.messages"))

    @property
    def text(self) -> str:
        """Return the text of the current buffer."""
        return str(self.lua("return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')"))

    @property
    def line(self) -> str:
        """Return the line of the cursor."""
        return str(self.nvim.current.line)

    @property
    def floats(self) -> list[str]:
        """Return the texts of all floating windows, in the order in which they were opened."""
        return list(self.lua(FLOATS))

    @property
    def decorations(self) -> str:
        """Return all virtual text, of every buffer, in one string."""
        return str(self.lua(DECORATIONS))

    def highlights(self, part: str) -> list[tuple[str, str]]:
        """Return group and text of each highlight in the first line of the current buffer that says `part`."""
        return [(group, text) for group, text in self.lua(HIGHLIGHTS, part)]

    def until(self, ask: Callable[[], T], about: str) -> T:
        """Return the first true answer of `ask`; fails with all there is to see when none comes in time."""
        end = time.monotonic() + DEADLINE_S
        while not (answer := ask()):
            assert time.monotonic() < end, f"never {about}; there is:\n{self.describe()}"
            time.sleep(POLL_S)
        return answer

    def until_text(self, part: str) -> None:
        """Wait until the current buffer says `part`."""
        self.until(lambda: part in self.text, f"{part!r} in the current buffer")

    def until_mode(self, mode: str) -> None:
        """Wait for a mode: "i" is insert, "c" the command line, where `vim.ui.input` asks."""
        self.until(lambda: self.nvim.api.get_mode()["mode"] == mode, f"in mode {mode!r}")

    def until_message(self, part: str) -> str:
        """Wait until a message says `part`; return that message."""
        return self.until(lambda: next((m for m in self.messages if part in m), ""), f"{part!r} among the messages")

    def go_to(self, part: str) -> None:
        """Put the cursor on the first line that says `part`."""
        assert self.lua(GO_TO, part), f"no line says {part!r}:\n{self.describe()}"

    def describe(self) -> str:
        """Return the current buffer, the floats and the messages, for a failed test."""
        mode = self.nvim.api.get_mode()
        parts = [f"mode {mode}", self.text, *self.floats, "messages:", *self.messages]
        return "\n----\n".join([*parts, str(self.nvim.api.exec("messages", True))])


GO_TO = """
for at, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
  if line:find(..., 1, true) then
    vim.api.nvim_win_set_cursor(0, { at, 0 })
    return true
  end
end
"""
"""One chunk, so that nothing is drawn between looking and going."""

TIDY = """
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_is_valid(window) and vim.api.nvim_win_get_config(window).relative ~= '' then
    vim.api.nvim_win_close(window, true)
  end
end
vim.cmd('only! | enew!')
_G.messages = {}
"""

FLOATS = """
local windows = vim.tbl_filter(function(window)
  return vim.api.nvim_win_get_config(window).relative ~= ''
end, vim.api.nvim_list_wins())
table.sort(windows)
return vim.tbl_map(function(window)
  return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), '\\n')
end, windows)
"""

HIGHLIGHTS = """
local found = {}
for at, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
  if line:find(..., 1, true) then
    for _, namespace in pairs(vim.api.nvim_get_namespaces()) do
      local range = { { at - 1, 0 }, { at - 1, -1 }, { details = true } }
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, unpack(range))) do
        if mark[4].hl_group and mark[4].end_col then
          table.insert(found, { mark[4].hl_group, line:sub(mark[3] + 1, mark[4].end_col) })
        end
      end
    end
    return found
  end
end
return found
"""

DECORATIONS = """
local found = {}
for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
  for _, namespace in pairs(vim.api.nvim_get_namespaces()) do
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, { details = true })) do
      for _, line in ipairs(vim.list_extend({ mark[4].virt_text or {} }, mark[4].virt_lines or {})) do
        for _, chunk in ipairs(line) do
          table.insert(found, chunk[1])
        end
        table.insert(found, '\\n')
      end
    end
  end
end
return table.concat(found)
"""


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Any:
    """Run a block with `env` as the environment of this process: pynvim hands its own to the child."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
