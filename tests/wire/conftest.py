"""One conversation per test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from wire.talk import Here, There


@pytest.fixture
async def talk() -> AsyncIterator[Here]:
    """A session in this process, not yet initialized."""
    here = Here()
    yield here
    here.reading.set()
    here.session.stop()
    await here.run


@pytest.fixture
async def server() -> AsyncIterator[There]:
    """A server process, not yet initialized."""
    there = await There.start()
    yield there
    if there.process.returncode is None:
        there.process.kill()
        await there.leave()
