"""A program in a terminal of its own (tmux): keys go in as typed, and what the screen shows comes out."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

DEADLINE_S = 30.0
POLL_S = 0.05


class Terminal:
    """One tmux server, with nothing of its user's, that runs one program."""

    def __init__(self, folder: Path, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Run `command`; the socket of tmux lies in `folder`, whose path must be short."""
        self._tmux = ["tmux", "-u", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._ask("new-session", "-d", "-x", "110", "-y", "30", *command, env=env)

    def close(self) -> None:
        """End the program, if it still runs."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)

    @property
    def screen(self) -> str:
        """Return what is shown now, line by line."""
        return self._ask("capture-pane", "-p")

    def type(self, text: str) -> None:
        """Type `text` as a person does: each letter once the one before it is shown.

        Of a burst of letters, Helix 25.01 sends the changes in another order than that in which it makes them.
        """
        for letter in text:
            before = self.screen
            self._ask("send-keys", "-l", letter)
            self.until(lambda screen: screen != before, f"{letter!r} of {text!r} taken")  # noqa: B023  # asked at once

    def press(self, *keys: str) -> None:
        """Press keys by their names in tmux: Enter, Escape, C-n."""
        self._ask("send-keys", *keys)

    def until(self, holds: Callable[[str], bool], about: str) -> str:
        """Return the first screen of which `holds` is true; fails with the last one when none comes in time."""
        end = time.monotonic() + DEADLINE_S
        while not holds(screen := self.screen):
            assert time.monotonic() < end, f"never {about}; the screen shows:\n{screen}"
            time.sleep(POLL_S)
        return screen

    def until_shown(self, part: str) -> str:
        """Return the first screen that shows `part`."""
        return self.until(lambda screen: part in screen, repr(part))

    def _ask(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run([*self._tmux, *arguments], env=env, capture_output=True, text=True, check=True)
        return done.stdout
