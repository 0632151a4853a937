"""One conversation per test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from wire.talk import Here, There


@pytest.fixture
async def talk() -> AsyncIterator[Here]:
    """Give a session in this process, not yet initialized."""
    here = Here()
    yield here
    here.reading.set()
    here.session.stop()
    await here.run


Start = Callable[..., Awaitable[There]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Give the function that starts server processes; none outlives the test."""
    started: list[There] = []

    async def start_one(*arguments: str, env: dict[str, str] | None = None) -> There:
        started.append(await There.start(*arguments, env=env))
        return started[-1]

    yield start_one
    for server in started:
        if server.process.returncode is None:
            server.process.kill()
            await server.leave()


@pytest.fixture
async def server(start: Start) -> There:
    """Give a server process, not yet initialized."""
    return await start()
