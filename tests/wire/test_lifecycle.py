"""The life of a session: what may come when, and what is answered."""

from __future__ import annotations

import pytest
from ploked.server import protocol
from ploked_protocol.methods import REQUESTS
from wire.fake_service import FakeService
from wire.talk import Here


async def test_nothing_is_served_before_initialize(talk: Here, caplog: pytest.LogCaptureFixture) -> None:
    document = {"uri": "file:///a", "languageId": "toml", "version": 1, "text": ""}
    talk.notify("textDocument/didOpen", {"textDocument": document})
    talk.notify("initialized", {})
    for method in ("ploked/status", "textDocument/hover", "shutdown", "ploked/nothing"):
        assert (await talk.ask(method))["error"]["code"] == -32002
    assert "incident" not in caplog.text
    assert "result" in await talk.initialize()
    assert talk.session.server.workspace.text_documents == {}


async def test_initialize_with_params_that_are_no_object_may_be_tried_again(talk: Here) -> None:
    for params in (None, "x", 5):
        assert (await talk.ask("initialize", params))["error"]["code"] == -32602
    assert "result" in await talk.initialize()


async def test_initialize_says_who_answers_and_what_it_can(talk: Here) -> None:
    result = (await talk.initialize({"general": {"positionEncodings": ["utf-8", "utf-16"]}}))["result"]
    assert result["serverInfo"]["name"] == "ploked"
    assert result["capabilities"]["positionEncoding"] == "utf-8"
    assert result["capabilities"]["textDocumentSync"]["change"] == 2
    assert {row.command for row in REQUESTS} <= set(result["capabilities"]["executeCommandProvider"]["commands"])


async def test_requests_that_come_while_the_service_starts_wait_for_it(talk: Here) -> None:
    started, talk.service.start = talk.service.start, talk.service.ready  # type: ignore[method-assign]  # held back
    await talk.initialize()
    early = talk.request("ploked/searchModels", {})
    other = talk.request("ploked/listEndpoints", {"model": "acme/one"})
    assert (await talk.ask("workspace/symbol", 5))["error"]["code"] == -32602
    assert not talk.answers(early)
    await started()
    assert "result" in await talk.answer(early)
    assert "result" in await talk.answer(other)


async def test_a_waiting_request_can_be_cancelled_without_stopping_the_start(talk: Here) -> None:
    started, talk.service.start = talk.service.start, talk.service.ready  # type: ignore[method-assign]  # held back
    await talk.initialize()
    early = talk.request("ploked/searchModels", {})
    talk.notify("$/cancelRequest", {"id": early})
    assert (await talk.answer(early))["error"]["code"] == -32800
    late = talk.request("ploked/searchModels", {})
    await started()
    assert "result" in await talk.answer(late)


async def test_after_shutdown_only_exit_may_follow(talk: Here) -> None:
    await talk.initialize()
    assert (await talk.ask("shutdown"))["result"] is None
    for method in ("ploked/status", "shutdown", "initialize", "textDocument/hover"):
        assert (await talk.ask(method))["error"]["code"] == -32600
    talk.notify("textDocument/didOpen", {})
    talk.notify("exit")
    assert await talk.run is True


async def test_exit_without_shutdown_is_not_polite(talk: Here) -> None:
    await talk.initialize()
    talk.notify("exit")
    assert await talk.run is False


async def test_exit_is_taken_before_initialize(talk: Here) -> None:
    talk.notify("exit")
    assert await talk.run is False


async def test_shutdown_cancels_what_runs_and_all_of_it_is_answered(talk: Here) -> None:
    await talk.initialize()
    running = [talk.request("ploked/listEndpoints", {"model": "forever"}) for _ in range(10)]
    assert (await talk.ask("shutdown"))["result"] is None
    assert [(await talk.answer(one))["error"]["code"] for one in running] == [-32800] * 10
    assert talk.service.cancelled == ["forever"] * 10


async def test_the_end_of_the_stream_lets_what_runs_be_answered(talk: Here) -> None:
    await talk.initialize()
    quick = talk.request("ploked/listEndpoints", {"model": "soon"})
    slow = talk.request("ploked/listEndpoints", {"model": "forever"})
    talk.end()
    assert await talk.run is False
    assert "result" in await talk.answer(quick)
    assert (await talk.answer(slow))["error"]["code"] == -32800


async def test_work_that_will_not_be_cancelled_does_not_hold_up_the_end(talk: Here) -> None:
    await talk.initialize()
    talk.request("ploked/listEndpoints", {"model": "stubborn"})
    await talk.ask("ploked/status")
    talk.notify("exit")
    assert await talk.run is False


@pytest.mark.parametrize(
    "data",
    [
        b"garbage\r\n\r\n",
        b"Content-Length: 67108864\r\n\r\n{",
        b"Content-Length: 999999999999999999\r\n\r\n",
        b"Content-Length: 5\r\n\r\n" + b'{"jsonrpc":"2.0","id":7,"method":"ploked/status"}' * 2 + b"\r\n\r\n",
        b"x" * 5000,
    ],
)
async def test_a_stream_that_cannot_be_read_on_ends_with_one_error(talk: Here, data: bytes) -> None:
    await talk.initialize()
    talk.raw(data)
    assert await talk.run is False
    assert {message["error"]["code"] for message in talk.answers(None)} == {-32700}
    assert talk.got[-1]["error"]["message"].startswith("Cannot read on: ")


async def test_what_the_service_tells_is_forwarded_once_the_client_is_initialized() -> None:
    service = FakeService()
    talk = Here(service)
    service.change()
    await talk.initialize()
    await talk.ask("ploked/status")
    service.change()
    told = await talk.told("ploked/catalogChanged")
    assert told["params"]["refreshed"]["kind"] == "models"
    talk.notify("exit")
    await talk.run
    assert service.listeners == []
    service.change()
    assert len([message for message in talk.got if message.get("method")]) == 1


async def test_a_client_that_says_initialized_twice_is_told_once(talk: Here) -> None:
    await talk.initialize()
    talk.notify("initialized", {})
    await talk.ask("ploked/status")
    talk.service.change()
    await talk.ask("ploked/status")
    assert len([message for message in talk.got if "method" in message]) == 1


async def test_a_fault_of_ours_in_one_notification_costs_the_others_nothing(
    talk: Here, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(method: str, _params: object) -> None:
        raise RuntimeError(method)

    await talk.initialize()
    monkeypatch.setattr(protocol, "lsp_params", broken)
    talk.notify("textDocument/didSave", {})
    assert "result" in await talk.ask("ploked/status")
    assert "RuntimeError: textDocument/didSave" in caplog.text


async def test_a_bad_feature_costs_the_good_ones_nothing(talk: Here, caplog: pytest.LogCaptureFixture) -> None:
    called: list[str] = []

    def bad(*_: object) -> None:
        raise RuntimeError("bad feature")

    talk.session.on_answered += [bad, lambda: called.append("answered")]
    talk.session.on_initialized += [bad, lambda: called.append("initialized")]
    talk.session.on_told += [bad, lambda *_: called.append("told")]
    await talk.initialize()
    await talk.ask("ploked/status")
    talk.service.change()
    await talk.told("ploked/catalogChanged")
    assert called == ["answered", "initialized", "told"]
    assert caplog.text.count("RuntimeError: bad feature") == 3


async def test_sessions_share_a_service_and_nothing_else() -> None:
    service = FakeService()
    one, other = Here(service), Here(service)
    await one.initialize()
    await other.initialize()
    open_one = {"uri": "file:///same.toml", "languageId": "toml", "version": 1}
    one.notify("textDocument/didOpen", {"textDocument": {**open_one, "text": "one"}})
    other.notify("textDocument/didOpen", {"textDocument": {**open_one, "text": "other"}})
    place = {"textDocument": {"uri": "file:///same.toml"}, "position": {"line": 0, "character": 0}}
    assert (await one.ask("textDocument/hover", place))["result"]["contents"] == "one"
    one.notify("exit")
    await one.run
    assert (await other.ask("textDocument/hover", place))["result"]["contents"] == "other"
    other.notify("exit")
    await other.run


async def test_the_service_is_told_of_every_message_that_somebody_is_at_work(talk: Here) -> None:
    await talk.initialize()
    await talk.ask("ploked/searchModels")
    before = talk.service.attended
    talk.notify("textDocument/didClose", {"textDocument": {"uri": "file:///a"}})
    await talk.ask("ploked/searchModels")
    assert talk.service.attended == before + 2
