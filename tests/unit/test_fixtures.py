"""The payloads of `fixtures/`: whole, labelled, and true to the captures in everything but the descriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from captures import captured, requires_captures
from ploked_fixtures import carry_over
from ploked_fixtures.catalog import PAYLOADS
from ploked_fixtures.describe import LIMIT
from ploked_fixtures.quirks import load_quirks
from ploked_fixtures.wire import RawJson

Row = dict[str, Any]


def load(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


MODELS: list[Row] = load("models.json")["data"]
OTHER_MODALITIES: list[Row] = load("models-all.json")["data"]
ANSWERS: dict[str, Row] = load("endpoints.json")
PROVIDERS: list[Row] = load("providers.json")["data"]
ENDPOINTS = [endpoint for answer in ANSWERS.values() for endpoint in answer["endpoints"]]


def facts(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "description"}


class TestShape:
    def test_the_list_says_how_many_rows_it_has(self) -> None:
        assert load("models.json")["total_count"] == len(MODELS) > 400

    def test_ids_are_unique_over_both_lists(self) -> None:
        ids = [row["id"] for row in (*MODELS, *OTHER_MODALITIES)]
        assert len(ids) == len(set(ids))

    def test_prices_are_texts(self) -> None:
        for row in (*MODELS, *OTHER_MODALITIES, *ENDPOINTS):
            assert isinstance(row["pricing"]["prompt"], str)
            assert isinstance(row["pricing"]["completion"], str)

    def test_every_endpoint_has_a_tag_and_names_its_provider(self) -> None:
        assert all(endpoint["tag"] and endpoint["provider_name"] for endpoint in ENDPOINTS)

    def test_answers_are_keyed_by_the_id_they_name(self) -> None:
        assert [key for key, answer in ANSWERS.items() if answer["id"] != key] == []

    def test_provider_slugs_are_unique(self) -> None:
        assert len({row["slug"] for row in PROVIDERS}) == len(PROVIDERS) > 80

    def test_descriptions_are_short_sentences(self) -> None:
        for row in (*MODELS, *OTHER_MODALITIES, *ANSWERS.values()):
            assert 40 <= len(row["description"]) <= LIMIT, row["id"]
            assert row["description"].endswith("."), row["id"]

    def test_most_descriptions_of_models_are_long_enough_to_search_in(self) -> None:
        assert sum(len(row["description"]) >= 120 for row in MODELS) > 0.95 * len(MODELS)

    def test_the_tree_stays_small(self) -> None:
        assert sum(path.stat().st_size for path in PAYLOADS.iterdir()) < 2_500_000


class TestQuirks:
    def test_labels_are_unique(self) -> None:
        labels = [quirk.label for quirk in load_quirks()]
        assert len(labels) == len(set(labels)) > 150

    def test_each_says_where_it_is_from_and_why_it_is_there(self) -> None:
        for quirk in load_quirks():
            assert quirk.source in {"seen", "spec", "made up"}, quirk.label
            assert quirk.kind in {"model", "endpoints", "provider"}, quirk.label
            assert quirk.expect in {"kept", "skipped"}, quirk.label
            assert quirk.why, quirk.label

    def test_only_made_up_rows_are_skipped(self) -> None:
        assert {quirk.source for quirk in load_quirks() if quirk.expect == "skipped"} == {"made up"}

    def test_raw_ones_are_json_texts(self) -> None:
        raw = [quirk.payload for quirk in load_quirks() if not quirk.readable]
        assert raw
        assert all(isinstance(text, RawJson) and isinstance(json.loads(text), dict) for text in raw)


def captured_models() -> dict[str, Row]:
    """Return every captured row by id, the newest of each."""
    rows: dict[str, Row] = {}
    for date in carry_over.MODEL_LISTS:
        for row in json.loads(captured(f"openrouter/models-{date}.json").read_text(encoding="utf-8"))["data"]:
            rows.setdefault(row["id"], row)
    return rows


def captured_endpoints() -> Iterator[Row]:
    """Yield every captured endpoint object with its model id; the recorder's own keys are left out."""
    for path in sorted(captured("openrouter").glob("endpoints*/*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        yield from ({"model_id": data["id"], **endpoint} for endpoint in data["endpoints"])
    for path in sorted(captured("openrouter").glob("endpoint-objects*.json")):
        for endpoint in json.loads(path.read_text(encoding="utf-8")):
            yield {key: value for key, value in endpoint.items() if key not in carry_over.RECORDER_KEYS}


def captured_descriptions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "description" and isinstance(item, str):
                yield item
            else:
                yield from captured_descriptions(item)
    elif isinstance(value, list):
        for item in value:
            yield from captured_descriptions(item)


def runs_of_eight(text: str) -> set[tuple[str, ...]]:
    words = [word.strip(".,;:()[]*\"'").lower() for word in text.split()]
    return {tuple(words[n : n + 8]) for n in range(len(words) - 7)}


@requires_captures
class TestAgainstTheCaptures:
    def test_every_current_model_is_there(self) -> None:
        path = captured("openrouter/models-20260822.json")
        current = [row["id"] for row in json.loads(path.read_text(encoding="utf-8"))["data"]]
        assert [row["id"] for row in MODELS[: len(current)]] == current

    def test_facts_of_models_are_those_of_their_newest_capture(self) -> None:
        newest = captured_models()
        for row in (*MODELS, *OTHER_MODALITIES):
            assert facts(row) == facts(newest[row["id"]])

    def test_every_model_with_captured_endpoints_is_there(self) -> None:
        assert {endpoint["model_id"] for endpoint in captured_endpoints()} <= ANSWERS.keys()

    def test_facts_of_endpoints_are_those_of_a_capture(self) -> None:
        by_tag: dict[tuple[str, str], list[Row]] = {}
        for endpoint in captured_endpoints():
            by_tag.setdefault((endpoint["model_id"], endpoint["tag"]), []).append(endpoint)
        for answer in ANSWERS.values():
            for endpoint in answer["endpoints"]:
                ours = {"model_id": answer["id"], **endpoint}
                sources = by_tag[answer["id"], endpoint["tag"]]
                assert any(all(ours[key] == fact for key, fact in source.items()) for source in sources), ours

    def test_providers_are_those_of_the_capture(self) -> None:
        path = captured("openrouter/providers-20260522.json")
        assert json.loads(path.read_text(encoding="utf-8"))["data"] == PROVIDERS

    def test_no_description_repeats_eight_words_of_a_captured_one(self) -> None:
        theirs: set[tuple[str, ...]] = set()
        for path in captured("openrouter").rglob("*.json"):
            for text in captured_descriptions(json.loads(path.read_text(encoding="utf-8"))):
                theirs |= runs_of_eight(text)
        quirks = list(captured_descriptions([quirk.payload for quirk in load_quirks()]))
        ours = [row["description"] for row in (*MODELS, *OTHER_MODALITIES, *ANSWERS.values())]
        assert [text for text in (*ours, *quirks) if runs_of_eight(text) & theirs] == []

    def test_the_generator_writes_what_is_committed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(carry_over, "PAYLOADS", tmp_path)
        assert carry_over.main([str(captured("."))]) == 0
        for path in tmp_path.iterdir():
            assert path.read_bytes() == (PAYLOADS / path.name).read_bytes(), path.name
