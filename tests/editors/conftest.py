"""Real editors on the real server, on the loopback upstream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from editors.home import CONFIG, Home, SharedHome, sharing, with_ploked
from editors.nvim_driver import ALONE, BINARIES, Neovim, binary
from ploked_fixtures.serve import UpstreamProcess, upstream_process


@pytest.fixture(scope="session")
def shared_upstream() -> Iterator[UpstreamProcess]:
    """One upstream for all editors."""
    with upstream_process() as running:
        yield running


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds `ploked`."""
    return with_ploked(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def home(tmp_path: Path, shared_upstream: UpstreamProcess, programs: Path) -> Home:
    return Home(tmp_path, shared_upstream, programs)


@pytest.fixture
def shared_home(tmp_path: Path, shared_upstream: UpstreamProcess, programs: Path) -> Iterator[SharedHome]:
    """Give a home whose editors share a daemon."""
    with sharing(tmp_path, shared_upstream, programs) as made:
        yield made


Starter = Callable[..., Neovim]


def needed(program: str | None, name: str) -> str:
    """Return the path of a program; where it is missing the test is skipped, and on CI it fails."""
    if program is None:
        missing = f"{name} is missing: .ci/install-system installs it"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return program


def needed_neovim(version: str) -> str:
    """Return the Neovim of a version."""
    return needed(binary(version), f"Neovim {version}")


@pytest.fixture(params=BINARIES)
def start(request: pytest.FixtureRequest, home: Home) -> Iterator[Starter]:
    """Start a Neovim of each version on the plugin; the arguments are those of `Neovim`."""
    started: list[Neovim] = []

    def go(env: dict[str, str] | None = None, before: str = ALONE) -> Neovim:
        started.append(Neovim(needed_neovim(request.param), env or home.env, before=before))
        return started[-1]

    yield go
    for each in started:
        each.close()


@pytest.fixture
def editor(start: Starter, home: Home) -> Neovim:
    """Start a Neovim on a config.toml that bans one provider of MODEL."""
    home.config.write_text(CONFIG)
    return start()


@pytest.fixture(params=BINARIES, scope="module")
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shared_upstream: UpstreamProcess,
    programs: Path,
) -> Iterator[Neovim]:
    """One Neovim of each version for all the tests that change nothing: most of their time would go to starting."""
    home = Home(tmp_path_factory.mktemp("reader"), shared_upstream, programs)
    home.config.write_text(CONFIG)
    neovim = Neovim(needed_neovim(request.param), home.env)
    yield neovim
    neovim.close()


@pytest.fixture
def reader(running: Neovim) -> Neovim:
    """Return that Neovim, as new."""
    running.tidy()
    return running


@pytest.fixture
def slow_completions(shared_upstream: UpstreamProcess) -> Iterator[None]:
    """Make every completion take longer than a test."""
    shared_upstream.faults.add("latency", path="/chat", seconds=20)
    yield
    shared_upstream.faults.clear()
