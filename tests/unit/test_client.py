"""The clients of the protocol, sync and async, against a stand-in that does what daemons do and should not do."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from conftest import REPO
from ploked_protocol import client as module
from ploked_protocol.client import AsyncClient, Client
from ploked_protocol.errors import ErrorData, InvalidParams, PlokedError, UnknownModel
from ploked_protocol.framing import MAX_BODY_BYTES
from ploked_protocol.methods import CATALOG_CHANGED, Method
from ploked_protocol.peer import ConnectionClosedError, RemoteError
from ploked_protocol.queries import SearchModelsParams, SearchModelsResult

STAND_IN = [sys.executable, "-m", "unit.stand_in"]
ENVIRON = {**os.environ, "PYTHONPATH": str(REPO / "tests")}
FRESHNESS = {"source": "none", "stale": True}


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client.spawn(STAND_IN, ENVIRON)
    yield client
    client.close()


@pytest.fixture
async def other() -> AsyncIterator[AsyncClient]:
    client = await AsyncClient.spawn(STAND_IN, ENVIRON)
    yield client
    await client.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GOODBYE_S", 0.2)


# sync


def test_a_session_begins_with_the_handshake_and_ends_with_the_farewell() -> None:
    with Client.spawn(STAND_IN, ENVIRON) as client:
        assert client.request("seen", None) == ["initialize", "initialized", "seen"]
    assert client.process.returncode == 0


def test_a_call_takes_and_returns_records(client: Client) -> None:
    echo = Method("echo", SearchModelsParams, SearchModelsParams, "request", "0.1", "")
    assert client.call(echo, SearchModelsParams(query="x", limit=3)) == SearchModelsParams(query="x", limit=3)


def test_an_answer_that_is_no_such_record_is_refused_with_its_path(client: Client) -> None:
    echo = Method("echo", SearchModelsParams, SearchModelsResult, "request", "0.1", "")
    with pytest.raises(msgspec.ValidationError, match="rows"):
        client.call(echo, SearchModelsParams())


@pytest.mark.parametrize(
    ("error", "kind", "data"),
    [
        ({"code": -32011, "message": "no", "data": {"suggestions": ["a/b"]}}, UnknownModel, ErrorData(["a/b"])),
        ({"code": -32602, "message": "no", "data": {"path": "$.q"}}, InvalidParams, ErrorData(path="$.q")),
        ({"code": -32602, "message": "no", "data": {"suggestions": 5}}, InvalidParams, ErrorData()),
        ({"code": -32010, "message": "no", "data": {"nextStep": "go"}}, PlokedError, ErrorData(next_step="go")),
        ({"code": -32603, "message": "no"}, RemoteError, ErrorData()),
    ],
)
async def test_errors_are_of_the_class_of_their_code(
    client: Client, other: AsyncClient, error: Any, kind: type[PlokedError], data: ErrorData
) -> None:
    with pytest.raises(kind, match="no") as raised:
        client.request("fail", error)
    assert raised.value.data == data
    with pytest.raises(kind, match="no"):
        await other.request("fail", error)


def test_an_error_that_is_not_in_the_table_keeps_its_code(client: Client) -> None:
    with pytest.raises(RemoteError) as raised:
        client.request("fail", {"code": -32800, "message": "cancelled"})
    assert raised.value.remote_code == -32800


def test_what_takes_too_long_is_cancelled_and_the_session_goes_on(client: Client) -> None:
    with pytest.raises(TimeoutError, match="silent was not answered"):
        client.request("silent", None, timeout_s=0.05)
    assert client.request("seen", None) == ["silent", "$/cancelRequest", "seen"]


def test_threads_may_share_a_client(client: Client) -> None:
    answers: dict[int, Any] = {}

    def ask(n: int) -> None:
        answers[n] = [client.request("echo", [n, m]) for m in range(20)]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == {n: [[n, m] for m in range(20)] for n in range(8)}


def test_what_the_daemon_asks_is_answered(client: Client) -> None:
    client.peer.requests["workspace/applyEdit"] = lambda params: {"applied": params["edit"] == 1}
    asked = {"method": "workspace/applyEdit", "params": {"edit": 1}}
    assert client.request("ask", asked)["reply"]["result"] == {"applied": True}
    assert client.request("ask", {"method": "window/workDoneProgress/create", "params": {}})["reply"]["result"] is None


def test_what_the_client_does_not_know_or_cannot_do_is_answered_with_an_error(client: Client) -> None:
    client.peer.requests["broken"] = lambda params: params["nothing"]
    assert client.request("ask", {"method": "no/such"})["reply"]["error"]["code"] == -32601
    error = client.request("ask", {"method": "broken", "params": {}})["reply"]["error"]
    assert error == {"code": -32603, "message": "KeyError: 'nothing'"}


def test_notifications_are_heard_as_records(client: Client) -> None:
    heard: list[Any] = []
    client.on(CATALOG_CHANGED, heard.append)
    refreshed = {"kind": "models", "outcome": "updated", "count": 1, "skipped": 0, "freshness": FRESHNESS}
    client.request("tell", {"method": CATALOG_CHANGED.name, "params": {"refreshed": refreshed}})
    assert [one.refreshed.kind for one in heard] == ["models"]


def test_a_listener_that_fails_ends_nothing(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.on(CATALOG_CHANGED, lambda _: None)
    client.request("tell", {"method": CATALOG_CHANGED.name, "params": {"refreshed": "not a record"}})
    assert client.request("echo", 1) == 1
    assert CATALOG_CHANGED.name in caplog.text


@pytest.mark.parametrize("end", ["die", "garbage"])
def test_when_the_daemon_goes_those_who_wait_and_those_who_ask_later_are_told(client: Client, end: str) -> None:
    with pytest.raises(ConnectionClosedError):
        client.request(end, None, timeout_s=10)
    with pytest.raises(ConnectionClosedError):
        client.request("echo", 1, timeout_s=10)


def test_a_daemon_that_does_not_leave_is_killed(impatient: None) -> None:
    client = Client.spawn([*STAND_IN, "--stubborn"], ENVIRON)
    assert client.request("echo", 1) == 1
    began = time.monotonic()
    client.close()
    assert client.process.returncode == -9
    assert time.monotonic() - began < 5


def test_closing_twice_is_closing_once() -> None:
    client = Client.spawn(STAND_IN, ENVIRON)
    client.close()
    client.close()
    assert client.process.returncode == 0


def test_answers_may_be_larger_than_what_a_daemon_takes(client: Client) -> None:
    assert len(client.request("large", MAX_BODY_BYTES + 1)) == MAX_BODY_BYTES + 1


# async


async def test_an_async_session_begins_and_ends_alike() -> None:
    async with await AsyncClient.spawn(STAND_IN, ENVIRON) as client:
        assert await client.request("seen", None) == ["initialize", "initialized", "seen"]
    assert client.process is not None
    assert client.process.returncode == 0


async def test_many_requests_wait_side_by_side(other: AsyncClient) -> None:
    assert await asyncio.gather(*(other.request("echo", n) for n in range(50))) == list(range(50))


async def test_a_cancelled_call_cancels_the_request(other: AsyncClient) -> None:
    waiting = asyncio.ensure_future(other.request("silent", None))
    await other.request("echo", 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert set(await other.request("seen", None)) == {"silent", "echo", "$/cancelRequest", "seen"}


async def test_the_end_is_told_to_those_who_wait_also_beside_a_cancelled_request(other: AsyncClient) -> None:
    cancelled, waiting = [asyncio.ensure_future(other.request("silent", None)) for _ in range(2)]
    await other.request("echo", 1)
    cancelled.cancel()
    with pytest.raises(ConnectionClosedError):
        await other.request("die", None)
    with pytest.raises(ConnectionClosedError):
        await waiting
    with pytest.raises(ConnectionClosedError):
        await other.request("echo", 1)


async def test_a_call_shows_its_progress_token(other: AsyncClient) -> None:
    echo = Method("echo", SearchModelsParams, dict[str, Any], "request", "0.1", "")
    found = await other.call(echo, SearchModelsParams(query="x"), progress_token="mine")
    assert (found["query"], found["workDoneToken"]) == ("x", "mine")


async def test_an_async_client_kills_a_daemon_that_does_not_leave(impatient: None) -> None:
    client = await AsyncClient.spawn([*STAND_IN, "--stubborn"], ENVIRON)
    assert await client.request("echo", 1) == 1
    await client.close()
    assert client.process is not None
    assert client.process.returncode == -9


async def test_a_client_over_streams_that_nobody_answers_can_be_closed(impatient: None) -> None:
    one, other = socket.socketpair()
    client = AsyncClient(*await asyncio.open_connection(sock=one))
    await asyncio.wait_for(client.close(), 15)
    other.close()


def test_params_that_json_cannot_hold_leave_nothing_behind(client: Client) -> None:
    with pytest.raises(Exception, match="surrogates"):
        client.request("echo", "\ud800")
    assert client.request("echo", 1) == 1
