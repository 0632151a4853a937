"""Work-done progress: under the client's token, under one it agreed to, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from ploked.server import progress
from wire.talk import Here

SHOWS = {"window": {"workDoneProgress": True}}


def shown(talk: Here) -> list[tuple[Any, Any]]:
    """Return (token, kind) of each `$/progress`."""
    reports = [message["params"] for message in talk.got if message.get("method") == "$/progress"]
    return [(report["token"], report["value"]["kind"]) for report in reports]


@pytest.mark.parametrize("token", ["mine", 5])
async def test_the_clients_own_token_is_used(talk: Here, token: str | int) -> None:
    await talk.initialize()
    await talk.ask("ploked/listEndpoints", {"model": "reports", "workDoneToken": token})
    assert shown(talk) == [(token, "begin"), (token, "report"), (token, "report"), (token, "end")]
    begin, report = [message["params"]["value"] for message in talk.got if message.get("method") == "$/progress"][:2]
    assert begin["title"] == "List endpoints"
    assert begin["cancellable"] is True
    assert (report["message"], report["percentage"]) == ("fetching", 10)


async def test_the_answer_comes_after_the_end_of_the_progress(talk: Here) -> None:
    await talk.initialize()
    await talk.ask("ploked/listEndpoints", {"model": "unknown/model", "workDoneToken": 1})
    kinds = [message.get("method") or "answer" for message in talk.got[1:]]
    assert kinds == ["$/progress", "$/progress", "answer"]


async def test_a_token_may_be_used_again(talk: Here) -> None:
    await talk.initialize()
    for _ in range(3):
        await talk.ask("ploked/listEndpoints", {"model": "acme/one", "workDoneToken": "again"})
    assert shown(talk) == [("again", "begin"), ("again", "end")] * 3


async def test_a_command_takes_the_token_in_either_place(talk: Here) -> None:
    await talk.initialize()
    command = {"command": "ploked.listEndpoints", "arguments": [{"model": "acme/one"}], "workDoneToken": "outer"}
    await talk.ask("workspace/executeCommand", command)
    command = {"command": "ploked.listEndpoints", "arguments": [{"model": "acme/one", "workDoneToken": "inner"}]}
    await talk.ask("workspace/executeCommand", command)
    assert shown(talk) == [("outer", "begin"), ("outer", "end"), ("inner", "begin"), ("inner", "end")]


async def test_without_a_token_the_client_is_asked_at_the_first_report(talk: Here) -> None:
    await talk.initialize(SHOWS)
    request = talk.request("ploked/listEndpoints", {"model": "reports"})
    create = await talk.told("window/workDoneProgress/create")
    assert shown(talk) == []
    talk.send({"jsonrpc": "2.0", "id": create["id"], "result": None})
    assert "result" in await talk.answer(request)
    token = create["params"]["token"]
    assert shown(talk) == [(token, "begin"), (token, "report"), (token, "report"), (token, "end")]


async def test_nothing_is_asked_for_what_is_answered_from_memory(talk: Here) -> None:
    await talk.initialize(SHOWS)
    await talk.ask("ploked/listEndpoints", {"model": "acme/one"})
    assert len(talk.got) == 2


@pytest.mark.parametrize("capabilities", [{}, {"window": {}}, {"window": {"workDoneProgress": False}}])
async def test_a_client_that_shows_no_progress_is_not_asked(talk: Here, capabilities: Any) -> None:
    await talk.initialize(capabilities)
    assert "result" in await talk.ask("ploked/listEndpoints", {"model": "reports"})
    assert len(talk.got) == 2


@pytest.mark.parametrize("reply", [{"error": {"code": -32603, "message": "no"}}, {"error": 5}, None])
async def test_a_client_that_declines_or_never_replies_is_not_asked_again(
    talk: Here, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "CREATE_TIMEOUT_S", 0.05)
    await talk.initialize(SHOWS)
    request = talk.request("ploked/listEndpoints", {"model": "reports"})
    create = await talk.told("window/workDoneProgress/create")
    if reply is not None:
        talk.send({"jsonrpc": "2.0", "id": create["id"], **reply})
    assert "result" in await talk.answer(request)
    assert "result" in await talk.ask("ploked/listEndpoints", {"model": "reports"})
    assert [message["method"] for message in talk.got if "method" in message] == ["window/workDoneProgress/create"]


async def test_cancelling_the_progress_cancels_the_request(talk: Here) -> None:
    await talk.initialize()
    request = talk.request("ploked/listEndpoints", {"model": "forever", "workDoneToken": "stop me"})
    await talk.told("$/progress")
    talk.notify("window/workDoneProgress/cancel", {"token": "stop me"})
    assert (await talk.answer(request))["error"]["code"] == -32800
    assert talk.service.cancelled == ["forever"]
    assert shown(talk) == [("stop me", "begin"), ("stop me", "end")]


async def test_so_does_cancelling_progress_of_our_own(talk: Here) -> None:
    await talk.initialize(SHOWS)
    request = talk.request("ploked/listEndpoints", {"model": "reports, forever"})
    create = await talk.told("window/workDoneProgress/create")
    talk.send({"jsonrpc": "2.0", "id": create["id"], "result": None})
    await talk.told("$/progress")
    talk.notify("window/workDoneProgress/cancel", {"token": create["params"]["token"]})
    assert (await talk.answer(request))["error"]["code"] == -32800
    assert shown(talk)[-1] == (create["params"]["token"], "end")


async def test_a_token_in_use_is_left_to_its_request(talk: Here) -> None:
    await talk.initialize()
    first = talk.request("ploked/listEndpoints", {"model": "forever", "workDoneToken": "same"})
    assert "result" in await talk.ask("ploked/listEndpoints", {"model": "reports", "workDoneToken": "same"})
    assert shown(talk) == [("same", "begin")]
    talk.notify("window/workDoneProgress/cancel", {"token": "same"})
    assert (await talk.answer(first))["error"]["code"] == -32800
