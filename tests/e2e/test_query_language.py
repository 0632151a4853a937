"""The query language through the protocol: what rows say, what is wrong, and what may come next."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.places import DEEPSEEK, KIMI, Daemon, Json

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def search(daemon: Daemon, query: str, **more: Any) -> Json:
    found: Json = await daemon.request("ploked/searchModels", {"query": query, **more})
    return found


async def total(daemon: Daemon, query: str) -> int:
    return int((await search(daemon, query))["total"])


async def test_predicates_narrow_what_words_find(shared: Daemon) -> None:
    found = await search(shared, "qwen in<0.1 ctx>=200k")
    assert 0 < found["total"] < await total(shared, "qwen")
    for row in found["rows"]:
        assert row["basis"] == "endpoints" or (float(row["promptPer1m"]) < 0.1 and row["contextHint"] >= 200_000)
    assert found["query"] == "qwen in<0.1 ctx>=200k"
    assert found["problems"] == []


async def test_what_only_endpoints_know_is_uncertain_until_they_are_known(shared: Daemon) -> None:
    before = await search(shared, f"{KIMI} up>=50 provider:novita", limit=1)
    assert [row["id"] for row in before["rows"]] == [KIMI]
    assert (before["rows"][0]["basis"], before["uncertain"]) == ("hint", [0])
    await shared.request("ploked/listEndpoints", {"model": KIMI})
    after = await search(shared, f"{KIMI} provider:novita", limit=1)
    assert [row["id"] for row in after["rows"]] == [KIMI]
    assert (after["rows"][0]["basis"], after["uncertain"]) == ("endpoints", [])
    none = await search(shared, f"{KIMI} provider:novita in>1000")
    assert KIMI not in [row["id"] for row in none["rows"]]


async def test_zero_data_retention_is_known_of_endpoints_that_are(shared: Daemon) -> None:
    listed = await shared.request("ploked/listEndpoints", {"model": DEEPSEEK})
    assert {each["zdr"] for each in listed["endpoints"]} == {True, False}
    found = await search(shared, f"{DEEPSEEK} zdr", limit=1)
    assert [row["id"] for row in found["rows"]] == [DEEPSEEK]
    assert found["uncertain"] == []


async def test_one_endpoint_must_fit_all_that_is_asked_of_endpoints(shared: Daemon) -> None:
    listed = await shared.request("ploked/listEndpoints", {"model": DEEPSEEK})
    dearest = max(listed["endpoints"], key=lambda each: float(each["pricing"]["promptPer1m"]))
    cheapest = min(listed["endpoints"], key=lambda each: float(each["pricing"]["promptPer1m"]))
    price = cheapest["pricing"]["promptPer1m"]
    assert cheapest["key"]["tag"] != dearest["key"]["tag"]
    for query, ids in (
        (f"provider:{cheapest['key']['tag']} in<={price}", [DEEPSEEK]),
        (f"provider:{dearest['key']['tag']} in<={price}", []),
    ):
        found = await search(shared, f"{query} author:deepseek")
        known = [row["id"] for row in found["rows"] if row["basis"] == "endpoints"]
        assert known == ids


async def test_a_mistake_is_told_with_its_place_and_leaves_the_rest_in_force(shared: Daemon) -> None:
    right, wrong = await search(shared, "kimi in<1"), await search(shared, "kimi provder:groq in<1 p50<1 author:nobody")
    assert [row["id"] for row in wrong["rows"]] == [row["id"] for row in right["rows"]] != []
    assert wrong["query"] == right["query"]
    assert [(each["start"], each["end"], each["suggestion"]) for each in wrong["problems"]] == [
        (5, 12, "provider"), (27, 28, "1s"), (36, 42, None),
    ]  # fmt: skip
    assert all(each["message"] for each in wrong["problems"])


async def test_the_order_and_the_limit_of_the_query_are_obeyed(shared: Daemon) -> None:
    found = await search(shared, "qwen sort:cost limit:7")
    assert len(found["rows"]) == 7 < found["total"]
    costs = [float(row["promptPer1m"]) + float(row["completionPer1m"]) for row in found["rows"]]
    assert costs == sorted(costs)
    assert len((await search(shared, "qwen limit:7", limit=3))["rows"]) == 3
    downwards = await search(shared, "sort:-ctx limit:5")
    contexts = [row["contextHint"] for row in downwards["rows"]]
    assert contexts == sorted(contexts, reverse=True)


async def test_free_is_a_price_and_not_a_suffix(shared: Daemon) -> None:
    found = await search(shared, "free")
    assert [row for row in found["rows"] if not row["id"].endswith(":free")]
    assert {(row["promptPer1m"], row["completionPer1m"]) for row in found["rows"]} <= {("0", "0"), (None, None)}


async def test_names_as_they_are_written_find_their_models(shared: Daemon) -> None:
    for row in (await search(shared, "sort:name limit:40"))["rows"]:
        found = await search(shared, row["id"])
        assert (found["rows"][0]["id"], found["problems"]) == (row["id"], [])


async def test_completion_offers_values_and_how_many_models_have_them(shared: Daemon) -> None:
    listed = await shared.request("ploked/listEndpoints", {"model": DEEPSEEK})
    result = await shared.request("ploked/completeQuery", {"query": "author:deepseek provider:"})
    counts = {item["insertText"]: item["count"] for item in result["items"]}
    assert {each["provider"] for each in listed["endpoints"]} <= {name for name, count in counts.items() if count}
    assert (result["start"], result["end"], result["countsOver"]) == (25, 25, "matches")


async def test_what_completion_offers_for_a_name_is_understood(shared: Daemon) -> None:
    result = await shared.request("ploked/completeQuery", {"query": "kimi mod tools", "position": 8})
    assert [item["insertText"] for item in result["items"]] == ["modality:"]
    text = f"{'kimi mod tools'[: result['start']]}modality:image{'kimi mod tools'[result['end'] :]}"
    assert (await search(shared, text))["query"] == "kimi modality:image tools"
