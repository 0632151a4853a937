"""A search that is still being made when the next one comes: it is ended, and answered once all the same."""

from __future__ import annotations

from wire.conftest import Start
from wire.talk import Here

SEARCH = "ploked/searchModels"


async def test_a_later_search_ends_the_one_before_it(talk: Here) -> None:
    await talk.initialize()
    early = [talk.request(SEARCH, {"query": "long"}) for _ in range(3)]
    late = talk.request(SEARCH, {"query": "long"})
    for one in early:
        error = (await talk.answer(one))["error"]
        assert (error["code"], error["message"]) == (-32800, "The request was cancelled")
    assert talk.service.cancelled == ["long"] * 3
    assert not talk.answers(late)
    talk.notify("$/cancelRequest", {"id": late})
    assert (await talk.answer(late))["error"]["code"] == -32800
    assert [len(talk.answers(one)) for one in (*early, late)] == [1] * 4


async def test_one_that_is_answered_at_once_leaves_the_others_alone(talk: Here) -> None:
    await talk.initialize()
    long = talk.request(SEARCH, {"query": "long"})
    other = talk.request("ploked/listEndpoints", {"model": "soon"})
    assert "result" in await talk.answer(talk.request(SEARCH, {"query": "kimi"}))
    assert "result" in await talk.answer(other)
    assert not talk.answers(long)


async def test_searches_that_wait_for_the_start_are_all_answered(talk: Here) -> None:
    started, talk.service.start = talk.service.start, talk.service.ready  # type: ignore[method-assign]  # held back
    await talk.initialize()
    early = [talk.request(SEARCH, {"query": "kimi"}) for _ in range(3)]
    await started()
    assert all(["result" in await talk.answer(one) for one in early])


async def test_as_a_command_it_is_ended_too(talk: Here) -> None:
    await talk.initialize()
    params = {"command": "ploked.searchModels", "arguments": [{"query": "long"}]}
    early = talk.request("workspace/executeCommand", params)
    await talk.until(lambda _: True)
    late = talk.request(SEARCH, {"query": "long"})
    assert (await talk.answer(early))["error"]["code"] == -32800
    assert not talk.answers(late)


async def test_the_searches_of_another_session_go_on(start: Start) -> None:
    one, other = await start(), await start()
    await one.initialize()
    await other.initialize()
    mine = one.request(SEARCH, {"query": "long"})
    theirs = other.request(SEARCH, {"query": "long"})
    await one.ask("ploked/status")
    await other.ask("ploked/status")
    assert not one.answers(mine)
    assert not other.answers(theirs)
    for server in (one, other):
        server.notify("exit")


async def test_among_few_models_all_are_answered(talk: Here) -> None:
    talk.service.many_models = False
    await talk.initialize()
    early = talk.request(SEARCH, {"query": "long"})
    late = talk.request(SEARCH, {"query": "long"})
    await talk.ask("ploked/status")
    assert not talk.answers(early)
    talk.notify("$/cancelRequest", {"id": late})
    assert (await talk.answer(late))["error"]["code"] == -32800
    assert not talk.answers(early)
