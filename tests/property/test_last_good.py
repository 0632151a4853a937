"""Whatever an upstream sends, in whatever order: good rows stay, and a failing upstream is not hammered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ploked.importers.base import Batch
from ploked.lastgood import LONGEST_DELAY_S, LastGood
from ploked_protocol.catalog import ModelRecord
from records import FakeClock, models

TTL_S = 3600.0

answers = st.none() | st.integers(0, 200)
"""How many models come; None when the fetch fails."""


def new(clock: FakeClock) -> LastGood[ModelRecord]:
    return LastGood("models", "scripted", lambda row: row.id, lambda: TTL_S, clock)


@given(st.lists(answers, max_size=30))
def test_rows_once_known_never_vanish_behind_peoples_backs(sent: list[int | None]) -> None:
    held = new(FakeClock())
    for count in sent:
        before = held.rows or []
        refreshed = held.fail("down") if count is None else held.take(Batch(models(count)), by_hand=False)

        now = held.rows or []
        assert refreshed.count == len(now)
        assert (refreshed.outcome == "failed") == (refreshed.freshness.error is not None)
        if refreshed.outcome == "failed":
            assert now == before
        assert len(now) * 2 >= len(before) or len(before) - len(now) < 20
        assert now or not before
        assert [row.id for row in before if row.id not in refreshed.removed] == [
            row.id for row in now if row.id not in refreshed.added
        ]


@given(st.lists(st.tuples(answers, st.integers(0, 4 * int(LONGEST_DELAY_S))), max_size=60))
def test_an_upstream_is_asked_again_only_after_a_pause(steps: list[tuple[int | None, int]]) -> None:
    """Ask whenever it is due, as if somebody typed all day: each failure is followed by half a minute of peace."""
    clock = FakeClock()
    held = new(clock)
    last_failure_s = last_success_s = float("-inf")
    for count, wait_s in steps:
        clock.advance(wait_s)
        now_s = clock.monotonic_s()
        if not held.due:
            assert now_s - last_success_s < TTL_S or now_s - last_failure_s < LONGEST_DELAY_S
            continue
        assert now_s - last_failure_s >= 30
        assert now_s - last_success_s >= TTL_S
        refreshed = held.fail("down") if count is None else held.take(Batch(models(count)), by_hand=False)
        if refreshed.outcome == "failed":
            last_failure_s = now_s
        else:
            last_success_s = now_s
