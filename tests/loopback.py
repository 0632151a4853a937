"""What tests of and against the loopback upstream share."""

from __future__ import annotations

from typing import Any

import httpx

MODEL = "deepseek/deepseek-v3.2"
"""A model with many endpoints: several quantizations, a region, unequal parameters."""
KEY = {"authorization": "Bearer sk-fixture"}


def ask(client: httpx.Client, *, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    """Return the answer to a chat request; `fields` replace or join those of a plain one."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Say something."}], **fields}
    return client.post("/chat/completions", json=body, headers=KEY if headers is None else headers)


def text_of(response: httpx.Response) -> str:
    """Return the words of a completion."""
    return str(response.json()["choices"][0]["message"]["content"])
