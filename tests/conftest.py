"""What every test may use."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

REPO = Path(__file__).resolve().parent.parent

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the code says now into tests/golden")
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run files, and the tests of each, in a random order")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle what is to run, the same way for the same seed; tests of one file stay together for their fixtures."""
    seed = config.getoption("--shuffle")
    if seed is None:
        return
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    shuffled, chance = list(files.values()), random.Random(seed)
    chance.shuffle(shuffled)
    for tests in shuffled:
        chance.shuffle(tests)
    items[:] = [test for tests in shuffled for test in tests]


LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # nothing is bound to it here
STRAYED: list[str] = []
"""Where tests tried to connect to outside of this machine."""


def _stay_here(event: str, args: Sequence[Any]) -> None:
    """Let nothing in this process reach, or look up, another machine.

    The processes that tests start are given upstreams on loopback; that they ask for nothing else shows without a
    network: `unshare --map-root-user --net sh -c "ip link set lo up && pytest"`.
    """
    if event not in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        return
    address = args[0] if event == "socket.getaddrinfo" else args[1]
    host = address[0] if isinstance(address, tuple) else address
    if event != "socket.getaddrinfo" and not isinstance(address, tuple):  # a unix socket
        return
    if host and not str(host.decode() if isinstance(host, bytes) else host).startswith(LOOPBACK):
        STRAYED.append(f"{event} {host}")
        raise OSError(f"tests stay on this machine: {host} was asked for")


sys.addaudithook(_stay_here)


@pytest.fixture(autouse=True)
def stays_here() -> Iterator[None]:
    """Fail a test that tried to reach another machine, even if the code under test took it calmly."""
    STRAYED.clear()
    yield
    assert not STRAYED, f"this asked for another machine: {STRAYED}"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with `tests/golden/<name>`; `--update-golden` writes it instead."""

    def check(name: str, text: str) -> None:
        path = REPO / "tests" / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run pytest --update-golden and read what it wrote"
        assert text == path.read_text(encoding="utf-8")

    return check
