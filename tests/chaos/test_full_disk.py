"""On a full disk all answers go on from memory, one warning says so, config.toml is untouched, and room heals it."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from e2e.places import KIMI, Home, RawDaemon, own_process
from e2e.sweeping import HEAT, PAIR

pytestmark = own_process  # what is limited is the process behind the pipe

CONFIG = "version = 1\n\n[registry]\nstrictness = 'AllowCustom'  # mine\n"
SWEEP = {"model": KIMI, "selectedEndpoints": PAIR, "prompt": "x", "grid": [HEAT]}


@dataclass
class Disk:
    """The disk of a daemon, to be filled and freed again."""

    kind: str
    folder: Path

    def fill(self, daemon: RawDaemon) -> None:
        """Leave no room: for bytes of this process, for bytes of anybody, or for further files."""
        if self.kind == "limited":
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            return
        with pytest.raises(OSError) as full:  # noqa: PT011, PT012  which one it is follows
            for number in range(1 << 20):
                self._filler(number).write_bytes(b"" if self.kind == "without inodes" else b"x" * 512)
        assert full.value.errno == errno.ENOSPC

    def free(self, daemon: RawDaemon) -> None:
        """Make room again."""
        if self.kind == "limited":
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        else:
            shutil.rmtree(self._filler(0).parent)

    def _filler(self, number: int) -> Path:
        folder = self.folder / "filler"
        folder.mkdir(exist_ok=True)
        return folder / str(number)


@pytest.fixture(params=["limited", "small", "without inodes"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """Give a home on a disk of its own; on a limited one where file systems cannot be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "limited":
        yield Disk(request.param, folder)
        return
    room = "size=64m,nr_inodes=100" if request.param == "without inodes" else "size=16m,nr_inodes=100000"
    mount = shutil.which("mount")
    if (
        os.geteuid() != 0
        or not mount
        or subprocess.run([mount, "-t", "tmpfs", "-o", room, "ploked", folder]).returncode
    ):
        pytest.skip("file systems cannot be mounted here")
    yield Disk(request.param, folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest_asyncio.fixture
async def daemon(disk: Disk, home: Home) -> AsyncIterator[RawDaemon]:
    """Give a daemon whose files are all on that disk."""
    home.folder = disk.folder
    home.write(CONFIG)
    one = await RawDaemon.at(home)
    await one.initialize()
    yield one
    if one.process.returncode is None:
        one.process.kill()
        await one.leave()


async def test_answers_go_on_with_one_warning_until_there_is_room(daemon: RawDaemon, disk: Disk, home: Home) -> None:
    await daemon.result("ploked/refreshCatalog", {})
    endpoints = (await daemon.result("ploked/listEndpoints", {"model": KIMI}))["endpoints"]
    rows = (await daemon.result("ploked/searchModels", {"query": "kimi"}))["rows"]
    sweep = {"sweepId": (await daemon.result("ploked/launchSweep", SWEEP))["sweepId"]}
    await daemon.until(lambda told: told.get("params", {}).get("state") == "done")
    results = await daemon.result("ploked/sweepResults", sweep)
    disk.fill(daemon)
    for _ in range(3):
        refreshed = (await daemon.result("ploked/refreshCatalog", {}))["refreshed"]
        assert [one["outcome"] for one in refreshed] == ["unchanged", "unchanged"]
        await daemon.result("ploked/refreshCatalog", {"model": KIMI})
        assert (await daemon.result("ploked/searchModels", {"query": "kimi"}))["rows"] == rows
        assert (await daemon.result("ploked/listEndpoints", {"model": KIMI}))["endpoints"] == endpoints
        assert (await daemon.result("ploked/routePlan", {"model": KIMI, "prompt": "x"}))["request"]
        refused = (await daemon.ask("ploked/saveProfile", {"name": "p", "params": {"seed": 1}}))["error"]
        assert (refused["code"], bool(refused["data"]["nextStep"])) == (-32017, True)
        assert home.config.read_text() == CONFIG
        assert "result" in await daemon.ask("ploked/setFavourite", {"model": "mancer/weaver", "favourite": True})
    if disk.kind != "without inodes":
        refused = (await daemon.ask("ploked/launchSweep", SWEEP))["error"]
        assert "disk is full" in refused["message"] + str(refused["data"]["nextStep"])
        assert (await daemon.result("ploked/sweepResults", sweep))["rows"] == results["rows"]
    disk.free(daemon)
    assert (await daemon.result("ploked/saveProfile", {"name": "p", "params": {"seed": 1}}))["changed"] is True
    await daemon.result("ploked/refreshCatalog", {})
    assert (await daemon.result("ploked/launchSweep", SWEEP))["requests"] == 6
    daemon.notify("exit")
    _, errors = await daemon.leave()
    assert sorted(path.name for path in home.config.parent.iterdir()) == ["config.toml"]
    assert list(home.cache.glob("*damaged*")) == []
    warnings = [line for line in errors.splitlines() if "WARNING" in line and "catalog" in line]
    assert len(warnings) <= 1, errors
    assert disk.kind == "without inodes" or len(warnings) == 1, errors
