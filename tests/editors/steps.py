"""What tests of several files do in an editor, and read from disk."""

from __future__ import annotations

import tomllib
from typing import Any

from editors.home import MODEL, Home
from editors.nvim_driver import Neovim


def saved(home: Home) -> dict[str, Any]:
    """Return the `[registry]` table on disk."""
    return tomllib.loads(home.config.read_text())["registry"]  # type: ignore[no-any-return]  # tomllib returns Any


def open_config(editor: Neovim, home: Home) -> None:
    """Open config.toml and wait until the server has attached."""
    editor.command(f"edit {home.config}")
    editor.until(lambda: editor.lua("return require('ploked.server').is_ready()"), "ready")


def expanded(editor: Neovim) -> None:
    """Open the picker on MODEL with its endpoints, and wait for what the plan says of them."""
    editor.command(f"Ploked endpoints {MODEL}")
    editor.until_text("endpoints qualify")
    editor.until_text("uptime")
