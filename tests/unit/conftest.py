"""The loopback upstream, in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ploked_fixtures.serve import RunningUpstream, running_upstream


@pytest.fixture(scope="module")
def running() -> Iterator[RunningUpstream]:
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture
def upstream(running: RunningUpstream) -> Iterator[RunningUpstream]:
    running.app.log.clear()
    yield running
    running.faults.clear()
