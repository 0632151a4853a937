"""Emacs with eglot as its users meet ploked: the lines of the README, and the daemon that editors share."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from editors.conftest import needed
from editors.home import CONFIG, sharing
from editors.readme import configuration
from ploked_fixtures.serve import UpstreamProcess

SESSION = Path(__file__).with_name("emacs_session.el")
ELPA = Path("/usr/share/emacs/site-lisp/elpa-src")


@pytest.fixture(scope="module")
def session(
    tmp_path_factory: pytest.TempPathFactory, shared_upstream: UpstreamProcess, programs: Path
) -> dict[str, Any]:
    """Return what came of one session in a config.toml with a slip: starting it takes most of the time."""
    emacs = needed(shutil.which("emacs"), "Emacs")
    needed(next(map(str, ELPA.glob("eglot-*")), None), "eglot")
    folder = tmp_path_factory.mktemp("emacs")
    init = folder / "init.el"
    init.write_text(configuration("Emacs"))
    with sharing(folder, shared_upstream, programs) as home:
        home.config.write_text(CONFIG.replace("novita", "novta"))
        command = [emacs, "--batch", "-l", str(SESSION), str(init), str(home.config)]
        done = subprocess.run(command, env=home.env, capture_output=True, text=True, check=False, timeout=90)
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said


def test_a_slip_is_marked_and_its_quick_fix_mends_it(session: dict[str, Any]) -> None:
    (slip,) = session["diagnostics"]
    assert 'Did you mean "novita"?' in slip
    assert session["fixed"] == 'banned_providers = ["novita"]'


def test_completion_offers_what_serves_the_model_and_takes_the_only_one(session: dict[str, Any]) -> None:
    assert "deepinfra/fp4" in session["completions"]
    assert session["accepted"] == 'allowed_providers = ["deepinfra/fp4"'


def test_the_model_under_the_cursor_is_explained(session: dict[str, Any]) -> None:
    assert "DeepSeek V3.2" in session["hover"]


def test_a_request_of_our_own_is_answered(session: dict[str, Any]) -> None:
    assert len(session["found"]) == 2
    assert all("kimi" in name for name in session["found"])
