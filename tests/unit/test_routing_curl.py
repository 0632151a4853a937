"""The request of a plan as a command: run by a real `sh`, with a `curl` on the path that notes what it is given."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from ploked.routing.curl import as_curl
from ploked_fixtures.serve import running_upstream
from routing_cases import KIMI

BASE = "https://openrouter.ai/api/v1"
STUB = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["SEEN"], "w", encoding="utf-8") as seen:
    json.dump(sys.argv[1:], seen)
"""


def run(command: str, folder: Path, key: str = "sk-or-v1-a key") -> list[str]:
    """Return the arguments that `curl` gets when `sh` runs `command`."""
    curl = folder / "curl"
    curl.write_text(STUB, encoding="utf-8")
    curl.chmod(curl.stat().st_mode | stat.S_IXUSR)
    seen = folder / "seen.json"
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "SEEN": str(seen), "OPENROUTER_API_KEY": key}
    subprocess.run(["sh", "-c", command], env=environment, check=True, timeout=30)
    found: list[str] = json.loads(seen.read_text(encoding="utf-8"))
    return found


def body(prompt: str, **more: Any) -> dict[str, Any]:
    return {"model": KIMI, "messages": [{"role": "user", "content": prompt}], **more}


@pytest.mark.parametrize(
    "prompt",
    [
        "hi",
        "it's \"quoted\" 'twice'",
        "line one\nline two\r\n\ttabbed",
        "$HOME `id` $(id) \\ \\n ! # & | ; <>*?~",
        "naïve 日本語 🦀 \u0000 \u007f",
        "'",
        "@/etc/passwd",
    ],
)
def test_the_shell_hands_the_body_on_as_it_is(prompt: str, tmp_path: Path) -> None:
    sent = body(prompt, temperature=0.2, stop=["'", "\n"])
    arguments = run(as_curl(sent, BASE), tmp_path)
    assert arguments[0] == f"{BASE}/chat/completions"
    assert json.loads(arguments[arguments.index("--data-raw") + 1]) == sent


def test_the_key_is_put_in_by_the_shell_and_is_not_in_the_command(tmp_path: Path) -> None:
    command = as_curl(body("hi"), BASE)
    assert "sk-or" not in command
    assert '"Authorization: Bearer $OPENROUTER_API_KEY"' in command
    assert "Authorization: Bearer sk-or-v1-a key" in run(command, tmp_path)


def test_the_upstream_answers_what_the_command_sends(tmp_path: Path) -> None:
    with running_upstream() as upstream:
        arguments = run(as_curl(body("it's\nme"), upstream.url), tmp_path, key="sk-fixture")
        headers = dict(arguments[n + 1].split(": ", 1) for n, argument in enumerate(arguments) if argument == "-H")
        data = arguments[arguments.index("--data-raw") + 1]
        answer = httpx.post(arguments[0], headers=headers, content=data.encode())
        assert answer.status_code == 200
        assert upstream.log[-1]["body"] == body("it's\nme")
