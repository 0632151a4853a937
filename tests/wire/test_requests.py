"""Requests that are served: results, errors, commands, cancelling, and handlers that misbehave."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from ploked.server.wire import MAX_IN_FLIGHT
from wire.fake_service import SECRET
from wire.talk import Here

PLACE = {"textDocument": {"uri": "file:///a.toml"}, "position": {"line": 0, "character": 0}}


@pytest.fixture
async def talk(talk: Here) -> Here:
    """Give an initialized session."""
    await talk.initialize()
    await talk.ask("ploked/status")
    return talk


async def test_a_result_is_sent_as_the_records_and_the_raw_rows_say(talk: Here) -> None:
    result = (await talk.ask("ploked/searchModels", {"query": "x"}))["result"]
    assert result["rows"] == [{"id": "acme/one", "promptPer1m": "0.00000008"}]
    assert result["freshness"]["source"] == "fake"


async def test_money_is_sent_in_plain_notation(talk: Here) -> None:
    pricing = (await talk.ask("ploked/listEndpoints", {"model": "acme/one"}))["result"]["pricing"]
    assert pricing["promptPerToken"] == "0.00000008"
    assert pricing["promptPer1m"] == "0.08"


@pytest.mark.parametrize("message_id", [1, -1, 0, 2**70, "one", ""])
async def test_params_may_be_missing_where_none_are_needed(talk: Here, message_id: int | str) -> None:
    talk.send({"jsonrpc": "2.0", "id": message_id, "method": "ploked/status"})
    assert "result" in await talk.answer(message_id)


async def test_params_may_hold_what_looks_like_a_message(talk: Here) -> None:
    assert "result" in await talk.ask("ploked/searchModels", {"query": "x", "jsonrpc": "1.0", "id": 5, "method": "y"})


async def test_a_result_may_hold_what_looks_like_a_message(talk: Here) -> None:
    assert (await talk.ask("ploked/searchModels", {"query": "jsonrpc"}))["result"]["jsonrpc"] == "1.0"


async def test_not_a_number_is_sent_as_null(talk: Here) -> None:
    assert (await talk.ask("ploked/searchModels", {"query": "nan"}))["result"] == {"price": None, "other": None}


async def test_an_error_of_the_table_carries_its_code_and_data(talk: Here) -> None:
    error = (await talk.ask("ploked/listEndpoints", {"model": "unknown/model"}))["error"]
    assert error["code"] == -32011
    assert error["message"] == "No model is called 'unknown/model'."
    assert error["data"]["suggestions"] == ["acme/one"]


@pytest.mark.parametrize("query", ["exit", "secret", "object", "cycle", "surrogate", "bad data"])
async def test_whatever_goes_wrong_inside_is_answered_opaquely(
    talk: Here, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    error = (await talk.ask("ploked/searchModels", {"query": query}))["error"]
    _assert_opaque(error, caplog)
    assert "result" in await talk.ask("ploked/status")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("ploked/listEndpoints", {"model": "exit"}),
        ("ploked/listEndpoints", {"model": "secret"}),
        ("workspace/executeCommand", {"command": "ploked.searchModels", "arguments": [{"query": "secret"}]}),
        ("textDocument/definition", PLACE),
        ("textDocument/declaration", PLACE),
        ("textDocument/references", {**PLACE, "context": {"includeDeclaration": True}}),
    ],
)
async def test_so_is_what_goes_wrong_in_a_task_a_command_a_feature_or_a_thread(
    talk: Here, caplog: pytest.LogCaptureFixture, method: str, params: Any
) -> None:
    error = (await talk.ask(method, params))["error"]
    _assert_opaque(error, caplog)
    assert "result" in await talk.ask("ploked/status")


def _assert_opaque(error: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert error["code"] == -32603
    incident = error["data"]["details"]["incident"]
    assert incident in error["message"]
    assert incident in caplog.text
    for leak in (SECRET, "Error", "Traceback", ".py", "/home", "surrogate"):
        assert leak not in str(error)


async def test_an_error_that_a_feature_made_for_the_client_passes(talk: Here) -> None:
    error = (await talk.ask("textDocument/implementation", PLACE))["error"]
    assert error == {"code": -32001, "message": "Ask again later.", "data": {"afterS": 5}}


async def test_a_notification_handler_that_exits_ends_nothing(talk: Here, caplog: pytest.LogCaptureFixture) -> None:
    talk.notify("textDocument/didSave", {"textDocument": {"uri": "file:///a"}})
    assert "result" in await talk.ask("ploked/status")
    assert "SystemExit" in caplog.text


async def test_every_row_is_a_command_too(talk: Here) -> None:
    command = {"command": "ploked.searchModels", "arguments": [{"query": "x"}]}
    direct = await talk.ask("ploked/searchModels", {"query": "x"})
    assert (await talk.ask("workspace/executeCommand", command))["result"] == direct["result"]
    assert "result" in await talk.ask("workspace/executeCommand", {"command": "ploked.status"})


async def test_decimals_pass_a_command_unchanged(talk: Here) -> None:
    for value in (0.1, 0.30000000000000004, 5e-324):
        sweep = {"model": "a/b", "grid": [{"parameter": "temperature", "start": value, "stop": 1, "steps": 2}]}
        command = {"command": "ploked.launchSweep", "arguments": [sweep]}
        answer = await talk.ask("workspace/executeCommand", command)
        assert float(answer["result"]["sweepId"]) == value


async def test_commands_of_features_run_as_well(talk: Here) -> None:
    answer = await talk.ask("workspace/executeCommand", {"command": "other.add", "arguments": [2, 3]})
    assert answer["result"] == 5
    answer = await talk.ask("workspace/executeCommand", {"command": "other.add", "arguments": [2]})
    assert answer["error"]["code"] == -32602


async def test_results_of_lsp_are_spelled_as_lsp_spells_them(talk: Here) -> None:
    items = (await talk.ask("textDocument/completion", PLACE))["result"]
    assert items == [{"label": "acme/one", "insertTextFormat": 2}]
    assert (await talk.ask("textDocument/hover", PLACE))["result"] is None


async def test_an_id_in_flight_is_refused_and_the_first_request_goes_on(talk: Here) -> None:
    for _ in range(2):
        talk.request("ploked/listEndpoints", {"model": "forever"}, message_id="twice")
    assert (await talk.answer("twice"))["error"]["code"] == -32600
    talk.notify("$/cancelRequest", {"id": "twice"})
    await talk.until(lambda message: message.get("error", {}).get("code") == -32800)
    assert "result" in await talk.answer(talk.request("ploked/status", message_id="again"))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("ploked/listEndpoints", {"model": "forever"}),
        ("workspace/executeCommand", {"command": "ploked.listEndpoints", "arguments": [{"model": "forever"}]}),
        ("workspace/executeCommand", {"command": "other.forever"}),
        ("workspace/symbol", {"query": "x"}),
    ],
)
async def test_a_cancelled_request_is_answered_at_once(talk: Here, method: str, params: Any) -> None:
    running = talk.request(method, params)
    await talk.ask("ploked/status")
    talk.notify("$/cancelRequest", {"id": running})
    assert (await talk.answer(running))["error"]["code"] == -32800
    await talk.ask("ploked/status")
    assert len(talk.answers(running)) == 1


async def test_a_request_cancelled_in_the_same_breath_is_answered_once(talk: Here) -> None:
    cancel = b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":5}}'
    talk.send(b'{"jsonrpc":"2.0","id":5,"method":"ploked/listEndpoints","params":{"model":"forever"}}', cancel, cancel)
    assert (await talk.answer(5))["error"]["code"] == -32800
    await talk.ask("ploked/status")
    assert len(talk.answers(5)) == 1


async def test_a_request_cancelled_before_its_first_step_is_answered_once(talk: Here) -> None:
    async def never() -> None:
        raise AssertionError("it ran")

    talk.session.protocol.in_flight.begin("unstarted", never())
    talk.session.protocol.in_flight.cancel("unstarted")
    assert (await talk.answer("unstarted"))["error"]["code"] == -32800
    await talk.ask("ploked/status")
    assert len(talk.answers("unstarted")) == 1


async def test_too_many_requests_at_once_are_refused_until_some_are_answered(talk: Here) -> None:
    running = [talk.request("ploked/listEndpoints", {"model": "forever"}) for _ in range(MAX_IN_FLIGHT)]
    refused = await talk.ask("ploked/listEndpoints", {"model": "acme/one"})
    assert refused["error"]["code"] == -32803
    talk.notify("$/cancelRequest", {"id": running[0]})
    await talk.answer(running[0])
    assert "result" in await talk.ask("ploked/listEndpoints", {"model": "acme/one"})
    talk.request("ploked/listEndpoints", {"model": "forever"})
    assert (await talk.ask("shutdown"))["result"] is None


async def test_a_burst_sent_before_the_service_is_ready_is_answered_in_full() -> None:
    talk = Here()
    started, talk.service.start = talk.service.start, talk.service.ready  # type: ignore[method-assign]  # held back
    burst = [b'{"jsonrpc":"2.0","id":%d,"method":"ploked/searchModels"}' % at for at in range(2, 502)]
    hello = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}'
    talk.send(hello, *burst)
    await talk.answer(1)
    for _ in range(1000):
        await asyncio.sleep(0)
    assert len(talk.got) == 1
    await started()
    assert "result" in await talk.answer(501)
    assert [len(talk.answers(at)) for at in range(1, 502)] == [1] * 501
    assert all("result" in message for message in talk.got)
    talk.notify("exit")
    await talk.run


async def test_handlers_get_their_turn_while_a_client_pipelines(talk: Here) -> None:
    slow = talk.request("ploked/listEndpoints", {"model": "acme/one"})
    last = [talk.request("ploked/status") for _ in range(1000)][-1]
    await talk.answer(last)
    order = [message["id"] for message in talk.got]
    assert order.index(slow) < order.index(last) - 900


async def test_a_client_that_does_not_read_is_not_read_from(talk: Here) -> None:
    talk.reading.clear()
    requests = [talk.request("ploked/status") for _ in range(50)]
    for _ in range(200):
        await asyncio.sleep(0)
    assert len([one for one in requests if talk.answers(one)]) <= 1
    talk.reading.set()
    assert "result" in await talk.answer(requests[-1])


async def test_a_client_that_never_reads_is_let_go(talk: Here, caplog: pytest.LogCaptureFixture) -> None:
    talk.ignored_bytes = 1 << 30
    talk.request("ploked/status")
    assert await talk.run is False
    assert "unread" in caplog.text


async def test_what_was_logged_by_default_holds_no_params(talk: Here, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await talk.ask("ploked/searchModels", {"query": 5, "note": SECRET})
    await talk.ask("textDocument/hover", {"textDocument": SECRET})
    await talk.ask("textDocument/completion", PLACE)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("method", "params"),
    [("$/cancelRequest", {"id": {}}), ("window/workDoneProgress/cancel", {"token": {"a": 1}})],
)
async def test_a_cancel_of_what_can_be_no_id_is_ignored(
    talk: Here, method: str, params: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await talk.initialize()
    talk.notify(method, params)
    assert "result" in await talk.ask("ploked/status")
    assert "incident" not in caplog.text
