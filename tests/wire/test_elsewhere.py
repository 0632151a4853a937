"""Edits of a config that is open in another editor than the one that asks: made there, where the user can undo them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ploked.server import editor, elsewhere
from wire.hub import Client, Hall, hall
from wire.talk import Message
from wire.test_editor import EDITS, TEXT, edits_of, save, take, typed

UNSAVED = TEXT + "# not saved\n"


@pytest.fixture
async def here() -> AsyncIterator[Hall]:
    async with hall() as one:
        yield one


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a file that says what clean editors show."""
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor, "CATCH_UP_S", 0.02)


async def editor_of(here: Hall, name: str, path: Path | None = None, text: str = TEXT) -> Client:
    """Return a client that is called `name`, and has `path` open."""
    client = await here.connect()
    await client.initialize(EDITS, clientInfo={"name": name})
    if path is not None:
        document = {"uri": path.as_uri(), "languageId": "toml", "version": 4, "text": text}
        client.notify("textDocument/didOpen", {"textDocument": document})
    await client.ask("ploked/searchModels")
    return client


async def answer(client: Client, asked: int | str) -> Message:
    result: Message = (await client.answer(asked))["result"]
    return result


async def decline(client: Client, reason: str) -> None:
    """Decline the edit as often as it is offered."""
    for at in range(editor.ATTEMPTS):
        await take(client, at, applied=False, failureReason=reason)


async def test_the_editor_that_has_it_open_is_given_the_edit_and_named_to_who_asked(here: Hall, config: Path) -> None:
    asking, other = await editor_of(here, "Helix"), await editor_of(here, "Neovim", config)
    asked = save(asking, config)
    params = await take(other, applied=True)
    typed(other, config, 5, TEXT.replace("old", "new"))
    result = await answer(asking, asked)
    assert (result["changed"], result["via"], result["editor"]) == (True, "editor", "another editor (Neovim)")
    assert "open in another editor (Neovim)" in result["message"]
    assert "save the file there" in result["message"]
    assert params["edit"]["documentChanges"][0]["edits"][0]["newText"] == "name = 'new'\n"
    assert "another editor has asked for" in (await other.told("window/showMessage"))["params"]["message"]
    assert edits_of(asking) == []
    assert config.read_text() == TEXT


async def test_who_asks_comes_first(here: Hall, config: Path) -> None:
    other, asking = await editor_of(here, "Neovim", config, UNSAVED), await editor_of(here, "Helix", config)
    asked = save(asking, config)
    await take(asking, applied=True)
    assert (await answer(asking, asked))["editor"] is None
    assert edits_of(other) == []


async def test_of_others_the_one_with_unsaved_changes_comes_first(here: Hall, config: Path) -> None:
    clean = await editor_of(here, "Neovim", config)
    unsaved, asking = await editor_of(here, "Emacs", config, UNSAVED), await editor_of(here, "Helix")
    asked = save(asking, config)
    await take(unsaved, applied=True)
    assert "Emacs" in (await answer(asking, asked))["editor"]
    assert edits_of(clean) == []


async def test_what_is_open_there_and_says_so_already_is_not_edited(here: Hall, config: Path) -> None:
    other, asking = await editor_of(here, "Neovim", config), await editor_of(here, "Helix")
    result = await answer(asking, save(asking, config, "old"))
    assert (result["changed"], result["via"]) == (False, "editor")
    assert edits_of(other) == []


async def test_an_editor_that_declines_and_shows_what_is_on_disk_is_passed_over(here: Hall, config: Path) -> None:
    other, asking = await editor_of(here, "Neovim", config), await editor_of(here, "Helix")
    asked = save(asking, config)
    await decline(other, "read-only buffer")
    result = await answer(asking, asked)
    assert result["via"] == "disk"
    assert "another editor (Neovim) too, which did not take the edit: read-only buffer" in result["message"]


async def test_an_editor_that_declines_and_has_unsaved_changes_keeps_the_file_as_it_is(
    here: Hall, config: Path
) -> None:
    other, asking = await editor_of(here, "Neovim", config, UNSAVED), await editor_of(here, "Helix")
    asked = save(asking, config)
    await decline(other, "read-only buffer")
    error = (await asking.answer(asked))["error"]
    assert error["code"] == -32017
    assert "another editor (Neovim) with changes that are not saved" in error["message"]
    assert "read-only buffer" in error["message"]
    assert "Save or close the file there" in error["data"]["nextStep"]


@pytest.mark.parametrize("text", [TEXT, UNSAVED])
async def test_an_editor_that_does_not_answer_is_waited_for_no_longer_than_said(
    here: Hall, config: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "PATIENCE_S", 0.05)
    other, asking = await editor_of(here, "Neovim", config, text), await editor_of(here, "Helix")
    answered = await asking.answer(save(asking, config))
    said = answered["result" if text == TEXT else "error"]["message"]
    assert "it did not answer within 0.05 s" in said
    assert len(edits_of(other)) == 1


@pytest.mark.parametrize("text", [TEXT, UNSAVED])
@pytest.mark.parametrize("end", ["closes the file", "exits", "is killed"])
async def test_an_editor_that_leaves_in_between_is_not_waited_for(
    here: Hall, config: Path, text: str, end: str
) -> None:
    other, asking = await editor_of(here, "Neovim", config, text), await editor_of(here, "Helix")
    asked = save(asking, config)
    if end == "closes the file":
        await other.told("workspace/applyEdit")
        other.notify("textDocument/didClose", {"textDocument": {"uri": config.as_uri()}})
        await take(other, applied=False, failureReason="no such buffer")
    else:
        await other.told("workspace/applyEdit")
        if end == "exits":
            await other.ask("shutdown")
            other.notify("exit")
        else:
            other.writer.transport.abort()
    result = await answer(asking, asked)
    assert (result["via"], result["message"]) == ("disk", "on disk")


async def test_an_editor_that_takes_no_edits_is_left_alone(here: Hall, config: Path) -> None:
    other = await here.client()
    document = {"uri": config.as_uri(), "languageId": "toml", "version": 4, "text": UNSAVED}
    other.notify("textDocument/didOpen", {"textDocument": document})
    await other.ask("ploked/searchModels")
    asking = await editor_of(here, "Helix")
    assert (await answer(asking, save(asking, config)))["via"] == "disk"
