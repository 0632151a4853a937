"""How soon a save of config.toml is in force, in every way that editors and dotfile managers save."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from raw import RawServer

Row = tuple[str, str, str, str, str]
REST_S = 0.15
"""An editor's saves are not a burst: let the last one settle."""


def _in_place(config: Path, text: str) -> None:
    config.write_text(text)


def _by_rename(config: Path, text: str) -> None:
    beside = config.with_suffix(".tmp")
    beside.write_text(text)
    os.replace(beside, config)  # noqa: PTH105  # the call whose cost is meant


def _by_swapping_a_link(config: Path, text: str) -> None:
    target, link = config.with_name(f"config-{time.monotonic_ns()}.toml"), config.with_suffix(".link")
    target.write_text(text)
    link.symlink_to(target)
    link.replace(config)


def _by_deleting_and_making(config: Path, text: str) -> None:
    config.unlink()
    config.write_text(text)


WAYS: dict[str, Callable[[Path, str], None]] = {
    "in place": _in_place,
    "by rename": _by_rename,
    "by swapping a link": _by_swapping_a_link,
    "by deleting and making": _by_deleting_and_making,
}


def saves(server: RawServer, folder: Path, rounds: int = 40) -> Iterator[Row]:
    """Measure from each kind of save to the `preferencesChanged` that tells of it, the kinds in turn."""
    config = folder / "config.toml"
    took: dict[str, list[float]] = {way: [] for way in WAYS}
    for at in range(rounds):
        for number, (way, save) in enumerate(WAYS.items()):
            price = at * len(WAYS) + number + 1
            time.sleep(REST_S)
            began = time.perf_counter()
            save(config, f'version = 1\n[registry.routing]\nsort = "price"\nmax_price = {{ prompt = {price} }}\n')
            _wait_for_loaded(server)
            took[way].append((time.perf_counter() - began) * 1000)
    for way, times in took.items():
        p95 = sorted(times)[int(len(times) * 0.95)]
        figures = f"p50 {statistics.median(times):.0f} ms, p95 {p95:.0f} ms, most {max(times):.0f} ms"
        yield (f"save of `config.toml` {way} to `preferencesChanged`", figures, "", "", "p95 at most 50 ms, all 150 ms")


def _wait_for_loaded(server: RawServer) -> None:
    """Return once the new text is in force: the file may be seen deleted first."""
    while server.wait_for("ploked/preferencesChanged")["config"]["state"] != "loaded":
        pass
