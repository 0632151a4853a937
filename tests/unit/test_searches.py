"""Searches at once and in a thread, and the end of those that nobody waits for any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from ploked.search.index import Found, SearchIndex
from ploked.searches import Searches
from records import models

NOTHING = Found([], [], 0, SearchIndex().held)


@pytest.fixture
def searches() -> Iterator[Searches]:
    searches = Searches()
    yield searches
    searches.close()


class Held:
    """A search that goes on until it is let go, asking now and then whether it should."""

    def __init__(self) -> None:
        self.begun, self.let_go, self.ended = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, *, check: Callable[[], None] = lambda: None) -> Found:
        self.begun.set()
        try:
            while not self.let_go.wait(0.001):
                check()
        finally:
            self.ended.set()
        return NOTHING


def run(searches: Searches, search: Held) -> asyncio.Future[int]:
    """Begin a long search."""
    work = searches.run(search, lambda found: found.total, long=True)
    assert asyncio.iscoroutine(work)
    return asyncio.ensure_future(work)


async def begun(search: Held) -> None:
    await asyncio.to_thread(search.begun.wait, 10)


def test_a_short_search_is_answered_at_once(searches: Searches) -> None:
    assert searches.run(lambda **_: NOTHING, lambda found: found.total, long=False) == 0


async def test_the_event_loop_goes_on_while_a_long_one_is_made(searches: Searches) -> None:
    search = Held()
    task = run(searches, search)
    await begun(search)
    search.let_go.set()
    assert await task == 0


async def test_a_cancelled_one_ends_in_the_middle_and_the_next_begins(searches: Searches) -> None:
    first, never, last = Held(), Held(), Held()
    tasks = [run(searches, search) for search in (first, never, last)]
    await begun(first)
    for task in tasks[:2]:
        task.cancel()
    await begun(last)
    assert first.ended.is_set()
    assert not never.begun.is_set()
    last.let_go.set()
    assert await tasks[2] == 0
    assert [task.cancelled() for task in tasks] == [True, True, False]


async def test_what_is_found_is_the_same_in_both_ways(searches: Searches) -> None:
    index = SearchIndex()
    index.update(models(20), lambda _: None)

    def search(*, check: Callable[[], None] = lambda: None) -> Found:
        return index.search("model 1", 5, check=check)

    at_once = searches.run(search, lambda found: found.ids, long=False)
    behind = searches.run(search, lambda found: found.ids, long=True)
    assert asyncio.iscoroutine(behind)
    assert await behind == at_once
