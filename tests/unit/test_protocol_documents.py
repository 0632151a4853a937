"""PROTOCOL.md and schema.json say what the table says."""

from __future__ import annotations

import json

import pytest
from conftest import REPO
from ploked_protocol import wire
from ploked_protocol.document import EXAMPLES, protocol_md, schema_json
from ploked_protocol.methods import BY_NAME, METHODS

REGENERATE = "run `python -m ploked_protocol.document protocol` and read the difference"


def test_protocol_md_is_what_the_table_says() -> None:
    assert (REPO / "protocol/PROTOCOL.md").read_text(encoding="utf-8") == protocol_md(), REGENERATE


def test_schema_json_is_what_the_table_says() -> None:
    assert (REPO / "protocol/schema.json").read_text(encoding="utf-8") == schema_json(), REGENERATE


def test_method_names_are_unique() -> None:
    assert len(BY_NAME) == len(METHODS)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_method_has_an_example_that_decodes(name: str) -> None:
    example = json.loads(EXAMPLES.read_text(encoding="utf-8"))[name]
    method = BY_NAME[name]
    wire.convert(example["params"], method.params)
    if method.direction == "request":
        wire.convert(example["result"], method.result)
