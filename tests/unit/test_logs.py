"""The log: where it goes, and what never gets into it."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ploked import log_file
from ploked.log_file import FILE_BYTES, LogFile
from ploked.logs import Redactor, configure, configure_daemon
from ploked.secret import Secret, redact

KEY = "plainkey"
Configured = Callable[[Path], None]
KEYS = [
    "sk-or-v1-made-up-for-tests",
    "Authorization: Bearer abc.def.ghi",
    "authorization='Basic dXNlcjpwYXNz'",
    "https://user:hunter2@example.org/x",
    "https://example.org/models?key=hunter2&page=2",
    '{"apiKey": "hunter2"}',
    "OPENROUTER_API_KEY=hunter2",
    "token: hunter2",
    "password = 'hunter2'",
]


@pytest.mark.parametrize("text", KEYS)
def test_secrets_are_replaced(text: str) -> None:
    redacted = redact(f"before {text} after")
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")
    assert "***" in redacted
    for secret in ("made-up-for-tests", "abc.def.ghi", "dXNlcjpwYXNz", "hunter2"):
        assert secret not in redacted


@pytest.mark.parametrize(
    "text",
    [
        "model openai/gpt-4o has 3 endpoints",
        "max_tokens = 48, top_p = 0.95",
        "prompt_tokens: 12",
        "KeyError: 'tag' at line 3 of https://openrouter.ai/api/v1/models",
        "a keyless task: risk-free",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_a_traceback_is_redacted_too_and_the_known_key_in_any_shape() -> None:
    try:
        raise ValueError("sent plainkey and sk-or-v1-made-up-for-tests")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f.py", 1, "incident %s", ("1a",), sys.exc_info())
    Secret("plainkey")
    text = Redactor().format(record)
    assert "incident 1a" in text
    assert "ValueError: sent *** and ***" in text


@pytest.fixture
def loggers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the loggers back as they were."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(logging.getLogger("ploked"), "level", logging.NOTSET)
    yield
    for handler in root.handlers:
        handler.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def to_file(path: Path) -> None:
    configure({"PLOKED_LOG": str(path), "OPENROUTER_API_KEY": KEY})


def to_file_of_daemon(path: Path) -> None:
    configure_daemon({"OPENROUTER_API_KEY": KEY}, str(path))


both = pytest.mark.parametrize("configured", [to_file, to_file_of_daemon])


@both
def test_a_log_file_takes_what_ploked_says_and_the_warnings_of_others(
    tmp_path: Path, loggers: None, configured: Configured
) -> None:
    configured(tmp_path / "log")
    logging.getLogger("ploked.x").info("ours with %s", KEY)
    logging.getLogger("pygls.protocol").info("theirs")
    logging.getLogger("httpx").warning("theirs, loud")
    assert [(line["level"], line["logger"], line["message"]) for line in lines(tmp_path / "log")] == [
        ("INFO", "ploked.x", "ours with ***"),
        ("WARNING", "httpx", "theirs, loud"),
    ]


@both
def test_a_long_log_is_moved_aside_and_three_are_kept_which_nobody_else_can_read(
    tmp_path: Path, loggers: None, configured: Configured
) -> None:
    (tmp_path / "log").touch(0o644)
    (tmp_path / "log").chmod(0o644)
    configured(tmp_path / "log")
    padding = "x" * (FILE_BYTES // 10)
    for number in range(60):
        logging.getLogger("ploked.x").info("%d %s %s", number, KEY, padding)
        assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    names = ["log.3", "log.2", "log.1", "log"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    kept = [line["message"] for name in names for line in lines(tmp_path / name)]
    assert [int(message.split()[0]) for message in kept] == list(range(60 - len(kept), 60))
    assert len(kept) > 3 * 8
    assert all(KEY not in message and "***" in message for message in kept)
    assert all((tmp_path / name).stat().st_size <= FILE_BYTES for name in names)


@pytest.mark.parametrize("name", ["~/log", "log"])
def test_a_log_may_be_named_as_people_write_it(
    tmp_path: Path, loggers: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As the settings of an editor give it: no shell has read it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    configure({"PLOKED_LOG": name})
    logging.getLogger("ploked").info("one")
    monkeypatch.chdir("/")
    logging.getLogger("ploked").info("two")
    assert [line["message"] for line in lines(tmp_path / "log")] == ["one", "two"]


@pytest.mark.parametrize("length", [1, 2], ids=["that fills it", "that is longer"])
def test_a_line_has_a_file_of_its_own(tmp_path: Path, length: int) -> None:
    file = LogFile(str(tmp_path / "log"))
    for letter in b"abc":
        file.write(bytes([letter]) * length * FILE_BYTES)
    file.close()
    assert [path.read_bytes()[:1] for path in sorted(tmp_path.iterdir())] == [b"c", b"b", b"a"]


def test_two_who_have_the_same_file_follow_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "FILE_BYTES", 100)
    files = [LogFile(str(tmp_path / "log")) for _ in "ab"]
    said = [b"%02d %b\n" % (number, b"x" * 16) for number in range(18)]
    for number, line in enumerate(said):
        files[number // 3 % 2].write(line)
    for file in files:
        file.close()
    names = ["log.3", "log.2", "log.1", "log"]
    assert b"".join((tmp_path / name).read_bytes() for name in names) == b"".join(said)


def test_a_log_that_another_process_is_moving_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = LogFile(str(path))
    file.write(b"x" * FILE_BYTES)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        file.write(b"meanwhile\n")
        assert [one.name for one in tmp_path.iterdir()] == ["log"]
    file.write(b"after\n")
    file.close()
    assert (path.read_bytes(), path.with_name("log.1").read_bytes()[-10:]) == (b"after\n", b"meanwhile\n")


WRITER = """
import logging, os, sys
from ploked import log_file, logs
log_file.FILE_BYTES = 200_000
logs.configure(os.environ)
print("ready", flush=True)
sys.stdin.readline()
for number in range(3000):
    logging.getLogger("ploked").info("%s %d", sys.argv[1], number)
"""


def test_no_line_is_lost_where_processes_have_the_same_file(tmp_path: Path) -> None:
    command, environ = [sys.executable, "-c", WRITER], {**os.environ, "PLOKED_LOG": str(tmp_path / "log")}
    pipe = subprocess.PIPE
    writers = [
        subprocess.Popen([*command, name], env=environ, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [writer.communicate(timeout=60)[1] for writer in writers] == ["", ""]
    said = [line["message"] for path in tmp_path.iterdir() for line in lines(path)]
    assert sorted(said) == sorted(f"{name} {number}" for name in "ab" for number in range(3000))
    assert len(list(tmp_path.iterdir())) > 2
    assert all(path.stat().st_size < 210_000 for path in tmp_path.iterdir())


def test_a_log_that_is_moved_or_removed_is_begun_anew(tmp_path: Path, loggers: None) -> None:
    to_file(tmp_path / "log")
    for name in ("one", "two", "three"):
        logging.getLogger("ploked").info(name)
        (tmp_path / "log").rename(tmp_path / name)
    assert [lines(tmp_path / name)[0]["message"] for name in ("one", "two", "three")] == ["one", "two", "three"]


def test_a_link_to_a_log_stays_one(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("real")
    file = LogFile(str(tmp_path / "log"))
    for _ in range(2):
        file.write(b"x" * FILE_BYTES)
    file.close()
    assert (tmp_path / "log").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "real", "real.1"]


def test_a_log_may_be_a_pipe(tmp_path: Path, loggers: None) -> None:
    os.mkfifo(tmp_path / "pipe", 0o644)
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    to_file(tmp_path / "pipe")
    logging.getLogger("ploked").info("one")
    assert json.loads(os.read(reader, 1000))["message"] == "one"
    assert mode(tmp_path / "pipe") == 0o644
    os.close(reader)


def test_what_cannot_be_formatted_or_written_breaks_nothing(
    tmp_path: Path, loggers: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    to_file(tmp_path / "log")
    logging.getLogger("ploked").info(f"%d of {KEY}", "no number")
    (line,) = lines(tmp_path / "log")
    assert line["message"] == "this cannot be written (TypeError): '%d of ***'"
    (tmp_path / "log").unlink()
    tmp_path.rename(tmp_path.with_name("moved"))
    logging.getLogger("ploked").info("after %s", KEY)
    assert json.loads(capfd.readouterr().err)["message"] == "after ***"
    tmp_path.with_name("moved").rename(tmp_path)
    logging.getLogger("ploked").info("again")
    assert lines(tmp_path / "log")[0]["message"] == "again"
