"""Whatever the upstream does, the daemon answers from what it has, says how old that is and why, and stays small."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from e2e.conftest import Start
from e2e.places import KIMI, Daemon, Home, Json, own_process
from ploked_fixtures.serve import UpstreamProcess

pytestmark = own_process  # the memory that is looked at is that of the process behind the pipe

BODY_MB = int(os.environ.get("PLOKED_BODY_MB", "64"))
"""How large the answers are that are too large; the promise is about 1,024 MB."""
FULL = BODY_MB >= 1024
GROWTH_MB = 32.0
FAULTS: list[tuple[str, Json, str]] = [
    ("connection-reset", {}, "cannot be reached"),
    ("429", {}, "HTTP 429"),
    ("429-retry-after", {"retry_after": 2}, "asks to wait 2 s"),
    ("500", {}, "HTTP 500"),
    ("503", {}, "HTTP 503"),
    ("truncate", {}, "cannot be reached"),
    ("empty", {}, "answered with nothing"),
    ("empty-list", {}, "sent no readable"),
    ("html", {}, "HTML"),
    ("not-json", {}, "JSON"),
    ("wrong-types", {}, "no models|no providers"),
    ("redirect", {}, "is not followed"),
    ("gzip-bomb", {"size": BODY_MB << 20}, "larger than 8 MB"),
    ("huge", {"size": BODY_MB << 20}, "larger than 8 MB"),
]
if FULL:
    FAULTS.append(("slow-drip", {"seconds": 0.3}, "no whole answer within 30 s"))


def memory_mb(daemon: Daemon, of: str) -> float:
    """Return the resident memory of the daemon: `VmRSS` now, `VmHWM` the most since it was last forgotten."""
    assert daemon.process is not None
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(of))


def forget_most(daemon: Daemon) -> None:
    assert daemon.process is not None
    Path(f"/proc/{daemon.process.pid}/clear_refs").write_text("5")


async def refresh(daemon: Daemon) -> dict[str, Json]:
    """Refresh by hand; return what became of each kind."""
    done = await daemon.request("ploked/refreshCatalog", {})
    return {one["kind"]: one for one in done["refreshed"]}


@pytest.fixture
async def warm(start: Start, home: Home, upstream: UpstreamProcess) -> Daemon:
    """Give a daemon that has what it needs, and whose memory has its size."""
    daemon = await start(home)
    await daemon.request("ploked/listEndpoints", {"model": KIMI})
    for _ in range(2):
        await refresh(daemon)
    return daemon


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("fault", "options", "said"), FAULTS)
async def test_the_rows_of_before_are_served_with_their_age_and_memory_does_not_grow(
    warm: Daemon, upstream: UpstreamProcess, fault: str, options: Json, said: str
) -> None:
    before = await warm.request("ploked/searchModels", {"query": "kimi"})
    base_mb = memory_mb(warm, "VmRSS")
    forget_most(warm)
    upstream.faults.add(fault, **options)
    began_s = time.monotonic()
    asked = asyncio.ensure_future(refresh(warm))
    while not asked.done():  # nobody waits for the network
        answer = await warm.request("ploked/searchModels", {"query": "kimi"})
        assert answer["rows"] == before["rows"]
        await asyncio.sleep(0.02)
    done = await asked
    took_s = time.monotonic() - began_s
    for kind in ("models", "providers"):
        assert done[kind]["outcome"] == "failed"
        assert re.search(said, done[kind]["message"]), done[kind]["message"]
    freshness = (await warm.request("ploked/searchModels", {"query": "kimi"}))["freshness"]
    assert freshness["source"] == "openrouter"
    assert freshness["ageS"] >= before["freshness"]["ageS"]
    assert freshness["error"] == done["models"]["message"]
    grown_mb = memory_mb(warm, "VmHWM") - base_mb
    sys.stdout.write(f"{fault}: {took_s:.1f} s, at most {grown_mb:+.1f} MB\n")  # what `pytest -rP` shows
    assert grown_mb <= GROWTH_MB


@pytest.mark.parametrize("fault", ["bad-rows", "unreadable-rows"])
async def test_bad_rows_are_skipped_counted_and_cost_no_memory(
    warm: Daemon, upstream: UpstreamProcess, fault: str
) -> None:
    upstream.faults.add(fault)
    base_mb = memory_mb(warm, "VmRSS")
    forget_most(warm)
    done = await refresh(warm)
    assert done["models"]["outcome"] in ("updated", "unchanged")
    assert done["models"]["count"] >= 455
    assert done["models"]["skipped"] > 0
    assert memory_mb(warm, "VmHWM") - base_mb <= GROWTH_MB


@pytest.mark.parametrize("price", ["NaN", "-Infinity", "1e400", "free", None, [], -5])
async def test_prices_that_are_no_numbers_are_unknown_and_cost_nothing_else(
    warm: Daemon, upstream: UpstreamProcess, price: Any
) -> None:
    upstream.patch("mancer/weaver", values={"pricing": {"prompt": price, "completion": "0.000001"}})
    done = (await refresh(warm))["models"]
    assert (done["outcome"] != "failed", done["count"], done["skipped"]) == (True, 455, 0)
    (row,) = (await warm.request("ploked/searchModels", {"query": "mancer/weaver", "limit": 1}))["rows"]
    assert (row["promptPer1m"], row["completionPer1m"]) == (None, "1")


async def test_there_is_at_most_one_fetch_in_the_air_for_the_same_rows(warm: Daemon, upstream: UpstreamProcess) -> None:
    since = len(upstream.log)
    upstream.faults.add("latency", seconds=1)
    await asyncio.gather(
        *(refresh(warm) for _ in range(20)),
        *(warm.request("ploked/refreshCatalog", {"model": KIMI}) for _ in range(20)),
        *(warm.request("ploked/listEndpoints", {"model": KIMI}) for _ in range(20)),
        warm.request("ploked/searchModels", {"query": "kimi"}),
    )
    paths = [request["path"] for request in upstream.log[since:]]
    assert len(paths) == len(set(paths)), paths
