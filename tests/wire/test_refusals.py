"""Every message that cannot be served is answered once, and costs the session nothing."""

from __future__ import annotations

from collections import Counter

import pytest
from wire.refusals import REFUSALS, Refusal
from wire.talk import Here, There


@pytest.mark.parametrize("refusal", REFUSALS, ids=[refusal.name for refusal in REFUSALS])
async def test_a_refused_message_has_one_answer(talk: Here, refusal: Refusal) -> None:
    await talk.initialize()
    talk.send(refusal.body)
    refused = await talk.answer(refusal.id)
    assert refused["error"]["code"] == refusal.code, refused
    assert "result" in await talk.ask("ploked/status")
    assert len(talk.answers(refusal.id)) == 1


async def test_all_of_them_in_one_burst_over_stdio(server: There) -> None:
    await server.initialize()
    bodies = [refusal.body.replace(b'"id":7', b'"id":%d' % at) for at, refusal in enumerate(REFUSALS)]
    server.send(*bodies)
    assert "result" in await server.ask("ploked/status")
    codes = Counter((message["id"], message["error"]["code"]) for message in server.got if "error" in message)
    assert codes == Counter((refusal.id and at, refusal.code) for at, refusal in enumerate(REFUSALS))


async def test_the_error_says_where_params_are_wrong(talk: Here) -> None:
    await talk.initialize()
    error = (await talk.ask("ploked/searchModels", {"query": 5}))["error"]
    assert error["message"] == "Expected `str`, got `int` - at `$.query`"
    assert error["data"]["path"] == "$.query"
    error = (await talk.ask("ploked/listEndpoints", {}))["error"]
    assert error["message"] == "Object missing required field `model`"
    assert error["data"]["path"] == "$"
    place = {"textDocument": {}, "position": {"line": 0, "character": 0}}
    error = (await talk.ask("textDocument/hover", place))["error"]
    assert error["message"] == "Required field missing - at `$.textDocument.uri`"
    assert error["data"]["path"] == "$.textDocument.uri"


async def test_an_error_does_not_repeat_all_of_a_long_text(talk: Here) -> None:
    await talk.initialize()
    assert len((await talk.ask("x" * 100_000))["error"]["message"]) < 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc":"2.0","method":"$/unknown","params":{}}',
        b'{"jsonrpc":"2.0","method":"ploked/unknown"}',
        b'{"jsonrpc":"2.0","method":"ploked/searchModels","params":{}}',
        b'{"jsonrpc":"2.0","method":"textDocument/hover","params":{}}',
        b'{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":5}}',
        b'{"jsonrpc":"2.0","method":"textDocument/didOpen"}',
        b'{"jsonrpc":"2.0","method":"textDocument/didSave","params":{"textDocument":{"uri":"file:///a"}}}',
        b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":12345}}',
        b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{}}}',
        b'{"jsonrpc":"2.0","method":"$/cancelRequest"}',
        b'{"jsonrpc":"2.0","method":"window/workDoneProgress/cancel","params":{"token":"none"}}',
        b'{"jsonrpc":"2.0","method":"initialized","params":{}}',
        b'{"jsonrpc":"2.0","id":"nobody asked","result":null}',
        b'{"jsonrpc":"2.0","id":"nobody asked","error":{"code":1,"message":"x"}}',
        b'{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}',
    ],
)
async def test_notifications_and_stray_replies_have_no_answer(talk: Here, body: bytes) -> None:
    await talk.initialize()
    before = len(talk.got)
    talk.send(body)
    assert "result" in await talk.ask("ploked/status")
    assert len(talk.got) == before + 1
