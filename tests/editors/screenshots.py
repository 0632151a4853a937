"""Take the pictures in `editors/neovim/images`: the real plugin in a real terminal, saved as SVG.

    PYTHONPATH=tests python -m editors.screenshots

It needs tmux, Neovim 0.10 as `.ci/install-system` unpacks it, and `rich`.
"""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from editors.home import CONFIG, MODEL, Home, with_ploked
from editors.nvim_driver import PLUGIN, binary
from ploked_fixtures.serve import upstream_process
from rich.console import Console
from rich.text import Text

COLUMNS = 112
PREFERENCES = (
    CONFIG
    + """required_supported_params = ["seed"]
routing = { quantizations = ["fp8"], max_price = { prompt = 0.27 } }
"""
)
"""Leave few endpoints of MODEL, each other one for a reason of its own."""
DEADLINE_S = 20
IMAGES = PLUGIN / "images"
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""The fonts that rich would fetch from elsewhere; a viewer's own monospace font does."""


class Screen:
    """A terminal of its own, with Neovim in it."""

    def __init__(self, home: Home) -> None:
        """Start Neovim."""
        self._socket = ["tmux", "-L", f"ploked-pictures-{home.folder.name}"]
        program = binary("0.10")
        if program is None:
            sys.exit("Neovim 0.10 is missing: .ci/install-system installs it")
        commands = f"set runtimepath^={PLUGIN} termguicolors noswapfile noruler laststatus=0 shortmess+=F"
        line = shlex.join([program, "--clean", "--cmd", commands])
        start = ["-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", "30", line]
        subprocess.run([*self._socket, *start], env=home.env, check=True)
        self._tmux("set", "-g", "status", "off")

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run([*self._socket, *arguments], check=True, capture_output=True, text=True).stdout

    def close(self) -> None:
        """End the terminal and what runs in it."""
        self._tmux("kill-server")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self._tmux("send-keys", *keys)

    def lines(self, count: int) -> None:
        """Make the terminal so many lines high."""
        self._tmux("resize-window", "-y", str(count))

    def until(self, part: str) -> None:
        """Wait until the screen shows `part`."""
        end = time.monotonic() + DEADLINE_S
        while part not in self._tmux("capture-pane", "-p"):
            if time.monotonic() > end:
                sys.exit(f"{part!r} never came; the screen shows:\n{self._tmux('capture-pane', '-p')}")
            time.sleep(0.05)

    def save(self, name: str, title: str) -> None:
        """Write what the screen shows as `name`.svg."""
        shown = self._tmux("capture-pane", "-e", "-p", "-N")
        console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
        console.print(Text.from_ansi(shown.rstrip("\n")), no_wrap=True, crop=True)
        svg = FONTS.sub("", console.export_svg(title=title, unique_id=name, font_aspect_ratio=0.6))
        (IMAGES / f"{name}.svg").write_text(svg.replace("Fira Code, ", ""), encoding="utf-8")


@contextmanager
def screen() -> Iterator[Screen]:
    """Run a screen on the loopback upstream and a home that is gone when the block ends."""
    with tempfile.TemporaryDirectory() as folder, upstream_process() as upstream:
        home = Home(Path(folder), upstream, with_ploked(Path(folder)))
        home.config.write_text(PREFERENCES)
        shown = Screen(home)
        try:
            yield shown
        finally:
            shown.close()


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with screen() as shown:
        picker(shown)
        search(shown)
        plan(shown)


def search(shown: Screen) -> None:
    """Take the picture of a search with words and predicates."""
    shown.lines(20)
    shown.keys(":Ploked search", "Enter")
    shown.until("▸")
    shown.keys("deepseek ctx>=150k in<0.4")
    shown.until("2/12")
    shown.save("search", "ploked: search")
    shown.keys("Escape")
    shown.keys("q")


def picker(shown: Screen) -> None:
    """Take the picture of a model with its endpoints, some of which do not qualify."""
    shown.lines(42)
    shown.keys(":Ploked search", "Enter")
    shown.until("▸")
    shown.keys("deepseek v3")
    shown.until(MODEL)
    shown.keys("Enter", "2j", "l")
    shown.until("endpoints qualify")
    shown.until("sambanova")
    shown.save("picker", "ploked: picker")
    shown.keys("q")


def plan(shown: Screen) -> None:
    """Take the picture of a route plan with what it costs."""
    shown.lines(84)
    shown.keys(f":Ploked plan {MODEL}", "Enter")
    shown.until("Excluded (")
    shown.keys("c")
    shown.until("Tokens of the prompt")
    shown.keys("8K 500", "Enter")
    shown.until("Cost $")
    shown.keys(":only | echo", "Enter")
    shown.until('"temperature": 0.7')
    shown.save("plan", "ploked: route plan")


if __name__ == "__main__":
    main()
