"""A request as a command of the shell, to be tried outside of the editor."""

from __future__ import annotations

from shlex import quote
from typing import Any

import msgspec

KEY = '"Authorization: Bearer $OPENROUTER_API_KEY"'
"""In double quotes: the shell puts the key in, and nobody else ever has it."""


def as_curl(body: dict[str, Any], base_url: str) -> str:
    """Return a command of `sh` that sends `body` to the chat completions under `base_url`, which holds no secrets."""
    options = [
        quote(f"{base_url.rstrip('/')}/chat/completions"),
        f"-H {KEY}",
        f"-H {quote('Content-Type: application/json')}",
        f"--data-raw {quote(msgspec.json.encode(body).decode())}",
    ]
    return "curl " + " \\\n  ".join(options)
