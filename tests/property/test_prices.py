"""Prices at a prompt size and an hour: the rules of the upstream, against a slow reference that walks the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ploked.routing.prices import Fact, prices_at
from ploked_protocol.catalog import PriceOverride, Pricing
from ploked_protocol.money import Money

KEYS = ("prompt", "completion", "input_cache_read")
NOON = datetime(2026, 8, 22, 12, 0, tzinfo=UTC)

amounts = st.decimals(0, 1, places=6).map(Money)
hhmm = st.builds(lambda hour, minute: hour * 100 + minute, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
overrides = st.builds(
    PriceOverride,
    min_prompt_tokens=st.none() | st.integers(0, 4),
    utc_start=st.none() | hhmm,
    utc_end=st.none() | hhmm | st.just(2400),
    prices=st.dictionaries(st.sampled_from(KEYS), amounts),
)
pricings = st.builds(
    Pricing.per_token,
    st.none() | amounts,
    st.none() | amounts,
    other=st.dictionaries(st.just("input_cache_read"), amounts),
    overrides=st.lists(overrides, max_size=4).map(tuple),
)
times = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


def open_minutes(override: PriceOverride) -> set[int]:
    """Return the minutes of the day at which a window is open, walked one by one from its start."""
    if override.utc_start is None and override.utc_end is None:
        return set(range(1440))
    start, end = override.utc_start or 0, 2400 if override.utc_end is None else override.utc_end
    minute, last = start // 100 * 60 + start % 100, end // 100 * 60 + end % 100
    walked = set()
    while minute != last:
        walked.add(minute)
        minute += 1
        if minute == 1440 and last != 1440:
            minute = 0
    return walked


def reference(pricing: Pricing, prompt_tokens: int | None, at: datetime) -> dict[str, tuple[Money, str]]:
    listed = {"prompt": pricing.prompt_per_token, "completion": pricing.completion_per_token, **pricing.other}
    found = {}
    for key in KEYS:
        if (price := listed.get(key)) is not None:
            found[key] = (price, f"pricing.{key}")
        for index in range(len(pricing.overrides)):
            override = pricing.overrides[index]
            long = override.min_prompt_tokens is None or (prompt_tokens or 0) > override.min_prompt_tokens
            if override.min_prompt_tokens is not None and prompt_tokens is None:
                long = False
            if long and at.hour * 60 + at.minute in open_minutes(override) and key in override.prices:
                found[key] = (override.prices[key], f"pricing.overrides[{index}].{key}")
    return found


@given(pricings, st.none() | st.integers(0, 6), times)
@example(
    Pricing.per_token(Money(1), Money(2), overrides=(PriceOverride(None, 2200, 100, {"prompt": Money(3)}),)),
    None,
    datetime(2026, 8, 22, 0, 59, tzinfo=UTC),
)
def test_it_agrees_with_a_reference_that_walks_the_clock(
    pricing: Pricing, prompt_tokens: int | None, at: datetime
) -> None:
    found = prices_at(pricing, prompt_tokens, at)
    assert {key: (fact.price, fact.fact) for key, fact in found.items()} == reference(pricing, prompt_tokens, at)


@given(pricings, st.integers(0, 6), times, st.integers(-12, 12))
def test_the_hour_is_that_of_utc(pricing: Pricing, prompt_tokens: int, at: datetime, offset: int) -> None:
    elsewhere = at.astimezone(timezone(timedelta(hours=offset)))
    assert prices_at(pricing, prompt_tokens, elsewhere) == prices_at(pricing, prompt_tokens, at)


def override(prompt: str, **conditions: int) -> PriceOverride:
    return PriceOverride(prices={"prompt": Money(prompt)}, **conditions)


def priced(*entries: PriceOverride) -> Pricing:
    return Pricing.per_token(Money(1), Money(2), other={"request": Money("0.01")}, overrides=entries)


def test_an_override_by_length_holds_strictly_above_its_length() -> None:
    pricing = priced(override("3", min_prompt_tokens=1000))
    assert prices_at(pricing, 1000, NOON)["prompt"] == Fact(Money(1), "pricing.prompt")
    assert prices_at(pricing, 1001, NOON)["prompt"] == Fact(Money(3), "pricing.overrides[0].prompt")
    assert prices_at(pricing, 1001, NOON)["completion"] == Fact(Money(2), "pricing.completion")
    assert prices_at(pricing, 1001, NOON)["request"] == Fact(Money("0.01"), "pricing.request")


@pytest.mark.parametrize(
    ("hour", "minute", "price"), [(21, 59, 1), (22, 0, 3), (23, 59, 3), (0, 0, 3), (0, 59, 3), (1, 0, 1), (12, 0, 1)]
)
def test_a_window_is_half_open_and_may_wrap_midnight(hour: int, minute: int, price: int) -> None:
    pricing = priced(override("3", utc_start=2200, utc_end=100))
    assert prices_at(pricing, None, NOON.replace(hour=hour, minute=minute))["prompt"].price == price


def test_of_overrides_that_hold_at_once_the_last_wins() -> None:
    pricing = priced(override("3", min_prompt_tokens=10), override("4", min_prompt_tokens=20))
    assert [prices_at(pricing, size, NOON)["prompt"].price for size in (10, 11, 21)] == [1, 3, 4]


def test_a_price_that_changes_by_the_hour_is_marked_where_no_window_says_what_it_is_now() -> None:
    by_hour = priced(override("3", utc_start=100, utc_end=200))
    assert prices_at(by_hour, None, NOON)["prompt"] == Fact(Money(1), "pricing.prompt", by_hour=True)
    assert not prices_at(by_hour, None, NOON)["completion"].by_hour
    assert not prices_at(by_hour, None, NOON.replace(hour=1))["prompt"].by_hour


def test_windows_around_the_clock_leave_nothing_to_the_hour_of_the_fetch() -> None:
    pricing = priced(override("3", utc_start=1000, utc_end=100), override("4", utc_start=100, utc_end=1000))
    assert {prices_at(pricing, None, NOON.replace(hour=hour))["prompt"].by_hour for hour in range(24)} == {False}


def test_a_price_that_is_not_known_is_not_there() -> None:
    assert prices_at(Pricing(varies=True), 5, NOON) == {}
    assert prices_at(Pricing.per_token(Money(Decimal(0)), None), 5, NOON) == {
        "prompt": Fact(Money(0), "pricing.prompt")
    }
