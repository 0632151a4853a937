"""Damaged messages by the thousand: nothing escapes, nothing is answered twice, the session lives on."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from typing import Any

import pytest
from wire.refusals import REFUSALS
from wire.talk import Here

FRAMES_PER_SEED = 4000
SEEDS_TRIED = int(os.environ.get("PLOKED_SEEDS", "3"))
"""The promise is about a million frames: 250 seeds."""

OPEN = {"uri": "file:///a", "version": 1}
SEEDS: list[Any] = [
    {"id": 1, "method": "ploked/searchModels", "params": {"query": "kimi", "limit": 3}},
    {"id": 2, "method": "ploked/listEndpoints", "params": {"model": "acme/one", "workDoneToken": "t"}},
    {"id": 3, "method": "workspace/executeCommand", "params": {"command": "ploked.status", "arguments": [{}]}},
    {"id": 4, "method": "textDocument/hover", "params": {"textDocument": {"uri": "a"}, "position": {"line": 0}}},
    {"id": 5, "method": "initialize", "params": {"processId": None, "capabilities": {}}},
    {
        "method": "textDocument/didOpen",
        "params": {"textDocument": {"uri": "a", "languageId": "t", "version": 1, "text": "x"}},
    },
    {"method": "textDocument/didChange", "params": {"textDocument": OPEN, "contentChanges": []}},
    {"method": "$/cancelRequest", "params": {"id": 2}},
    {"method": "window/workDoneProgress/cancel", "params": {"token": "t"}},
    {"id": "ploked-1", "result": {"applied": True}},
    {"id": "ploked-1", "error": {"code": 1, "message": "x"}},
]
ALPHABET = b'{}[]",:0123456789.-+eEtrufalsn\\/ \t\r\nidmethodparams\x00\x7f\x80\xff\xed\xa0'


def damaged(rng: random.Random, message_id: int) -> bytes:
    """Return a message with this id, with a few bytes changed, cut or doubled."""
    seed = rng.choice(SEEDS)
    message = {"jsonrpc": "2.0", **seed, **({"id": message_id} if isinstance(seed.get("id"), int) else {})}
    data = bytearray(json.dumps(message).encode())
    if rng.random() < 0.1:
        data = bytearray(rng.choice(REFUSALS).body[:500].replace(b'"id":7', b'"id":%d' % message_id))
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[at : at + 1] = bytes([rng.choice(ALPHABET)])
            case 1:
                del data[at : at + rng.randint(1, 10)]
            case 2:
                data[at:at] = data[at : at + rng.randint(1, 20)]
            case _:
                data[at:at] = bytes(rng.choices(ALPHABET, k=rng.randint(1, 4)))
    return bytes(data)


def _refused(constant: str) -> None:
    raise ValueError(constant)


def awaited(body: bytes) -> int | str | None:
    """Return the id of a message that is without doubt a request, as the standard library reads it."""
    try:
        message = json.loads(body.decode(), parse_constant=_refused)  # NaN is not JSON
        json.dumps(message, ensure_ascii=False).encode()  # nor is half a surrogate pair
    except ValueError:
        return None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
        return None
    found = message.get("id")
    return found if isinstance(found, int | str) and not isinstance(found, bool) else None


@pytest.mark.parametrize("seed", range(SEEDS_TRIED))
async def test_damaged_messages(talk: Here, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    await talk.initialize()
    rng = random.Random(seed)
    sent: list[bytes] = []
    while len(sent) < FRAMES_PER_SEED:
        batch = [damaged(rng, 10_000 + len(sent) + offset) for offset in range(100)]
        batch = [body for body in batch if b'"shutdown"' not in body and b'"exit"' not in body]
        talk.send(*batch)
        sent += batch
        own = talk.request("ploked/status", message_id=f"own {len(sent)}")  # no damage makes a number of that
        assert "result" in await talk.answer(own)
    requests = Counter(found for body in sent if (found := awaited(body)) is not None)
    answers = Counter(message["id"] for message in talk.got if "method" not in message)
    assert requests - answers == Counter()
    assert len(requests) > FRAMES_PER_SEED / 10
    assert answers.total() <= len(sent) + len(sent) // 50 + 10  # and the handshake and status
    assert "incident" not in caplog.text
    assert len(talk.session.protocol.in_flight) == 0
