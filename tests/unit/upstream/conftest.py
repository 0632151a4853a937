"""One upstream for the folder; every test finds it without faults and with an empty log."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from ploked_fixtures.serve import RunningUpstream, running_upstream


@pytest.fixture(scope="module")
def server() -> Iterator[RunningUpstream]:
    with running_upstream() as running:
        yield running


@pytest.fixture
def upstream(server: RunningUpstream) -> RunningUpstream:
    server.faults.clear()
    server.app.log.clear()
    return server


@pytest.fixture
def client(upstream: RunningUpstream) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=upstream.url, timeout=10, trust_env=False) as open_client:
        yield open_client
