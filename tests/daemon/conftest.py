"""One upstream for all tests of the daemon; a desk for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from daemon.desk import Desk, desk
from ploked_fixtures.serve import UpstreamProcess, upstream_process


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a desk without an upstream."""
    async with desk(tmp_path) as one:
        yield one


@pytest.fixture(scope="session")
def upstream_of_all() -> Iterator[UpstreamProcess]:
    """Give an upstream in a process of its own."""
    with upstream_process() as upstream:
        yield upstream


@pytest.fixture
def upstream(upstream_of_all: UpstreamProcess) -> Iterator[UpstreamProcess]:
    """Give the upstream without faults."""
    upstream_of_all.faults.clear()
    yield upstream_of_all
    upstream_of_all.faults.clear()


@pytest.fixture
async def supplied(tmp_path: Path, upstream: UpstreamProcess) -> AsyncIterator[Desk]:
    """Give a desk with an upstream."""
    async with desk(tmp_path, upstream.url) as one:
        yield one
