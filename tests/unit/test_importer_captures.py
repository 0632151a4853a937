"""The importer against every real answer at hand: nothing raises, nothing is lost, no fact is absurd."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from captures import CAPTURES, captured, requires_captures
from money_of import amounts
from ploked.importers.base import ImportFailedError
from ploked.importers.openrouter import parse_endpoints, parse_models, parse_providers
from ploked_protocol.catalog import EndpointRecord, ModelRecord
from ploked_protocol.keys import ModelKey
from ploked_protocol.wire import decode, encode

pytestmark = requires_captures


def files(pattern: str) -> list[Path]:
    return sorted(CAPTURES.glob(pattern)) if CAPTURES else []


def assert_sound(record: ModelRecord | EndpointRecord, context: int | None) -> None:
    assert all(amount >= 0 and "E" not in str(amount) for amount in amounts(record.pricing))
    assert context is None or context > 0
    assert decode(encode(record), type(record)) == record


@pytest.mark.parametrize("path", files("openrouter/*models*.json"), ids=lambda path: path.name)
def test_a_model_list_comes_in_whole(path: Path) -> None:
    data = path.read_bytes()
    rows = json.loads(data)["data"]
    batch = parse_models(data)
    assert [record.id for record in batch.rows] == [row["id"] for row in rows]
    assert len({record.id for record in batch.rows}) == len(rows)
    assert (batch.skipped, batch.problems) == (0, ())
    for record in batch.rows:
        assert_sound(record, record.context_hint)
        assert str(record.key) == record.id


def answers() -> Iterator[tuple[str, bytes]]:
    """Every answer about endpoints, and the single endpoint objects as answers of their model."""
    for path in files("openrouter/endpoints*/*.json"):
        yield path.stem.replace("__", "/"), path.read_bytes()
    for path in files("openrouter/endpoint-objects*.json"):
        by_model: dict[str, list[Any]] = {}
        for row in json.loads(path.read_bytes()):
            by_model.setdefault(row["model_id"], []).append(row)
        for model, rows in by_model.items():
            yield model, json.dumps({"data": {"id": model, "endpoints": rows}}).encode()


def test_every_answer_about_endpoints_comes_in_whole() -> None:
    seen = 0
    for id_, data in answers():
        rows = json.loads(data)["data"]["endpoints"]
        batch = parse_endpoints(data, ModelKey.parse(id_))
        assert [record.key.tag for record in batch.rows] == [row["tag"] for row in rows]
        assert len({record.key for record in batch.rows}) == len(rows)
        assert (batch.skipped, batch.problems) == (0, ())
        for record in batch.rows:
            assert_sound(record, record.context_length)
            assert record.supports_tools != "uncertain"
        seen += len(rows)
    assert seen > 1000


def test_the_providers_come_in_whole() -> None:
    data = captured("openrouter/providers-20260522.json").read_bytes()
    batch = parse_providers(data)
    assert [record.slug for record in batch.rows] == [row["slug"] for row in json.loads(data)["data"]]
    assert (batch.skipped, batch.problems) == (0, ())


@pytest.mark.parametrize("path", files("*/*.json"), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_answer_of_anybody_does_worse_than_fail_the_refresh(path: Path) -> None:
    data = path.read_bytes()
    for parse in (parse_models, parse_providers, lambda data: parse_endpoints(data, ModelKey("a", "b"))):
        with suppress(ImportFailedError):
            parse(data)
