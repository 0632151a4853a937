"""Helix as its users meet ploked: the configuration of the README, real keys, and the daemon that editors share."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from editors.conftest import needed
from editors.home import CONFIG, SharedHome
from editors.nvim_driver import EDITORS
from editors.readme import configuration
from editors.steps import saved
from editors.terminal import Terminal

HELIX = EDITORS / "helix-25.01/hx"


@pytest.fixture
def helix(shared_home: SharedHome) -> Iterator[Terminal]:
    """Start Helix on a config.toml with a slip, with the README's languages.toml and nothing else."""
    needed(shutil.which("tmux"), "tmux")
    program = needed(str(HELIX) if HELIX.is_file() else None, "Helix")
    settings = shared_home.folder / "editor/helix"
    settings.mkdir(parents=True)
    (settings / "languages.toml").write_text(configuration("Helix"))
    shared_home.config.write_text(CONFIG.replace("novita", "novta"))
    terminal = Terminal(shared_home.runtime, [program, str(shared_home.config)], shared_home.env)
    yield terminal
    terminal.close()


def go_to_the_slip(helix: Terminal) -> None:
    """Put the cursor on the word that is misspelt, once it is marked."""
    helix.until_shown("● 1")
    helix.type("/novta")
    helix.press("Enter")


def test_a_slip_is_marked_and_a_code_action_mends_it_on_disk(helix: Terminal, shared_home: SharedHome) -> None:
    go_to_the_slip(helix)
    helix.until_shown('Did you mean "novita"?')
    helix.type(" a")
    helix.until_shown('Replace with "novita"')
    helix.press("Enter")
    helix.until(lambda screen: "novta" not in screen and "● 1" not in screen, "mended, and marked no more")
    helix.type(":w")
    helix.press("Enter")
    helix.until_shown("written")
    assert saved(shared_home)["models"][0]["banned_providers"] == ["novita"]


def test_completion_offers_providers_and_takes_the_one_that_is_chosen(helix: Terminal, shared_home: SharedHome) -> None:
    go_to_the_slip(helix)
    helix.press("o")
    helix.until_shown(" INS ")
    helix.type('allowed_providers = ["deepi')
    helix.until_shown("deepinfra/fp4")
    helix.press("Down")
    helix.until_shown('allowed_providers = ["deepinfra"]')
    helix.press("Enter", "Escape")
    helix.until_shown(" NOR ")
    helix.type(":w")
    helix.press("Enter")
    helix.until_shown("written")
    assert saved(shared_home)["models"][0]["allowed_providers"] == ["deepinfra"]


def test_the_daemon_is_that_of_all_editors_and_knows_helix_by_its_name(
    helix: Terminal, shared_home: SharedHome
) -> None:
    helix.until_shown("● 1")
    ploked = [str(shared_home.programs / "ploked"), "status", "--json"]
    done = subprocess.run(ploked, env=shared_home.env, capture_output=True, text=True, check=True, timeout=30)
    status = json.loads(done.stdout)
    (session,) = status["sessions"]
    assert session["client"].startswith("helix 25.01")
    assert session["documents"] == 1
    assert status["pid"] == shared_home.daemon()
