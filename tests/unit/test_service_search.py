"""How the service answers searches in a catalog of very many models."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from ploked.progress import NoProgress
from ploked.search.index import SearchIndex
from ploked.search.query.columns import MAX_CHANGED
from ploked.searches import MANY_COLD, MANY_MODELS
from ploked.service import RegistryService
from ploked.settings import Settings
from ploked_protocol import picks, plans, queries
from ploked_protocol.catalog import Freshness
from ploked_protocol.errors import UnknownModel
from ploked_protocol.queries import Refreshed, SearchModelsParams, SearchModelsResult
from ploked_protocol.searching import CompleteQueryParams, CompleteQueryResult
from ploked_protocol.wire import encode
from records import models

NOWHERE = "http://127.0.0.1:9/api/v1"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[RegistryService]:
    service = RegistryService.create(
        Settings(tmp_path / "config.toml", tmp_path, tmp_path, NOWHERE, tmp_path / "keys.json", None)
    )
    yield service
    await service.aclose()


async def test_few_models_are_searched_at_once(service: RegistryService) -> None:
    service.index.update(models(MANY_MODELS), lambda _: None)
    service.index.warm()
    assert isinstance(service.search_models(SearchModelsParams(query="model-77")), SearchModelsResult)
    assert isinstance(service.complete_query(CompleteQueryParams(query="to")), CompleteQueryResult)


async def test_what_is_not_laid_out_yet_is_searched_behind_the_other_requests(service: RegistryService) -> None:
    service.index.update(models(MANY_COLD), lambda _: None)
    assert isinstance(service.search_models(SearchModelsParams(query="model-77")), SearchModelsResult)
    service.index.update(models(MANY_COLD + 1), lambda _: None)
    searching = service.search_models(SearchModelsParams(query="-free"))
    assert asyncio.iscoroutine(searching)
    assert (await searching).total == MANY_COLD + 1


async def test_what_came_model_by_model_is_laid_out_with_all_else_once_it_is_much(service: RegistryService) -> None:
    many = models(MAX_CHANGED + 1)
    service.index.update(many, lambda _: None)
    for model in many:
        assert not service.index.is_crowded
        service.index.take_endpoints(model.id, [])
    assert service.index.is_crowded
    service.catalog.on_change(refreshed_endpoints(many[0].id))
    async with asyncio.timeout(10):
        while service.index.is_crowded or service.index.is_cold:
            await asyncio.sleep(0)


def refreshed_endpoints(model_id: str) -> Refreshed:
    freshness = Freshness(source="test", refreshed_at=None, age_s=0, stale=False)
    return Refreshed(kind="endpoints", outcome="updated", count=0, skipped=0, freshness=freshness, model=model_id)


@pytest.mark.parametrize("count", [20, MANY_MODELS + 1])
async def test_completion_of_a_model_finds_the_same_and_many_models_off_the_event_loop(
    service: RegistryService, count: int
) -> None:
    service.index.update(models(count), lambda _: None)
    service.index.warm()
    expected = service.index.search("model-1", 60).ids
    threads = noted(service.index, "search")
    assert await service.find_models("model-1", 60) == expected
    assert [thread == threading.get_ident() for thread in threads] == [count == 20]


UNKNOWN = "author/model-x"
NOBODY: Any = None
"""An editor that is never asked: the model comes first."""


@pytest.mark.parametrize(
    "ask",
    [
        lambda service: service.list_endpoints(queries.ListEndpointsParams(UNKNOWN), NoProgress()),
        lambda service: service.refresh_catalog(queries.RefreshCatalogParams(UNKNOWN), NoProgress()),
        lambda service: service.route_plan(plans.RoutePlanParams(UNKNOWN), NoProgress()),
        lambda service: service.effective_profile(plans.EffectiveProfileParams(UNKNOWN)),
        lambda service: service.record_pick(picks.RecordPickParams(UNKNOWN)),
        lambda service: service.set_favourite(picks.SetFavouriteParams(UNKNOWN, favourite=True)),
        lambda service: service.select_endpoints(queries.SelectEndpointsParams(UNKNOWN, []), NOBODY),
        lambda service: service.set_default_profile(queries.SetDefaultProfileParams("p", UNKNOWN), NOBODY),
    ],
)
async def test_what_an_unknown_id_may_mean_is_looked_for_off_the_event_loop(
    service: RegistryService, ask: Callable[[RegistryService], Awaitable[object]]
) -> None:
    service.index.update(models(20), lambda _: None)
    threads = noted(service.index, "closest")
    with pytest.raises(UnknownModel) as raised:
        await ask(service)
    assert raised.value.data.suggestions == service.index.closest(UNKNOWN)
    assert threads[0] != threading.get_ident()


def noted(index: SearchIndex, name: str) -> list[int]:
    """Take note of the threads in which a method of the index is called."""
    threads: list[int] = []
    method = getattr(index, name)

    def noting(*args: object, **options: object) -> object:
        threads.append(threading.get_ident())
        return method(*args, **options)

    setattr(index, name, noting)
    return threads


async def test_many_models_are_searched_behind_the_other_requests(service: RegistryService) -> None:
    service.index.update(models(MANY_MODELS + 1), lambda _: None)
    searching = service.search_models(SearchModelsParams(query="model-77", limit=1))
    assert asyncio.iscoroutine(searching)
    result = await searching
    assert result.total == len([number for number in range(MANY_MODELS + 1) if "77" in str(number)[:2]])
    assert b'{"rows":[{"id":"author/model-77",' in encode(result)
