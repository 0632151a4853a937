"""What a proxy remembers: enough for another daemon to take over, and one answer for each request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from ploked.lifecycle import recall
from ploked.lifecycle.recall import Recall
from ploked.server.open_files import OpenFile
from ploked_protocol import control
from ploked_protocol.framing import FrameDecoder
from pygls.workspace import PositionCodec

URI = "file:///a%20b.toml"
LOST = "gone"


def body(**fields: Any) -> bytes:
    return json.dumps({"method": "x", **fields, "jsonrpc": "2.0"}).encode()


def answer(message_id: object, **outcome: Any) -> bytes:
    return control.body(id=message_id, **(outcome or {"result": None}))


def opened(text: str, version: int = 1) -> bytes:
    item = {"uri": URI, "languageId": "toml", "version": version, "text": text}
    return body(method="textDocument/didOpen", params={"textDocument": item})


def changed(version: int, *changes: dict[str, Any]) -> bytes:
    params = {"textDocument": {"uri": URI, "version": version}, "contentChanges": list(changes)}
    return body(method="textDocument/didChange", params=params)


def span(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    places = [{"line": line, "character": character} for line, character in (start, end)]
    return {"range": {"start": places[0], "end": places[1]}, "text": text}


def replayed(memory: Recall) -> tuple[str, int] | None:
    """Return text and version of the document as a daemon holds it after the replay; None when it is not open."""
    document = None
    for message in map(json.loads, memory.rest()):
        params = message["params"]
        if message["method"] == "textDocument/didOpen":
            item = params["textDocument"]
            codec = PositionCodec(types.PositionEncodingKind.Utf16)
            document = OpenFile(item["uri"], item["text"], item["version"], "toml", position_codec=codec)
        elif message["method"] == "textDocument/didChange":
            assert document is not None
            apply(document, params)
    return None if document is None else (document.source, document.version or 0)


def apply(document: OpenFile, params: dict[str, Any]) -> None:
    document.version = params["textDocument"]["version"]
    for change in params["contentChanges"]:
        if "range" not in change:
            document.apply_change(types.TextDocumentContentChangeWholeDocument(change["text"]))
            continue
        start, end = (types.Position(**change["range"][side]) for side in ("start", "end"))
        place = types.Range(start, end)
        document.apply_change(types.TextDocumentContentChangePartial(range=place, text=change["text"]))


@pytest.fixture
def memory() -> Recall:
    memory = Recall()
    memory.sent(body(id=1, method="initialize", params={"processId": 7, "capabilities": {}}))
    memory.received(answer(1, result={"capabilities": {}}))
    memory.sent(body(method="initialized", params={}))
    return memory


# requests


@pytest.mark.parametrize("spell", [body, control.body], ids=["any order", "the usual order"])
def test_each_request_that_waits_is_answered_once(memory: Recall, spell: Callable[..., bytes]) -> None:
    for message_id in (2, "two", 3, 4, 5, 5):
        assert memory.sent(spell(id=message_id, method="ploked/status")) == (True, False)
    assert memory.received(answer(3, result={"id": 4}))
    assert memory.received(answer(4, error={"code": 1, "message": ""}))
    assert memory.received(answer(5, result=[]))
    told = [json.loads(one) for one in memory.lost(LOST)]
    assert [one["id"] for one in told] == [2, "two", 5]
    assert {(one["error"]["code"], one["error"]["message"]) for one in told} == {(control.REQUEST_FAILED, LOST)}
    assert memory.lost(LOST) == []


@pytest.mark.parametrize("message_id", ['a,"result":', ',"', "ä", -5, '\\"'])
def test_ids_of_any_look_are_found(memory: Recall, message_id: int | str) -> None:
    memory.sent(body(id=message_id, method="ploked/status"))
    assert memory.received(answer(message_id, result=",".join("abc")))
    assert memory.lost(LOST) == []


def test_a_request_of_the_daemon_is_no_answer(memory: Recall) -> None:
    memory.sent(body(id="ploked-1", method="ploked/status"))
    assert memory.received(control.body(id="ploked-1", method="workspace/applyEdit", params={}))
    assert len(memory.lost(LOST)) == 1


def test_what_is_no_message_is_left_to_the_daemon(memory: Recall) -> None:
    for odd in (b"{", b"[]", b"\xff", b"5", b"[" * 100_000, b'{"id":1' + b"0" * 5000 + b'0,"method":"x"}', b"null"):
        assert memory.sent(odd) == (False, False)
    for params in (None, 5, {}, {"textDocument": 5}, {"textDocument": {"uri": URI}, "contentChanges": 5}):
        for method in ("textDocument/didOpen", "textDocument/didChange", "textDocument/didClose"):
            memory.sent(body(method=method, params=params))
    assert memory.lost(LOST) == []
    assert replayed(memory) is None


def test_shutdown_is_granted_by_a_daemon_that_is_gone(memory: Recall) -> None:
    memory.sent(body(id=2, method="shutdown"))
    assert not memory.polite
    assert [json.loads(one) for one in memory.lost(LOST)] == [{"jsonrpc": "2.0", "id": 2, "result": None}]
    assert memory.polite


def test_progress_that_has_begun_is_ended(memory: Recall) -> None:
    for token, kind in (("a", "begin"), (2, "begin"), ("a", "report"), (2, "end")):
        assert memory.received(control.body(method="$/progress", params={"token": token, "value": {"kind": kind}}))
    (told,) = [json.loads(one) for one in memory.lost(LOST)]
    assert told["params"] == {"token": "a", "value": {"kind": "end", "message": LOST}}


def test_the_last_word_of_the_daemon_is_not_for_the_client(memory: Recall) -> None:
    assert not memory.received(control.body(method=control.LEAVING, params={"why": control.STOPPED}))
    assert memory.leaving == control.STOPPED
    memory.lost(LOST)
    assert memory.leaving is None


# the replay


def test_the_handshake_is_replayed_under_an_id_of_our_own(memory: Recall) -> None:
    memory.sent(body(method="$/setTrace", params={"value": "messages"}))
    (hello,) = [json.loads(one) for one in memory.handshake()]
    assert hello["params"] == {"processId": 7, "capabilities": {}, "trace": "messages"}
    assert memory.replaying
    assert not memory.received(answer(hello["id"], result={"capabilities": {}}))
    assert not memory.replaying
    assert [json.loads(one)["method"] for one in memory.rest()] == ["initialized", "$/setTrace"]


def test_an_initialize_without_an_answer_is_asked_again_as_it_was() -> None:
    memory = Recall()
    memory.sent(body(id=1, method="initialize", params={"capabilities": {}}))
    assert memory.lost(LOST) == []
    assert [json.loads(one)["id"] for one in memory.handshake()] == [1]
    assert not memory.replaying
    assert memory.received(answer(1, result={}))
    assert memory.lost(LOST) == []


def test_nothing_is_replayed_before_initialize() -> None:
    memory = Recall()
    assert memory.handshake() == []
    assert memory.rest() == []


def test_a_closed_document_is_forgotten(memory: Recall) -> None:
    memory.sent(opened("a"))
    memory.sent(body(method="textDocument/didClose", params={"textDocument": {"uri": URI}}))
    assert replayed(memory) is None


def test_a_whole_text_replaces_what_was_before(memory: Recall) -> None:
    memory.sent(opened("old"))
    for version in range(2, 500):
        memory.sent(changed(version, {"text": "x" * 1000}))
    memory.sent(changed(500, span((0, 0), (0, 1), "y"), {"text": "new\nlines"}, span((1, 0), (1, 1), "L")))
    assert replayed(memory) == ("new\nLines", 500)
    assert sum(map(len, memory.rest())) < 1000
    assert memory.questions() == []


def test_a_long_journal_is_replaced_by_what_the_daemon_says(memory: Recall) -> None:
    memory.sent(opened(""))
    for version in range(2, recall.LONG_JOURNAL + 2):
        memory.sent(changed(version, span((0, 0), (0, 0), "a")))
    (question,) = [json.loads(one) for one in memory.questions()]
    assert (question["method"], question["params"]) == (control.TEXT, {"uri": URI})
    assert memory.questions() == []
    memory.sent(changed(1000, span((0, 0), (0, 0), "b")))
    said = {"text": "a" * recall.LONG_JOURNAL, "version": recall.LONG_JOURNAL + 1}
    assert not memory.received(answer(question["id"], result=said))
    assert replayed(memory) == ("b" + "a" * recall.LONG_JOURNAL, 1000)
    assert len(memory.rest()) == 3


@pytest.mark.parametrize("between", [opened("fresh", 9), changed(9, {"text": "fresh"})])
def test_an_answer_about_a_text_that_is_no_more_is_dropped(memory: Recall, between: bytes) -> None:
    memory.sent(opened(""))
    for version in range(2, recall.LONG_JOURNAL + 2):
        memory.sent(changed(version, span((0, 0), (0, 0), "a")))
    (question,) = memory.questions()
    memory.sent(between)
    memory.received(answer(json.loads(question)["id"], result={"text": "aaa", "version": 3}))
    assert replayed(memory) == ("fresh", 9)


EDITS = st.lists(
    st.one_of(
        st.text("ab\n\r😀", max_size=8).map(lambda text: {"text": text}),
        st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 2), st.text("xy\n😀", max_size=3)).map(
            lambda edit: span((edit[0], edit[1]), (edit[0] + edit[2] // 2, edit[1] + edit[2]), edit[3])
        ),
    ),
    max_size=12,
)


@given(st.lists(EDITS, max_size=6), st.integers(0, 6))
def test_a_replay_gives_the_text_that_the_daemon_had(batches: list[list[dict[str, Any]]], asked_at: int) -> None:
    memory, version = Recall(), 1
    codec = PositionCodec(types.PositionEncodingKind.Utf16)
    held = OpenFile(URI, "one\ntwo 😀\n", 1, "toml", position_codec=codec)
    memory.sent(opened(held.source))
    for at, batch in enumerate(batches):
        version += 1
        message = changed(version, *batch)
        memory.sent(message)
        apply(held, json.loads(message)["params"])
        if at == asked_at:
            memory._documents[URI].asked = ("ask", len(memory._documents[URI].bodies))
            memory._own_answer("ask", answer("ask", result={"text": held.source, "version": version}))
    assert replayed(memory) == (held.source, held.version)


def test_messages_between_proxy_and_daemon_are_framed() -> None:
    (one,) = FrameDecoder().feed(control.message(id=1, method=control.HELLO))
    assert json.loads(one) == {"jsonrpc": "2.0", "id": 1, "method": control.HELLO}


@pytest.mark.parametrize(("one", "other", "newer"), [("0.2", "0.1", True), ("1.0", "0.9", True), ("0.1", "0.1", False)])
def test_versions_of_the_protocol_are_numbers(one: str, other: str, newer: bool) -> None:
    assert control.is_newer(one, other) is newer
    assert not control.is_newer(other, one)
    assert control.is_newer("0.10", "0.9")


def test_a_client_that_wants_no_trace_any_more_gets_none_from_the_next_daemon() -> None:
    memory = Recall()
    memory.sent(body(id=1, method="initialize", params={"processId": None, "trace": "verbose"}))
    memory.received(answer(1))
    assert json.loads(memory.handshake()[0])["params"]["trace"] == "verbose"
    memory.sent(body(method="$/setTrace", params={"value": "off"}))
    assert json.loads(memory.handshake()[0])["params"] == {"processId": None, "trace": "off"}
