"""Refreshes that go wrong: rows stay, and the answer says what happened and what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from e2e.places import KIMI, Daemon, Json
from ploked_fixtures.serve import UpstreamProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1 << 20
FAILURES: list[tuple[str, Json, str]] = [
    ("empty", {}, "answered with nothing"),
    ("empty-list", {}, "sent no readable models"),
    ("truncate", {}, "cannot be reached"),
    ("html", {}, "HTML"),
    ("html", {"status": 502}, "HTTP 502"),
    ("500", {}, "HTTP 500"),
    ("429-retry-after", {"retry_after": 0}, "HTTP 429"),
    ("not-json", {}, "JSON"),
    ("wrong-types", {}, "no models"),
    ("redirect", {}, "redirects to localhost, which is not followed"),
    ("connection-reset", {}, "cannot be reached"),
    ("gzip-bomb", {"size": 16 * MIB}, "larger than 8 MB"),
    ("huge", {"size": 12 * MIB}, "larger than 8 MB"),
]


async def refresh(daemon: Daemon, **params: Any) -> dict[str, Json]:
    """Refresh by hand; return what became of each kind."""
    done = await daemon.request("ploked/refreshCatalog", params)
    return {one["kind"]: one for one in done["refreshed"]}


@pytest.mark.parametrize(("fault", "options", "said"), FAILURES)
async def test_a_failed_refresh_keeps_the_rows_and_says_why(
    shared: Daemon, upstream: UpstreamProcess, fault: str, options: Json, said: str
) -> None:
    before = await shared.request("ploked/searchModels", {"query": ""})
    upstream.faults.add(fault, path="/models", **options)
    since = len(shared.told)
    done = (await refresh(shared))["models"]
    assert (done["outcome"], done["count"], done["added"], done["removed"]) == ("failed", 455, [], [])
    assert re.search(said, done["message"]), done["message"]
    after = await shared.request("ploked/searchModels", {"query": ""})
    assert after["rows"] == before["rows"]
    assert after["freshness"]["error"] == done["message"]
    await shared.until("ploked/catalogChanged", lambda told: told["refreshed"] == done, since)


async def test_the_next_good_refresh_takes_the_complaint_back(shared: Daemon, upstream: UpstreamProcess) -> None:
    upstream.faults.add("500", path="/models", times=1)
    assert (await refresh(shared))["models"]["outcome"] == "failed"
    done = (await refresh(shared))["models"]
    assert (done["outcome"], done["message"]) == ("unchanged", None)
    assert (await shared.request("ploked/searchModels", {"query": "x"}))["freshness"]["error"] is None


@pytest.mark.parametrize("fault", ["bad-rows", "unreadable-rows"])
async def test_bad_rows_are_skipped_and_counted_and_cost_no_others(
    shared: Daemon, upstream: UpstreamProcess, fault: str
) -> None:
    upstream.faults.add(fault, path="/models", times=1)
    done = (await refresh(shared))["models"]
    assert done["outcome"] in ("updated", "unchanged")
    assert done["count"] >= 455
    assert done["skipped"] > 0
    assert f"{done['skipped']} of {done['skipped'] + done['count']} rows could not be read" in done["message"]
    assert (await refresh(shared))["models"]["count"] == 455


async def test_a_failed_refresh_of_endpoints_keeps_them(shared: Daemon, upstream: UpstreamProcess) -> None:
    before = await shared.request("ploked/listEndpoints", {"model": KIMI})
    upstream.faults.add("html", path="/models/moonshotai")
    done = (await refresh(shared, model=KIMI))["endpoints"]
    assert (done["outcome"], done["model"], done["count"]) == ("failed", KIMI, 12)
    after = await shared.request("ploked/listEndpoints", {"model": KIMI})
    assert after["endpoints"] == before["endpoints"]
    assert "HTML" in after["freshness"]["error"]
