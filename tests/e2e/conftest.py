"""One upstream for all; a home and the daemons of it for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from e2e.lsp import HOSTILE, Editor
from e2e.places import THROUGH_DAEMON, Daemon, Home, Json
from e2e.sweeping import Sent
from lsprotocol import types
from ploked_fixtures.serve import UpstreamProcess, upstream_process
from pytest_lsp import ClientServerConfig, client_capabilities

EDITORS = ["neovim@v0.7.0", "neovim", "visual-studio-code", "emacs", "daemon neovim"]
"""Between them they count columns in UTF-8, UTF-16 and UTF-32; one goes through the shared daemon."""
Start = Callable[..., Awaitable[Daemon]]


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
def home(upstream: UpstreamProcess, tmp_path: Path) -> Home:
    """Give the place of a daemon that has never run."""
    return Home(tmp_path, upstream.url)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module that says `BOTH_WAYS = True` through the shared daemon as well."""
    if "place" in metafunc.fixturenames and getattr(metafunc.module, "BOTH_WAYS", False):
        metafunc.parametrize("through_daemon", [False, True], ids=["stdio", "daemon"], scope="module")


@pytest.fixture(scope="module")
def through_daemon() -> bool:
    """Give whether the clients of a module go through the shared daemon."""
    return THROUGH_DAEMON


@pytest.fixture(scope="module")
def place(through_daemon: bool, upstream_of_all: UpstreamProcess, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give the home of the daemon that the tests of a module share."""
    return Home(tmp_path_factory.mktemp("home"), upstream_of_all.url, through_daemon=through_daemon)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(place: Home) -> AsyncIterator[Daemon]:
    """Give a client of that daemon, to tests marked `asyncio(loop_scope="module")`."""
    daemon = await Daemon.at(place)
    yield daemon
    await daemon.close()


@pytest.fixture
def sent(upstream: UpstreamProcess) -> Sent:
    """Give what is sent to the upstream during this test."""
    return Sent(upstream)


@asynccontextmanager
async def _starting() -> AsyncIterator[Start]:
    started: list[Daemon] = []

    async def start_one(home: Home, capabilities: Json | None = None) -> Daemon:
        started.append(await Daemon.at(home, capabilities))
        return started[-1]

    yield start_one
    for daemon in started:
        await daemon.close()


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    """Give the function that starts daemons; none outlives the test."""
    async with _starting() as start_one:
        yield start_one


@pytest_asyncio.fixture(loop_scope="module")
async def join() -> AsyncIterator[Start]:
    """Give the same to tests marked `asyncio(loop_scope="module")`: what they open would stay open for the next."""
    async with _starting() as start_one:
        yield start_one


@pytest_asyncio.fixture
async def daemon(start: Start, home: Home) -> Daemon:
    """Give a client of a daemon in `home`."""
    return await start(home)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=EDITORS)
async def editor(
    request: pytest.FixtureRequest, upstream_of_all: UpstreamProcess, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Editor]:
    """Give an editor that can do what a recorded one can, to tests marked `asyncio(loop_scope="session")`."""
    upstream_of_all.patch("mancer/weaver", values={"description": HOSTILE})
    name = request.param.removeprefix("daemon ")
    shared = THROUGH_DAEMON or name != request.param
    home = Home(tmp_path_factory.mktemp("editor"), upstream_of_all.url, through_daemon=shared)
    client: Any = await ClientServerConfig(server_command=home.command, server_env=home.environ).start()
    capabilities = client_capabilities(name)
    answer = await client.initialize_session(types.InitializeParams(capabilities=capabilities))
    yield Editor(client, home, answer.capabilities.position_encoding or "utf-16")
    await client.shutdown_session()
    await client.stop()
