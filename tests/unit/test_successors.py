"""What took the place of ids that are listed no more: learned in passing, asked for where it is needed, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from ploked.catalog import MOST_SOUGHT
from ploked.importers.base import Batch
from ploked.store.sqlite import SqliteStore
from ploked.successors import Successors
from ploked_protocol.catalog import ModelRecord, SuccessorRecord
from records import endpoint, model
from unit.test_catalog import World

GONE, NOW = "a/one-preview", "a/one"


def answer_of(id_: str) -> Batch[object]:
    return Batch([endpoint(GONE, "acme")], answers_for=id_)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.catalog.aclose()


def called(id_: str, slug: str) -> ModelRecord:
    return replace(model(id_), canonical_slug=slug)


async def test_an_answer_about_another_id_than_was_asked_for_names_the_successor(world: World) -> None:
    await world.knows(models=[model(GONE), model(NOW)])
    world.upstream.answers[GONE] = answer_of(NOW)
    await world.catalog.endpoints(GONE)
    assert world.catalog.successor(GONE) is None  # while it is listed, nothing took its place

    world.sends("models", model(NOW))
    await world.catalog.refresh_models()
    assert world.catalog.successor(GONE) == NOW


async def test_an_id_that_is_taken_off_the_list_means_what_goes_by_its_canonical_slug_in_the_same_variant(
    world: World,
) -> None:
    await world.knows(models=[called(GONE, "a/one-2025"), called(f"{GONE}:free", "a/one-2025")])
    world.sends("models", called("b/other:free", "a/one-2025"), called("b/other", "a/one-2025"))
    await world.catalog.refresh_models()
    assert world.catalog.successor(GONE) == "b/other"
    assert world.catalog.successor(f"{GONE}:free") == "b/other:free"
    assert world.catalog.successor("a/one-nobody-knows") is None


async def test_a_successor_that_has_gone_too_leads_to_its_own(world: World) -> None:
    await world.knows(models=[called(GONE, "a/one-2025")])
    for id_ in ("b/other", "c/third"):
        world.sends("models", called(id_, "a/one-2025"))
        await world.catalog.refresh_models()
    assert (world.catalog.successor(GONE), world.catalog.successor("b/other")) == ("c/third", "c/third")


def test_ids_that_name_each_other_lead_nowhere() -> None:
    successors = Successors()
    successors.restore([SuccessorRecord("a/x", "a/y", "test"), SuccessorRecord("a/y", "a/x", "test")])
    assert successors.of("a/x", {"a/z"}) is None
    assert successors.of("a/x", {"a/y"}) == "a/y"


async def test_what_is_known_outlasts_the_daemon(tmp_path: Path) -> None:
    first = World(SqliteStore(tmp_path / "catalog.db"))
    await first.knows(models=[model(NOW), called("b/old", "b-2025")])
    first.upstream.answers[GONE] = answer_of(NOW)
    first.catalog.touch_successor(GONE)
    await first.settle()
    first.sends("models", model(NOW), called("b/new", "b-2025"))
    await first.catalog.refresh_models()
    await first.catalog.aclose()

    second = World(SqliteStore(tmp_path / "catalog.db"))
    await second.catalog.start()
    assert (second.catalog.successor(GONE), second.catalog.successor("b/old")) == (NOW, "b/new")
    await second.catalog.aclose()


class TestAskingForAnIdThatIsNotListed:
    async def test_tells_who_took_its_place_and_holds_no_endpoints_of_it(self, world: World) -> None:
        await world.knows(models=[model(NOW)])
        world.upstream.answers[GONE] = answer_of(NOW)
        world.catalog.touch_successor(f"{GONE}:nitro")
        await world.settle()
        assert world.catalog.successor(GONE) == NOW
        (told,) = world.changes
        assert (told.outcome, told.model, told.message) == ("updated", GONE, f"{NOW} took the place of {GONE}.")
        assert (world.catalog.endpoints_now(GONE), world.catalog.endpoint_count) == (None, 0)

    async def test_is_done_once_for_each_model_list(self, world: World) -> None:
        await world.knows(models=[model(NOW)])
        for _ in range(3):
            world.catalog.touch_successor(GONE)
            await world.settle()
        assert world.upstream.asked == [GONE]
        assert (world.changes, world.catalog.successor(GONE)) == ([], None)

        world.sends("models", model(NOW))
        await world.catalog.refresh_models()
        world.catalog.touch_successor(GONE)
        await world.settle()
        assert world.upstream.asked == [GONE, "models", GONE]

    @pytest.mark.parametrize("id_", [NOW, f"{NOW}:nitro", "no id", "@preset/x", "openrouter/new", "~a/one-latest"])
    async def test_is_not_done_for_what_is_listed_or_what_no_list_has(self, world: World, id_: str) -> None:
        await world.knows(models=[model(NOW)])
        world.catalog.touch_successor(id_)
        await world.settle()
        assert world.upstream.asked == []

    async def test_is_not_done_without_a_list_nor_while_the_upstream_wants_to_be_left_alone(self, world: World) -> None:
        world.catalog.touch_successor(GONE)
        await world.knows(models=[model(NOW)])
        world.fails("a/other", retry_after_s=60)
        world.catalog.touch_successor("a/other")
        await world.settle()
        world.catalog.touch_successor(GONE)
        await world.settle()
        assert world.upstream.asked == ["a/other"]

    async def test_is_not_done_for_ever_more_ids(self, world: World) -> None:
        await world.knows(models=[model(NOW)])
        for number in range(2 * MOST_SOUGHT):
            world.catalog.touch_successor(f"a/typed-{number}")
        await world.settle()
        assert len(world.upstream.asked) == MOST_SOUGHT

    async def test_ends_with_the_catalog(self, world: World) -> None:
        await world.knows(models=[model(NOW)])
        world.upstream.gate.clear()
        world.catalog.touch_successor(GONE)
        while not world.upstream.asked:
            await asyncio.sleep(0)
        await world.catalog.aclose()
        await world.settle()
        assert world.changes == []


def test_a_later_fact_about_an_id_counts_and_only_it_is_news() -> None:
    successors = Successors()
    row = SuccessorRecord(GONE, NOW, "test")
    assert [successors.take(each) for each in (row, row, replace(row, successor="a/two"))] == [True, False, True]
    assert successors.of(GONE, {NOW, "a/two"}) == "a/two"
