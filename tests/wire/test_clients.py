"""Clients of all kinds: what each says of itself is understood, and what stands at a position is the same for all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from wire.talk import Here

OURS = Path(__file__).parent / "clients"
"""Recorded, or written down from sources, as each says of itself; others' recordings come with pytest-lsp."""
URI = "file:///home/me/ploke/config.toml"
UNIT_BYTES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def recorded() -> Iterator[Any]:
    """Yield the `initialize` params of each client."""
    theirs = [each for each in files("pytest_lsp").joinpath("clients").iterdir() if each.name.endswith(".json")]
    for file in sorted([*theirs, *OURS.glob("*.json")], key=lambda each: each.name):
        params = json.loads(file.read_text(encoding="utf-8"))
        params.pop("source", None)
        yield pytest.param(params, id=file.name.removesuffix(".json"))


def with_more(value: Any) -> Any:
    """Return `value` as a later version may say it: with an unknown key in every object, an unknown value in a list."""
    if isinstance(value, dict):
        return {**{key: with_more(each) for key, each in value.items()}, "$later": {"than": ["we", 2, None]}}
    if isinstance(value, list):
        return [*map(with_more, value), *([-99] if value and isinstance(value[0], int) else ["$later"])]
    return value


CLIENTS = list(recorded())


def test_the_clients_of_the_promise_are_all_there() -> None:
    names = {str(each.id).partition("_v")[0] for each in CLIENTS}
    assert names >= {"visual_studio_code", "neovim", "emacs", "helix", "zed", "visual_studio"}


@pytest.mark.parametrize("params", CLIENTS)
@pytest.mark.parametrize("later", [False, True], ids=["as it is", "a later version"])
async def test_every_client_is_answered_and_understood(talk: Here, params: dict[str, Any], later: bool) -> None:
    said = with_more(params["capabilities"]) if later else params["capabilities"]
    besides = {name: value for name, value in params.items() if name != "capabilities"}
    answer = await talk.initialize(said, **besides)
    offered = (params["capabilities"].get("general") or {}).get("positionEncodings") or ["utf-16"]
    assert answer["result"]["capabilities"]["positionEncoding"] in offered
    understood = talk.session.client_capabilities
    assert understood.workspace is not None
    assert understood.workspace.apply_edit is True
    assert understood.text_document is not None
    assert understood.text_document.hover is not None
    formats = params["capabilities"]["textDocument"]["hover"].get("contentFormat", ())
    assert list(understood.text_document.hover.content_format or ()) == formats
    assert "result" in await talk.ask("ploked/status")


@pytest.mark.parametrize("params", CLIENTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_edits_land_behind_astral_characters_whatever_the_units(
    talk: Here, params: dict[str, Any], encoding: str
) -> None:
    capabilities = {**params["capabilities"], "general": {"positionEncodings": [encoding]}}
    answer = await talk.initialize(capabilities)
    assert answer["result"]["capabilities"]["positionEncoding"] == encoding
    codec, size = UNIT_BYTES[encoding]
    before, word = 'name = "é😀🦀', "mild"

    def units(text: str) -> int:
        return len(text.encode(codec)) // size

    document = {"uri": URI, "languageId": "toml", "version": 1, "text": f'# 😀\n{before}{word}" # 😀\n'}
    talk.notify("textDocument/didOpen", {"textDocument": document})
    place = {
        "start": {"line": 1, "character": units(before)},
        "end": {"line": 1, "character": units(before + word)},
    }
    changes = [{"range": place, "text": "😀wild"}]
    talk.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": changes})
    await talk.ask("ploked/status")
    assert talk.session.server.workspace.get_text_document(URI).source == f'# 😀\n{before}😀wild" # 😀\n'
