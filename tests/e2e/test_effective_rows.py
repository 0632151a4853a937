"""Rows of a search with `effective: true`: what a request would get, counted as a plan counts it."""

from __future__ import annotations

from e2e.conftest import Start
from e2e.places import DEEPSEEK, KIMI, Daemon, Home, Json


async def effective(daemon: Daemon, model: str = DEEPSEEK) -> Json:
    """Return what the row of a model says that a request would get."""
    found = await daemon.request("ploked/searchModels", {"query": model, "limit": 5, "effective": True})
    return dict(next(row for row in found["rows"] if row["id"] == model)["effective"])


async def test_a_model_whose_endpoints_are_not_known_is_shown_by_its_hints_and_marked(start: Start, home: Home) -> None:
    daemon = await start(home)
    said = await effective(daemon)
    assert (said["eligible"], said["total"], said["uncertain"]) == (None, None, True)
    assert said["lowestPromptPer1m"] is not None
    assert said["context"] > 0


async def test_the_row_counts_what_a_plan_keeps(start: Start, home: Home) -> None:
    daemon = await start(home)
    plan = await daemon.request("ploked/routePlan", {"model": DEEPSEEK})
    said = await effective(daemon)
    assert said["eligible"] == len(plan["endpoints"])
    assert said["total"] == len(plan["endpoints"]) + len(plan["excluded"])
    prices = sorted(float(each["pricing"]["promptPer1m"]) for each in plan["endpoints"])
    assert (float(said["lowestPromptPer1m"]), float(said["highestPromptPer1m"])) == (prices[0], prices[-1])
    assert said["context"] == max(each["contextLength"] or 0 for each in plan["endpoints"])


async def test_the_row_follows_a_save_of_the_preferences(start: Start, home: Home) -> None:
    daemon = await start(home)
    await daemon.request("ploked/listEndpoints", {"model": DEEPSEEK})
    assert (await effective(daemon))["eligible"] > 1
    await daemon.saved(home, f'[[registry.models]]\nmodel = "{DEEPSEEK}"\nallowed_providers = ["baidu"]\n')
    said = await effective(daemon)
    assert said["eligible"] == 1
    assert said["lowestPromptPer1m"] == said["highestPromptPer1m"]


async def test_a_row_is_uncertain_where_a_preference_asks_for_a_fact_that_nobody_gives(
    start: Start, home: Home
) -> None:
    home.write("[registry.routing]\nenforce_distillable_text = true\n")
    daemon = await start(home)
    await daemon.request("ploked/listEndpoints", {"model": DEEPSEEK})
    said = await effective(daemon)
    assert said["uncertain"] is True
    assert said["eligible"] > 0


async def test_rows_say_nothing_of_it_unless_asked(start: Start, home: Home) -> None:
    daemon = await start(home)
    found = await daemon.request("ploked/searchModels", {"query": KIMI})
    assert all("effective" not in row for row in found["rows"])
