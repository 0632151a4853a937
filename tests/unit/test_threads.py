"""Threads are shared out among sessions: whoever floods them keeps only its own work waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import copy_context
from threading import Event, Lock
from typing import Any

import pytest
from ploked.logs import SESSION
from ploked.threads import EACH, MOST, FairThreads, think

PATIENCE_S = 30.0


@pytest.fixture
def threads() -> Iterator[FairThreads]:
    """Give threads that end with the test."""
    with FairThreads() as threads:
        yield threads


def submit(threads: FairThreads, session: int | None, call: Any) -> Any:
    def in_session() -> Any:
        SESSION.set(session)
        return threads.submit(call)

    return copy_context().run(in_session)


def test_a_session_that_floods_keeps_no_other_waiting(threads: FairThreads) -> None:
    go_on = Event()
    flood = [submit(threads, 1, lambda: go_on.wait(PATIENCE_S)) for _ in range(200)]
    others = [submit(threads, session, lambda: "done") for session in (2, 3, None)]
    assert [one.result(PATIENCE_S) for one in others] == ["done"] * 3
    assert not any(one.done() for one in flood)
    go_on.set()
    assert all(one.result(PATIENCE_S) for one in flood)


def test_no_session_has_more_threads_than_its_share(threads: FairThreads) -> None:
    at_work: list[int] = []
    most, lock = [0], Lock()

    def work() -> None:
        with lock:
            at_work.append(1)
            most[0] = max(most[0], len(at_work))
        Event().wait(0.001)
        with lock:
            at_work.pop()

    for one in [submit(threads, 1, work) for _ in range(100)]:
        one.result(PATIENCE_S)
    assert most[0] <= EACH


def test_the_work_of_a_session_is_done_in_the_order_in_which_it_came(threads: FairThreads) -> None:
    done: list[int] = []
    go_on = Event()
    for _ in range(EACH - 1):
        submit(threads, 1, lambda: go_on.wait(PATIENCE_S))
    for one in [submit(threads, 1, lambda number=number: done.append(number)) for number in range(50)]:
        one.result(PATIENCE_S)
    go_on.set()
    assert done == list(range(50))


def test_what_is_of_no_session_is_not_limited(threads: FairThreads) -> None:
    go_on, there = Event(), [Event() for _ in range(MOST)]
    for one in there:
        submit(threads, None, lambda one=one: (one.set(), go_on.wait(PATIENCE_S)))
    assert all(one.wait(PATIENCE_S) for one in there)
    go_on.set()


def test_an_error_goes_to_who_waits_and_the_line_goes_on(threads: FairThreads) -> None:
    failed = [submit(threads, 1, lambda: 1 / 0) for _ in range(3 * EACH)]
    good = submit(threads, 1, lambda: "done")
    for one in failed:
        with pytest.raises(ZeroDivisionError):
            one.result(PATIENCE_S)
    assert good.result(PATIENCE_S) == "done"


def test_what_is_cancelled_before_its_turn_is_never_done(threads: FairThreads) -> None:
    go_on, done = Event(), []
    for _ in range(EACH):
        submit(threads, 1, lambda: go_on.wait(PATIENCE_S))
    unwanted = submit(threads, 1, lambda: done.append("unwanted"))
    wanted = submit(threads, 1, lambda: done.append("wanted"))
    assert unwanted.cancel()
    go_on.set()
    wanted.result(PATIENCE_S)
    assert done == ["wanted"]


async def test_who_thinks_still_knows_whose_thought_it_is() -> None:
    SESSION.set(7)
    assert await asyncio.gather(*(think(lambda n=n: (SESSION.get(), n)) for n in range(20))) == [
        (7, n) for n in range(20)
    ]
