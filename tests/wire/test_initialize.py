"""`initialize` of editors that know more than we do: what does not fit is left out, and the rest counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ploked.server.lenient import prune
from wire.talk import Here

KNOWN = {
    "general": {"positionEncodings": ["utf-8"]},
    "window": {"workDoneProgress": True},
    "workspace": {"applyEdit": True},
    "textDocument": {"hover": {"contentFormat": ["markdown"]}},
}


@pytest.mark.parametrize(
    "odd",
    [
        {"trace": "compact"},
        {"trace": 5},
        {"processId": "x"},
        {"clientInfo": "Editor 9"},
        {"rootUri": 5, "rootPath": {}},
        {"workspaceFolders": "none"},
        {"locale": {}},
        {"initializationOptions": {"anything": [1, None, {}]}},
        {"unknown": {"deep": [[[]]]}},
    ],
)
async def test_odd_params_are_left_out(talk: Here, odd: dict[str, Any]) -> None:
    assert "result" in await talk.initialize(KNOWN, **odd)
    window = talk.session.client_capabilities.window
    assert window is not None
    assert window.work_done_progress is True


@pytest.mark.parametrize(
    "odd",
    [
        {"textDocument": {"completion": {"completionItem": {"tagSupport": {"valueSet": [-1]}}}}},
        {"textDocument": {"documentSymbol": {"symbolKind": {"valueSet": [1, 99]}}}},
        {"textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": 5}}}},
        {"workspace": {"workspaceEdit": {"failureHandling": "explode"}}},
        {"workspace": {"symbol": 5}},
        {"general": {"positionEncodings": 5}},
        {"notebookDocument": []},
        {"window": {"showMessage": {"messageActionItem": 5}}},
        {"textDocument": 5},
    ],
)
async def test_odd_capabilities_are_left_out_and_their_neighbours_stay(talk: Here, odd: dict[str, Any]) -> None:
    assert "result" in await talk.initialize(_merged(KNOWN, odd))
    read = talk.session.client_capabilities
    assert read.window is not None
    assert read.window.work_done_progress is True
    assert read.workspace is not None
    assert read.workspace.apply_edit is True


def _merged(one: Any, other: Any) -> Any:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return other
    return {**one, **{key: _merged(one.get(key), value) for key, value in other.items()}}


async def test_known_values_of_a_list_stay(talk: Here) -> None:
    tags = {"completion": {"completionItem": {"tagSupport": {"valueSet": [1, 7, -1]}}}}
    await talk.initialize({"textDocument": tags})
    text_document = talk.session.client_capabilities.text_document
    assert text_document is not None
    assert text_document.completion is not None
    item = text_document.completion.completion_item
    assert item is not None
    assert item.tag_support is not None
    assert list(item.tag_support.value_set) == [1]


async def test_capabilities_that_are_no_object_count_as_none(talk: Here) -> None:
    answer = await talk.ask("initialize", {"processId": None, "capabilities": 5})
    assert answer["result"]["capabilities"]["positionEncoding"] == "utf-16"


def test_parts_that_fit_alone_but_not_together_are_left_out() -> None:
    assert prune({"a": 1, "b": 2}, lambda tree: len(tree) <= 1) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


def _holds_no_negative(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_holds_no_negative, value.values()))
    if isinstance(value, list):
        return all(map(_holds_no_negative, value))
    return not (isinstance(value, int) and value < 0)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=5))
def test_pruning_keeps_what_fits_and_nothing_that_does_not(tree: dict[str, Any]) -> None:
    pruned = prune(tree, _holds_no_negative)
    assert _holds_no_negative(pruned)
    for key, value in tree.items():
        if _holds_no_negative(value):
            assert pruned[key] == value
