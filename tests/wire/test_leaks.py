"""What a session leaves behind: nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref

from wire.fake_service import FakeService
from wire.talk import Here

URI = "file:///a.toml"


async def _busy_life(service: FakeService) -> weakref.ref[object]:
    """Live through one session of every kind of message; return a reference to it."""
    talk = Here(service)
    await talk.initialize({"window": {"workDoneProgress": True}})
    document = {"uri": URI, "languageId": "toml", "version": 1, "text": "x" * 1_000_000}
    talk.notify("textDocument/didOpen", {"textDocument": document})
    for version in range(2, 30):
        identifier = {"uri": URI, "version": version}
        talk.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": "y"}]})
    await talk.ask("ploked/listEndpoints", {"model": "reports", "workDoneToken": "t"})
    await talk.ask("workspace/executeCommand", {"command": "other.add", "arguments": [1, 2]})
    slow = talk.request("ploked/listEndpoints", {"model": "reports"})
    create = await talk.told("window/workDoneProgress/create")
    talk.send({"jsonrpc": "2.0", "id": create["id"], "result": None})
    await talk.answer(slow)
    _assert_nothing_is_kept(talk)
    talk.request("ploked/listEndpoints", {"model": "forever", "workDoneToken": "u"})
    talk.notify("exit")
    await talk.run
    _assert_nothing_is_kept(talk)
    return weakref.ref(talk.session)


def _assert_nothing_is_kept(talk: Here) -> None:
    protocol = talk.session.protocol
    assert len(protocol.in_flight) == 0
    assert protocol._request_futures == {}
    assert protocol._result_types == {}
    assert talk.session.progress._tasks == {}


async def test_a_session_that_has_ended_is_gone() -> None:
    service = FakeService()
    before = len(asyncio.all_tasks())
    ended = [await _busy_life(service) for _ in range(5)]
    await asyncio.sleep(0)
    gc.collect()
    assert [one() for one in ended] == [None] * 5
    assert len(asyncio.all_tasks()) == before
    assert service.listeners == []
