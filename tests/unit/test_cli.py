"""The command line: what it says, and what it does not import."""

from __future__ import annotations

import subprocess
import sys

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
