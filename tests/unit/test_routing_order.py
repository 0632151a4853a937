"""In which order the upstream tries endpoints, and what share of the requests each is likely to get first."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from ploked.routing.effective import effective
from ploked.routing.order import try_order
from ploked_protocol.catalog import EndpointRecord, Percentiles, PriceOverride
from ploked_protocol.money import Money
from ploked_protocol.plans import RoutePlanParams, TryOrder
from routing_cases import KIMI, NOW, endpoint, prefs_of

AT = "2026-08-22T12:00:00+00:00"


def row(tag: str, prompt: str | None = "1", completion: str | None = "2", **facts: Any) -> EndpointRecord:
    return msgspec.structs.replace(endpoint(tag, usd_per_1m=(prompt, completion)), **facts)


def fast(tag: str, tokens_per_s: float | None, **rest: float) -> EndpointRecord:
    return row(tag, throughput_tps=Percentiles(p50=tokens_per_s, **rest))


def quick(tag: str, ms: float | None, **rest: float) -> EndpointRecord:
    return row(tag, latency_ms=Percentiles(p50=ms, **rest))


def tried(
    *rows: EndpointRecord, text: str = "", model: str = KIMI, **call: Any
) -> tuple[list[str], TryOrder, list[float | None]]:
    asked = effective(prefs_of(text), KIMI, RoutePlanParams(model=model, at=AT, **call), now=NOW)
    found, how, shares = try_order(rows, asked)
    return [each.key.tag for each in found], how, shares


def routing(**values: str) -> str:
    return "[registry.routing]\n" + "\n".join(f"{name} = {value}" for name, value in values.items())


def test_without_wishes_the_cheapest_prompt_is_likeliest_by_the_inverse_square_of_the_price() -> None:
    tags, how, shares = tried(row("c", "3"), row("a", "1"), row("b", "2"))
    assert (tags, how.by, how.estimate) == (["a", "b", "c"], "default", True)
    assert shares == pytest.approx([36 / 49, 9 / 49, 4 / 49])


def test_the_example_of_the_guide() -> None:
    """A costs $1, B $2 and saw outages, C $3: A is 9 times as likely as C, and B is tried last."""
    tags, _, shares = tried(row("a", "1"), row("b", "2", status=-2), row("c", "3"))
    assert tags == ["a", "c", "b"]
    assert shares == pytest.approx([0.9, 0.1, 0.0])


def test_endpoints_with_outages_share_among_themselves_when_there_are_no_others() -> None:
    assert tried(row("a", "1", status=-2), row("b", "1", status=-5))[2] == [0.5, 0.5]


def test_free_endpoints_get_everything_between_them() -> None:
    tags, _, shares = tried(row("paid", "1"), row("free", "0"), row("gratis", "0"))
    assert (tags, shares) == (["free", "gratis", "paid"], [0.5, 0.5, 0.0])


def test_an_endpoint_without_a_price_is_last_and_nothing_is_said_of_its_share() -> None:
    tags, _, shares = tried(row("unknown", None), row("a", "1"))
    assert (tags, shares) == (["a", "unknown"], [1.0, None])
    assert tried(row("unknown", None), row("other", None))[2] == [None, None]


def test_the_only_endpoint_gets_everything_whatever_is_known_of_it() -> None:
    assert tried(row("unknown", None))[2] == [1.0]
    assert tried(row("a"), model=f"{KIMI}:exacto")[2] == [1.0]
    assert tried()[2] == []


def test_equal_prompt_prices_are_told_apart_by_the_completion_price_then_keep_the_upstreams_order() -> None:
    assert tried(row("b", "1", "3"), row("a", "1", "2"), row("c", "1", "3"))[0] == ["a", "b", "c"]


def test_the_price_is_that_of_the_stated_size() -> None:
    override = PriceOverride(min_prompt_tokens=1000, prices={"prompt": Money("0.000009")})
    cheap = row("a", "1")
    long = msgspec.structs.replace(cheap, pricing=msgspec.structs.replace(cheap.pricing, overrides=(override,)))
    assert tried(long, row("b", "2"), prompt_tokens=1000)[0] == ["a", "b"]
    assert tried(long, row("b", "2"), prompt_tokens=1001)[0] == ["b", "a"]


def test_order_comes_first_entry_by_entry_then_the_rest_by_price() -> None:
    rows = [row("cheap", "0.1"), row("deepinfra/fp8", "3"), row("deepinfra/fp4", "2"), row("groq", "9")]
    tags, how, shares = tried(*rows, text=routing(order='["groq", "deepinfra"]'))
    assert tags == ["groq", "deepinfra/fp4", "deepinfra/fp8", "cheap"]
    assert (how.by, shares) == ("order", [1.0, 0.0, 0.0, 0.0])


def test_a_whole_tag_in_order_names_one_endpoint_and_outages_do_not_move_it() -> None:
    rows = [row("deepinfra/fp4", "1"), row("deepinfra/fp8", "2", status=-5)]
    assert tried(*rows, text=routing(order='["deepinfra/fp8"]'))[0] == ["deepinfra/fp8", "deepinfra/fp4"]


def test_what_order_leaves_open_is_sorted() -> None:
    rows = [fast("slow", 10), fast("fast", 90), fast("first", 1)]
    tags, how, _ = tried(*rows, text=routing(order='["first"]', sort='"throughput"'))
    assert (tags, how.by) == (["first", "fast", "slow"], "order")


def test_an_order_that_names_one_endpoint_by_its_tag_says_who_is_first_even_without_a_price() -> None:
    assert tried(row("a", "1"), row("b", None), text=routing(order='["b"]'))[2] == [1.0, 0.0]


@pytest.mark.parametrize("sort", ['"price"', '{ by = "price" }', '{ by = "price", partition = "none" }'])
def test_sort_by_price_sends_everything_to_the_cheapest(sort: str) -> None:
    tags, how, shares = tried(row("b", "2"), row("a", "1", status=-2), text=routing(sort=sort))
    assert (tags, shares) == (["a", "b"], [1.0, 0.0])
    assert (how.by, how.estimate) == ("price", False)


def test_sort_by_throughput_takes_the_highest_median_and_puts_unknown_ones_last() -> None:
    tags, how, shares = tried(row("none"), fast("slow", 10), fast("fast", 90), text=routing(sort='"throughput"'))
    assert (tags, shares) == (["fast", "slow", "none"], [1.0, 0.0, 0.0])
    assert (how.by, how.estimate) == ("throughput", True)


def test_sort_by_latency_takes_the_lowest_median() -> None:
    tags, how, _ = tried(quick("slow", 900), row("none"), quick("quick", 90), text=routing(sort='"latency"'))
    assert (tags, how.by) == (["quick", "slow", "none"], "latency")


def test_without_figures_a_sort_by_speed_says_so_and_gives_no_shares() -> None:
    tags, how, shares = tried(row("b", "2"), row("a", "1"), text=routing(sort='"latency"'))
    assert (tags, shares) == (["a", "b"], [None, None])
    assert "API key" in how.message


@pytest.mark.parametrize(
    ("variant", "by"), [("nitro", "throughput"), ("floor", "price"), ("exacto", "exacto"), ("free", "default")]
)
def test_some_variants_of_an_id_stand_for_a_sort(variant: str, by: str) -> None:
    assert tried(row("a"), row("b"), model=f"{KIMI}:{variant}")[1].by == by


def test_a_sort_that_is_written_out_wins_over_the_variant() -> None:
    assert tried(row("a"), model=f"{KIMI}:nitro", text=routing(sort='"price"'))[1].by == "price"


def test_nobody_knows_what_exacto_sorts_by() -> None:
    assert tried(row("b", "2"), row("a", "1"), text=routing(sort='"exacto"'))[2] == [None, None]


def test_endpoints_that_meet_a_preferred_throughput_come_first_and_share_everything() -> None:
    rows = [row("none", "0.1"), fast("slow", 10), msgspec.structs.replace(fast("fast", 50), key=row("fast").key)]
    tags, _, shares = tried(*rows, text=routing(preferred_min_throughput="50"))
    assert (tags, shares) == (["fast", "none", "slow"], [1.0, 0.0, 0.0])


def test_a_preferred_latency_is_in_seconds_and_the_facts_in_milliseconds() -> None:
    rows = [quick("slow", 2501), quick("quick", 2500)]
    assert tried(*rows, text=routing(preferred_max_latency="2.5"))[0] == ["quick", "slow"]


def test_every_percentile_of_a_preference_must_be_met() -> None:
    rows = [quick("tail", 100, p90=9000), quick("even", 900, p90=1000)]
    assert tried(*rows, text=routing(preferred_max_latency="{ p50 = 1, p90 = 2 }"))[0] == ["even", "tail"]


def test_a_preference_that_nothing_is_known_to_meet_moves_nothing() -> None:
    tags, _, shares = tried(row("b", "2"), row("a", "1"), text=routing(preferred_min_throughput="50"))
    assert tags == ["a", "b"]
    assert shares == pytest.approx([0.8, 0.2])


def test_preferences_do_not_move_what_order_names() -> None:
    rows = [fast("fast", 90), fast("slow", 1)]
    assert tried(*rows, text=routing(order='["slow"]', preferred_min_throughput="50"))[0] == ["slow", "fast"]
