"""Which endpoints keep no data: the upstream's list, which may fail in any way and only leaves the fact unknown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ploked.importers.base import ImportFailedError
from ploked.importers.http import Fetcher
from ploked.importers.openrouter import OpenRouterImporter, parse_endpoints
from ploked.importers.zdr import parse_zdr
from ploked_fixtures.catalog import ZDR_PROVIDERS
from ploked_fixtures.serve import RunningUpstream
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import ModelKey
from ploked_protocol.wire import encode

MODEL = ModelKey.parse("deepseek/deepseek-v3.2")
LIST = "/endpoints/zdr"


@pytest.fixture
async def importer(upstream: RunningUpstream) -> AsyncIterator[OpenRouterImporter]:
    found = OpenRouterImporter(Fetcher(upstream.url))
    yield found
    await found.aclose()


def by_tag(rows: list[EndpointRecord]) -> dict[str, bool | None]:
    return {row.key.tag: row.zdr for row in rows}


def asked(upstream: RunningUpstream) -> list[str]:
    return [request["path"].removeprefix("/api/v1") for request in upstream.log]


async def test_endpoints_are_marked_by_the_list_that_came_with_the_models(
    importer: OpenRouterImporter, upstream: RunningUpstream
) -> None:
    await importer.refresh_models()
    rows = (await importer.refresh_endpoints(MODEL)).rows
    assert set(by_tag(rows).values()) == {True, False}
    assert all(row.zdr == (row.provider in ZDR_PROVIDERS) for row in rows)
    assert asked(upstream).count(LIST) == 1


async def test_after_a_start_with_fresh_models_the_first_endpoints_bring_the_list(
    importer: OpenRouterImporter, upstream: RunningUpstream
) -> None:
    await importer.refresh_endpoints(MODEL)
    rows = (await importer.refresh_endpoints(MODEL)).rows
    assert None not in by_tag(rows).values()
    assert asked(upstream).count(LIST) == 1


@pytest.mark.parametrize("fault", ["500", "404-availability", "not-json", "empty-list", "wrong-types", "html", "empty"])
async def test_a_list_that_cannot_be_had_leaves_the_fact_unknown_and_fails_nothing(
    importer: OpenRouterImporter, upstream: RunningUpstream, fault: str
) -> None:
    upstream.faults.add(fault, path=LIST)
    assert (await importer.refresh_models()).rows
    assert set(by_tag((await importer.refresh_endpoints(MODEL)).rows).values()) == {None}
    assert asked(upstream).count(LIST) == 1


async def test_the_last_list_holds_where_the_next_one_fails(
    importer: OpenRouterImporter, upstream: RunningUpstream
) -> None:
    await importer.refresh_models()
    upstream.faults.add("500", path=LIST)
    await importer.refresh_models()
    assert True in by_tag((await importer.refresh_endpoints(MODEL)).rows).values()


async def test_models_that_fail_do_not_wait_for_the_list(
    importer: OpenRouterImporter, upstream: RunningUpstream
) -> None:
    upstream.faults.add("500", path="/models")
    upstream.faults.add("latency", path=LIST, seconds=60)
    with pytest.raises(ImportFailedError):
        await importer.refresh_models()


async def test_cached_endpoints_are_marked_anew_by_a_list_and_let_be_without_one(
    importer: OpenRouterImporter, upstream: RunningUpstream
) -> None:
    rows = (await importer.refresh_endpoints(MODEL)).rows
    unknown = parse(*by_tag(rows))
    assert by_tag(importer.marked(unknown)) == by_tag(rows)
    assert OpenRouterImporter(Fetcher(upstream.url)).marked(rows) == rows


def test_a_tag_that_ends_in_zdr_says_so_itself() -> None:
    assert by_tag(parse("xai/zdr", "xai")) == {"xai/zdr": True, "xai": None}


def test_unreadable_rows_of_the_list_are_left_out() -> None:
    rows: list[Any] = [None, 7, {}, {"model_id": 1, "tag": "x"}, {"model_id": "a/b"}, {"model_id": "a/b", "tag": "x"}]
    assert parse_zdr(encode({"data": rows})) == {("a/b", "x")}


def parse(*tags: str) -> list[EndpointRecord]:
    return parse_endpoints(encode({"data": {"endpoints": [{"tag": tag} for tag in tags]}}), MODEL).rows
