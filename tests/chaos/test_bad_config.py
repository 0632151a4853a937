"""A config.toml that is broken in whatever way, saved in whatever way, costs no preference, and its mending is seen."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon.test_watch import WAYS_TO_SAVE
from e2e.conftest import Start
from e2e.places import KIMI, Daemon, Home, Json

GOOD = "version = 1\n[registry]\nglobal_default_profile = 'p'\n[[registry.profiles]]\nname = 'p'\n"
BAD: list[str] = [
    GOOD[:40],  # within a string
    "[registry\n",
    "version = 1\n[registry]\n[registry]\n",
    "version = \x00\n",
    "a" * (1 << 21),
    "x." * 5000 + "y = 1",
    "[" * 100_000,
    "n = " + "9" * 5000,
]


def profile(temperature: float) -> str:
    return f"{GOOD}params = {{ temperature = {temperature} }}\n"


async def in_force(daemon: Daemon) -> float:
    """Return the temperature that a plan would send."""
    found = await daemon.request("ploked/effectiveProfile", {"model": KIMI})
    return float(found["profile"]["params"]["temperature"])


async def saved(daemon: Daemon, save: Callable[[Path, str], None], path: Path, text: str) -> tuple[Json, float]:
    """Save a text; return what is told of it, and after how many milliseconds."""
    since, began_s = len(daemon.told), time.monotonic()
    save(path, text)
    told = await daemon.until("ploked/preferencesChanged", since=since)
    return told["config"], (time.monotonic() - began_s) * 1000


@pytest.mark.parametrize("save", WAYS_TO_SAVE)
async def test_the_last_good_preferences_stay_until_the_file_is_mended(
    start: Start, home: Home, save: Callable[[Path, str], None]
) -> None:
    home.write(profile(0.0))
    daemon = await start(home)
    took_ms: list[float] = []
    for number, text in enumerate(BAD, 1):
        broken, _ = await saved(daemon, save, home.config, f"{text}#{number}")
        assert broken["state"] in ("broken", "unreadable")
        assert broken["problems"][0]["line"] >= 1
        assert await in_force(daemon) == (number - 1) / 100
        mended, mended_ms = await saved(daemon, save, home.config, profile(number / 100))
        assert mended["state"] == "loaded"
        assert await in_force(daemon) == number / 100
        took_ms.append(mended_ms)
    sys.stdout.write(f"{save.__name__}: seen after {statistics.median(took_ms):.0f} ms, {max(took_ms):.0f} at most\n")
