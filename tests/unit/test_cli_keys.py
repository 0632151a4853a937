"""`ploked keys`: a key goes in through a prompt or a pipe, and never comes out."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import fake_keyring
import pytest

KEY = "sk-or-v1-made-up-canary"


class Shell:
    """A user with a home of their own."""

    def __init__(self, home: Path) -> None:
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PLOKED_", "XDG_", "OPENR"))},
            "HOME": str(home),
            "PYTHONPATH": str(fake_keyring.install(home)),
        }
        self.file = home / ".local/state/ploked/keys.json"

    def run(self, *words: str, typed: str = "") -> tuple[int, str]:
        """Run `ploked keys` with a pipe for its input; return its exit code and all that it said."""
        ran = subprocess.run(
            [sys.executable, "-m", "ploked", "keys", *words],
            input=typed, env=self.environ, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_key_from_a_pipe_is_stored(shell: Shell) -> None:
    code, said = shell.run("set", "openrouter", typed=f"{KEY}\n")
    assert (code, KEY in said) == (0, False)
    assert json.loads(shell.file.read_text()) == {"openrouter": KEY}
    assert shell.file.stat().st_mode & 0o777 == 0o600
    code, said = shell.run("remove", "openrouter")
    assert (code, json.loads(shell.file.read_text())) == (0, {})
    assert shell.run("remove", "openrouter")[0] == 1


def test_a_key_typed_at_the_prompt_is_not_shown(shell: Shell) -> None:
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "ploked", "keys", "set", "openrouter"]
    with subprocess.Popen(
        command, env=shell.environ, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    ) as ran:
        os.close(terminal)
        seen = b""
        while b"not shown" not in seen:
            seen += os.read(screen, 1000)
        os.write(screen, f"{KEY}\n".encode())
        while b"Stored in" not in seen:
            seen += os.read(screen, 1000)
        assert ran.wait(timeout=60) == 0
    os.close(screen)
    assert KEY.encode() not in seen
    assert json.loads(shell.file.read_text()) == {"openrouter": KEY}


@pytest.mark.parametrize("typed", ["", "\n", "two words\n", "schlüssel-ü\n", "short\n"])
def test_what_is_no_key_is_not_stored(shell: Shell, typed: str) -> None:
    code, said = shell.run("set", "openrouter", typed=typed)
    assert code == 1
    assert "Nothing was stored" in said
    assert not shell.file.exists()


@pytest.mark.parametrize("length", [4097, 70_000, 1_000_000])
def test_a_key_that_is_too_long_is_not_stored_and_the_one_before_stays(shell: Shell, length: int) -> None:
    shell.run("set", "openrouter", typed=KEY)
    code, said = shell.run("set", "openrouter", typed="a" * length)
    assert (code, said.count("\n"), "aaa" in said) == (1, 1, False)
    assert said.startswith("ploked: Nothing was stored: that is no key. It has more than 4,096 characters.")
    assert json.loads(shell.file.read_text()) == {"openrouter": KEY}
    assert "found, in use" in shell.run("list")[1]


def test_a_long_key_is_stored_and_read_back(shell: Shell) -> None:
    assert shell.run("set", "openrouter", typed="a" * 4096)[0] == 0
    assert "found, in use" in shell.run("list")[1]
    assert shell.run("remove", "openrouter")[0] == 0


@pytest.mark.parametrize("where", ["<&-", "0>/dev/null", "</dev/null"], ids=["closed", "for writing", "empty"])
def test_without_anything_to_read_nothing_is_stored(shell: Shell, where: str) -> None:
    command = f"{sys.executable} -m ploked keys set openrouter {where}"
    ran = subprocess.run(command, shell=True, env=shell.environ, capture_output=True, text=True, timeout=60)
    said = "ploked: Nothing was stored: that is no key. There was nothing to read.\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", said)
    assert not shell.file.exists()


@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_a_key_is_stored_whole_also_where_nobody_can_be_told(shell: Shell, where: str) -> None:
    command = f"echo {KEY} | {sys.executable} -m ploked keys set openrouter {where}"
    ran = subprocess.run(command, shell=True, env=shell.environ, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr.count("\n"), "cannot be written" in ran.stderr) == (1, 1, True)
    assert json.loads(shell.file.read_text()) == {"openrouter": KEY}


def test_a_key_on_the_command_line_is_refused_and_not_repeated(shell: Shell) -> None:
    code, said = shell.run("set", "openrouter", KEY)
    assert code == 1
    assert "shell's history" in said
    assert KEY not in said
    assert not shell.file.exists()


def test_the_list_shows_the_sources_in_their_order_and_no_values(shell: Shell) -> None:
    code, said = shell.run("list")
    assert (code, [line.split()[1] for line in said.splitlines()[:3]]) == (0, ["environment", "keyring", "file"])
    assert "in use" not in said
    shell.run("set", "openrouter", typed=KEY)
    assert f"file         found, in use  {shell.file}" in shell.run("list")[1]
    shell.environ |= {"OPENROUTER_API_KEY": f"{KEY}-environment", fake_keyring.HELD: f"key:{KEY}-keyring"}
    said = shell.run("list")[1]
    assert "environment  found, in use  OPENROUTER_API_KEY" in said
    assert said.count("not in use: another comes before it") == 2
    assert KEY not in said


def test_a_file_that_is_refused_is_named_with_what_mends_it(shell: Shell) -> None:
    shell.run("set", "openrouter", typed=KEY)
    shell.file.chmod(0o644)
    assert f"chmod 600 {shell.file}" in shell.run("list")[1]
    for words in (("set", "openrouter"), ("remove", "openrouter")):
        code, said = shell.run(*words, typed=f"{KEY}2")
        assert (code, f"chmod 600 {shell.file}" in said) == (1, True)
    assert json.loads(shell.file.read_text()) == {"openrouter": KEY}
