"""Edits of a config that is open: through the client, where the user can undo them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from ploked.server import editor
from ploked.server.editor import text_edit
from ploked.server.open_files import OpenFile, split_lines
from pygls.workspace import PositionCodec
from wire.talk import Here, Message, Talk

EDITS = {"workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}}}
TEXT = "# first\nname = 'old'\n# last\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a file that is somewhere else on disk than where a link to it says."""
    (tmp_path / "real.toml").write_text("old on disk")
    (tmp_path / "config.toml").symlink_to(tmp_path / "real.toml")
    return tmp_path / "config.toml"


async def open_in_editor(talk: Here, path: Path, capabilities: Message) -> None:
    await talk.initialize(capabilities)
    document = {"uri": path.as_uri(), "languageId": "toml", "version": 4, "text": TEXT}
    talk.notify("textDocument/didOpen", {"textDocument": document})


def save(talk: Talk, config: Path, name: str = "new") -> int | str:
    return talk.request("ploked/saveProfile", {"name": name, "model": str(config)})


def typed(talk: Talk, path: Path, version: int, text: str) -> None:
    identifier = {"uri": path.as_uri(), "version": version}
    talk.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": text}]})


async def take(talk: Talk, at: int = 0, **result: Any) -> Message:
    """Reply to the edit number `at`; return its params."""
    edit = await talk.until(lambda message: edits_of(talk)[at : at + 1] == [message])
    talk.send({"jsonrpc": "2.0", "id": edit["id"], "result": result})
    return dict(edit["params"])


def edits_of(talk: Talk) -> list[Message]:
    return [message for message in talk.got if message.get("method") == "workspace/applyEdit"]


@pytest.fixture
def real(config: Path) -> Path:
    """Give what the link leads to."""
    return config.resolve()


async def test_an_open_file_is_edited_in_the_editor(talk: Here, config: Path, real: Path) -> None:
    await open_in_editor(talk, real, EDITS)
    saving = save(talk, config)
    params = await take(talk, applied=True)
    typed(talk, real, 5, TEXT.replace("old", "new"))
    result = (await talk.answer(saving))["result"]
    assert (result["changed"], result["via"]) == (True, "editor")
    change = params["edit"]["documentChanges"][0]
    assert change["textDocument"] == {"uri": real.as_uri(), "version": 4}
    (edit,) = change["edits"]
    assert edit["newText"] == "name = 'new'\n"
    assert edit["range"] == {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}


async def test_a_client_without_versioned_edits_gets_plain_ones(talk: Here, config: Path) -> None:
    await open_in_editor(talk, config, {"workspace": {"applyEdit": True}})
    saving = save(talk, config)
    params = await take(talk, applied=True)
    typed(talk, config, 5, "")
    assert (await talk.answer(saving))["result"]["via"] == "editor"
    assert list(params["edit"]["changes"]) == [config.as_uri()]


async def test_an_edit_that_changes_nothing_is_not_sent(talk: Here, config: Path) -> None:
    await open_in_editor(talk, config, EDITS)
    result = (await talk.answer(save(talk, config, "old")))["result"]
    assert (result["changed"], result["via"]) == (False, "editor")
    assert edits_of(talk) == []


@pytest.mark.parametrize("capabilities", [{}, {"workspace": {"applyEdit": False}}])
async def test_a_client_that_takes_no_edits_is_left_alone(talk: Here, config: Path, capabilities: Message) -> None:
    await open_in_editor(talk, config, capabilities)
    assert (await talk.answer(save(talk, config)))["result"]["via"] == "disk"


async def test_a_file_that_is_not_open_is_not_edited_here(talk: Here, config: Path, tmp_path: Path) -> None:
    await open_in_editor(talk, tmp_path / "other.toml", EDITS)
    assert (await talk.answer(save(talk, config)))["result"]["via"] == "disk"


async def test_an_edit_that_crosses_the_users_typing_starts_anew(talk: Here, config: Path) -> None:
    await open_in_editor(talk, config, EDITS)
    saving = save(talk, config)
    await talk.told("workspace/applyEdit")
    typed(talk, config, 5, "# typed meanwhile\n" + TEXT)
    await take(talk, 0, applied=False, failureReason="the document has changed")
    params = await take(talk, 1, applied=True)
    typed(talk, config, 6, "")
    assert (await talk.answer(saving))["result"]["changed"] is True
    change = params["edit"]["documentChanges"][0]
    assert change["textDocument"]["version"] == 5
    assert change["edits"][0]["range"]["start"]["line"] == 2


async def test_an_edit_starts_from_what_the_one_before_it_made(talk: Here, config: Path) -> None:
    await open_in_editor(talk, config, EDITS)
    first = save(talk, config)
    await take(talk, applied=True)
    second = save(talk, config)
    for _ in range(5):
        await talk.ask("ploked/status")
    assert talk.answers(first) == []  # the client has not yet said what the document became
    typed(talk, config, 5, TEXT.replace("old", "new"))
    assert (await talk.answer(first))["result"]["changed"] is True
    assert (await talk.answer(second))["result"]["changed"] is False
    assert len(edits_of(talk)) == 1


async def test_what_the_user_types_while_an_edit_is_worked_out_is_kept(talk: Here, config: Path) -> None:
    await open_in_editor(talk, config, EDITS)
    await talk.ask("ploked/status")
    loop = asyncio.get_running_loop()
    seen: list[str] = []

    def change(text: str) -> str:
        if not seen:  # in a thread: let the client type, and see that it was taken, before going on
            asyncio.run_coroutine_threadsafe(type_more(), loop).result(5)
        seen.append(text)
        return text.replace("old", "new")

    async def type_more() -> None:
        typed(talk, config, 5, TEXT + "# typed\n")
        await talk.ask("ploked/status")

    editing = asyncio.create_task(talk.session.editor.edit_open(str(config), change))
    params = await take(talk, applied=True)
    typed(talk, config, 6, "")
    done = await editing
    assert done is not None
    assert done.changed
    assert seen == [TEXT, TEXT + "# typed\n"]
    assert params["edit"]["documentChanges"][0]["textDocument"]["version"] == 5


async def test_a_client_that_declines_is_named_with_its_reason(
    talk: Here, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editor, "CATCH_UP_S", 0.02)
    await open_in_editor(talk, config, EDITS)
    saving = save(talk, config)
    for at in range(editor.ATTEMPTS):
        await take(talk, at, applied=False, failureReason="read-only buffer")
    error = (await talk.answer(saving))["error"]
    assert error["code"] == -32017
    assert "read-only buffer" in error["message"]
    assert error["data"]["nextStep"]


async def test_a_client_that_does_not_reply_or_replies_with_an_error_has_not_applied_it(talk: Here) -> None:
    await talk.initialize(EDITS)
    silent = await talk.session.apply_edit(types.WorkspaceEdit(), timeout_s=0.01)
    assert (silent.applied, silent.failure_reason) == (False, "it did not answer within 0.01 s")
    assert talk.session.protocol._request_futures == {}
    assert talk.session.protocol._result_types == {}
    (edit,) = edits_of(talk)
    talk.send({"jsonrpc": "2.0", "id": edit["id"], "result": {"applied": True}})
    asked = asyncio.create_task(_expect_declined(talk))
    later = await talk.until(lambda message: edits_of(talk)[1:] == [message])
    talk.send({"jsonrpc": "2.0", "id": later["id"], "error": {"code": -32603, "message": "no such buffer"}})
    await asked


async def test_a_reply_to_what_was_given_up_is_dropped(talk: Here, caplog: pytest.LogCaptureFixture) -> None:
    await talk.initialize(EDITS)
    params = types.ApplyWorkspaceEditParams(types.WorkspaceEdit())
    talk.session.protocol.send_request(types.WORKSPACE_APPLY_EDIT, params, msg_id="given up").cancel()
    talk.send({"jsonrpc": "2.0", "id": "given up", "result": {"applied": True}})
    assert "result" in await talk.ask("ploked/status")
    assert "incident" not in caplog.text


async def _expect_declined(talk: Here) -> None:
    result = await talk.session.apply_edit(types.WorkspaceEdit())
    assert (result.applied, result.failure_reason) == (False, "no such buffer")


LINES = st.lists(st.sampled_from(["a", "b", "😀", ""]), max_size=6)
ENDS = st.sampled_from(["\n", "\r\n"])


@given(LINES, LINES, ENDS, st.booleans(), st.booleans(), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_the_edit_makes_the_text(
    old: list[str], new: list[str], end: str, finished: bool, still_finished: bool, encoding: str
) -> None:
    before = end.join(old) + (end if finished else "")
    after = end.join(new) + (end if still_finished else "")
    document = OpenFile("file:///a.toml", before, 1, "toml", position_codec=PositionCodec(encoding))
    edit = text_edit(document.lines, after, document.position_codec.client_num_units)
    document.apply_change(types.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text))
    assert document.source == after


def test_the_edit_leaves_what_both_texts_share_alone() -> None:
    edit = text_edit(split_lines("a\nb\nc\nd\n"), "a\nX\nY\nd\n", len)
    assert edit.new_text == "X\nY\n"
    assert (edit.range.start.line, edit.range.end.line) == (1, 3)
