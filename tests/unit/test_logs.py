"""The log: where it goes, and what never gets into it."""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ploked.logs import Redactor, configure, configure_daemon
from ploked.secret import Secret, redact

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
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """Give the logger of all, as a process has it that has just begun."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(logging.getLogger("ploked"), "level", logging.NOTSET)
    yield root
    for handler in root.handlers:
        handler.close()


@pytest.mark.usefixtures("root")
def test_a_log_file_takes_what_ploked_says_and_the_warnings_of_others(tmp_path: Path) -> None:
    configure({"PLOKED_LOG": str(tmp_path / "log"), "OPENROUTER_API_KEY": "plainkey"})
    logging.getLogger("ploked.x").info("ours with plainkey")
    logging.getLogger("pygls.protocol").info("theirs")
    logging.getLogger("httpx").warning("theirs, loud")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(line["level"], line["logger"], line["message"]) for line in lines] == [
        ("INFO", "ploked.x", "ours with ***"),
        ("WARNING", "httpx", "theirs, loud"),
    ]


@pytest.mark.usefixtures("root")
def test_a_log_file_is_cut_at_a_megabyte_and_three_older_ones_are_kept_for_the_user_alone(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        configure_daemon({"OPENROUTER_API_KEY": "plainkey"}, str(tmp_path / "log"))
        for number in range(6000):
            logging.getLogger("ploked.x").info("%d with plainkey %s", number, "x" * 1000)
    finally:
        os.umask(before)
    files = [tmp_path / name for name in ("log.3", "log.2", "log.1", "log")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(file.stat().st_size <= 1 << 20 for file in files)
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 4
    messages = [json.loads(line)["message"] for file in files for line in file.read_text().splitlines()]
    assert "plainkey" not in "".join(messages)
    numbers = [int(message.split()[0]) for message in messages]
    assert numbers == list(range(numbers[0], 6000))
