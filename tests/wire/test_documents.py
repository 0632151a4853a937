"""Open documents: changes land where the client means them, whatever characters come before."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from ploked.server.columns import Columns
from ploked.server.open_files import OpenFile, split_lines
from pygls.workspace import PositionCodec, TextDocument
from wire.talk import Here

URI = "file:///a%20b/config.toml"


def change(line: int, start: int, end: int, text: str, version: int = 2) -> dict[str, Any]:
    span = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    return {"textDocument": {"uri": URI, "version": version}, "contentChanges": [{"range": span, "text": text}]}


async def text_of(talk: Here) -> str:
    await talk.ask("ploked/status")
    return talk.session.server.workspace.get_text_document(URI).source


async def open_file(talk: Here, text: str) -> None:
    document = {"uri": URI, "languageId": "toml", "version": 1, "text": text}
    talk.notify("textDocument/didOpen", {"textDocument": document})


async def test_a_change_of_a_document_that_is_not_open_is_ignored(talk: Here, caplog: pytest.LogCaptureFixture) -> None:
    await talk.initialize()
    before = len(talk.got)
    talk.notify("textDocument/didChange", change(0, 0, 0, "x"))
    assert "result" in await talk.ask("ploked/status")
    assert talk.session.server.workspace.text_documents == {}
    assert len(talk.got) == before + 1
    assert "incident" not in caplog.text


@pytest.mark.parametrize(("encoding", "at"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
async def test_positions_are_in_the_units_agreed_on(talk: Here, encoding: str, at: int) -> None:
    await talk.initialize({"general": {"positionEncodings": [encoding]}})
    await open_file(talk, "😀ab\n")
    talk.notify("textDocument/didChange", change(0, at, at + 1, "X"))
    assert await text_of(talk) == "😀Xb\n"


@pytest.mark.parametrize("odd", ["\u2028", "\x0c", "\x85", "\x0b", "\x1c"])
async def test_only_line_ends_of_lsp_end_a_line(talk: Here, odd: str) -> None:
    await talk.initialize()
    await open_file(talk, f"# a{odd}b\nmodel = 1\n")
    talk.notify("textDocument/didChange", change(1, 8, 9, "2"))
    assert await text_of(talk) == f"# a{odd}b\nmodel = 2\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_every_line_end_of_lsp_does(talk: Here, end: str) -> None:
    await talk.initialize()
    await open_file(talk, f"a{end}b{end}c")
    talk.notify("textDocument/didChange", change(2, 0, 1, "C"))
    assert await text_of(talk) == f"a{end}b{end}C"


async def test_a_change_and_a_request_in_one_burst_are_taken_in_order(talk: Here) -> None:
    await talk.initialize()
    await open_file(talk, "")
    for version in range(2, 52):
        talk.notify("textDocument/didChange", change(0, version - 2, version - 2, "x", version))
    place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
    hover = {"textDocument": {"uri": "file:///a b/config.toml"}, "position": place["position"]}
    assert (await talk.ask("textDocument/hover", hover))["result"]["contents"] == "x" * 50


@given(st.text(alphabet="ab\r\n\u2028\x0c😀", max_size=30))
def test_lines_together_are_the_text(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert len(lines) == plain.count("\n") + (plain[-1:] not in ("", "\n"))


def test_a_document_of_ours_is_one_of_pygls() -> None:
    document = OpenFile("file:///a.toml", "a\u2028\nb", 3, "toml", position_codec=PositionCodec("utf-8"))
    assert (list(document.lines), document.version, document.language_id) == (["a\u2028\n", "b"], 3, "toml")
    assert document.position_from_client_units(types.Position(0, 4)).character == 2


ODD_TEXT = st.text(alphabet="ab\r\n\u2028\x0cé😀", max_size=12)
PLACE = st.builds(types.Position, st.integers(0, 6), st.integers(0, 12))
CHANGE = st.one_of(
    st.builds(types.TextDocumentContentChangePartial, range=st.builds(types.Range, PLACE, PLACE), text=ODD_TEXT),
    st.builds(types.TextDocumentContentChangeWholeDocument, text=ODD_TEXT),
)


class Reference(TextDocument):
    """What pygls makes of the same changes, but for where lines end."""

    @property
    def lines(self) -> list[str]:
        return split_lines(self.source)


@given(ODD_TEXT, st.lists(CHANGE, max_size=6), st.sampled_from([*types.PositionEncodingKind]))
def test_changes_make_of_a_document_what_they_make_of_one_of_pygls(
    text: str, changes: list[types.TextDocumentContentChangeEvent], encoding: types.PositionEncodingKind
) -> None:
    ours = OpenFile("file:///a.toml", text, position_codec=Columns(encoding))
    theirs = Reference("file:///a.toml", text, position_codec=PositionCodec(encoding))
    for each in changes:
        ours.apply_change(copy.deepcopy(each))  # the codec of pygls writes into the position
        theirs.apply_change(copy.deepcopy(each))
        assert (list(ours.lines), ours.length) == (theirs.lines, len(theirs.source))
        assert ours.source == theirs.source


@given(ODD_TEXT, PLACE, st.sampled_from([*types.PositionEncodingKind]))
def test_columns_are_those_of_pygls(text: str, place: types.Position, encoding: types.PositionEncodingKind) -> None:
    ours, theirs, lines = Columns(encoding), PositionCodec(encoding), split_lines(text)
    read = ours.position_from_client_units(lines, copy.deepcopy(place))
    assert read == theirs.position_from_client_units(lines, copy.deepcopy(place))
    assert ours.position_to_client_units(lines, read) == theirs.position_to_client_units(lines, read)
    assert ours.client_num_units(text) == theirs.client_num_units(text)


def test_lines_that_were_asked_for_stay_as_they_were() -> None:
    document = OpenFile("file:///a.toml", "a\nb\n", position_codec=Columns("utf-16"))
    before = document.lines
    at = types.Position(0, 0)
    document.apply_change(types.TextDocumentContentChangePartial(range=types.Range(at, at), text="x"))
    assert (before, document.lines) == (["a\n", "b\n"], ["xa\n", "b\n"])


def test_a_frozen_document_stays_as_it_was() -> None:
    document = OpenFile("file:///a.toml", "a\n", 1, position_codec=Columns("utf-16"))
    frozen, at = document.frozen(), types.Position(0, 0)
    document.apply_change(types.TextDocumentContentChangePartial(range=types.Range(at, at), text="x"))
    assert (frozen.source, frozen.version, list(frozen.lines)) == ("a\n", 1, ["a\n"])
