"""The command line: what it says, and what it does not import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ploked import __version__
from ploked.cli import COMMANDS, main


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"ploked {__version__}\n"


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["serve"], ["serve", "--nonsense"]])
def test_what_it_does_not_know_is_an_error_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: ploked" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_of_its_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"usage: ploked {command}" in capsys.readouterr().out


def test_a_command_whose_packages_are_not_installed_says_which_and_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for loaded in [name for name in sys.modules if name.partition(".")[0] == "rich" or name == "ploked.cli.demo"]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, "rich", None)
    with pytest.raises(SystemExit) as ended:
        main(["demo"])
    assert ended.value.code == 1
    assert capsys.readouterr().err == "ploked: `ploked demo` needs rich. Install it: pip install 'ploked[demo]'\n"


LINES = "one line of the log\n" * 10_000
PRINTING = ["log", "log -f", "log -n 10000", "log --path", "status", "status --json", "keys list", "stop", "--version",
            "--help", "keys --help", "connect --help"]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Give the environment of somebody with a log."""
    (tmp_path / "log").write_text(LINES)
    own = {"HOME": str(tmp_path), "PLOKED_LOG": str(tmp_path / "log"), "PYTHONUNBUFFERED": ""}
    return {**{name: value for name, value in os.environ.items() if not name.startswith(("PLOKED_", "XDG_"))}, **own}


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("where", "why"), [(">&-", "it is closed"), (">/dev/full", "no space left on device")], ids=["closed", "full"]
)
@pytest.mark.parametrize("command", PRINTING)
def test_output_that_cannot_be_written_is_an_error_in_words(
    home: dict[str, str], command: str, where: str, why: str, unbuffered: str
) -> None:
    ran = subprocess.run(
        f"{sys.executable} -m ploked {command} {where}", shell=True, env={**home, "PYTHONUNBUFFERED": unbuffered},
        stderr=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (1, f"ploked: the output cannot be written: {why}. Send it elsewhere.\n")


def test_what_a_command_cannot_read_is_an_error_in_words(home: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ploked", "log"]
    ran = subprocess.run(command, env={**home, "PLOKED_LOG": str(tmp_path)}, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("ploked: there is no log to show: ")
    assert ran.stderr.count("\n") == 1


def test_the_module_runs_as_the_command_does() -> None:
    ran = subprocess.run([sys.executable, "-m", "ploked", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout == f"ploked {__version__}\n"


def test_initialize_does_not_wait_for_what_it_does_not_need() -> None:
    code = "import sys; from ploked.server import features, stdio; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "ploked.server.session" in loaded
    late = {
        "httpx",
        "aiohttp",
        "sqlite3",
        "sqlite_utils",
        "tomllib",
        "watchfiles",
        "tree_sitter",
        "rapidfuzz",
    }
    late |= {"rich", "uvicorn", "ploked.service", "ploked.search", "ploked.server.documents.toml"}
    assert loaded & late == set()
