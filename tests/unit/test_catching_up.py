"""A session that is new here: what was saved before it came is in force, and it waits for no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Event

import pytest
from ploked import checking
from ploked.preferences import live
from ploked.preferences.check import check as real_check
from ploked.preferences.disk import Reading, read
from ploked.service import RegistryService
from ploked.settings import Settings

NOWHERE = "http://127.0.0.1:9/api/v1"
PATIENCE_S = 30.0
NOBODY = '[[registry.models]]\nmodel = "nobody/knows-this"\n'


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[RegistryService]:
    """Give a service whose watch sees nothing."""
    config = tmp_path / "config.toml"
    config.write_text("version = 1\n")
    service = RegistryService.create(Settings(config, tmp_path, tmp_path, NOWHERE, tmp_path / "keys.json", None))
    await service.start()
    assert service._watch is not None
    service._watch.cancel()
    while service._tasks:  # what a start does behind the answers; it checks, too
        await asyncio.wait(service._tasks)
    yield service
    await service.aclose()


def save(service: RegistryService, text: str) -> None:
    service.preferences.path.write_text(f"version = 1\n{text}")


def default(service: RegistryService) -> str | None:
    return service.preferences.prefs.global_default_profile


def profile(name: str) -> str:
    return f'[registry]\nglobal_default_profile = "{name}"\n[[registry.profiles]]\nname = "{name}"\n'


async def test_what_was_saved_is_in_force_and_checked(service: RegistryService) -> None:
    save(service, profile("own") + NOBODY)
    await service.catch_up()
    assert default(service) == "own"
    assert [problem.code for problem in service.config_status().problems] == ["unknownModel"]


async def test_many_that_come_after_a_save_have_it_checked_once(
    service: RegistryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[object] = []

    def check(*args: object) -> list[object]:
        checks.append(args)
        return []

    monkeypatch.setattr(checking, "check", check)
    save(service, NOBODY)
    await asyncio.gather(*(service.catch_up() for _ in range(50)))
    assert len(checks) == 1


async def test_a_save_during_the_reading_of_another_is_not_missed(
    service: RegistryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes then must not be content with that reading: it may have begun before."""
    has_read, go_on = Event(), Event()

    def slow(path: Path) -> Reading:
        reading = read(path)
        has_read.set()
        assert go_on.wait(PATIENCE_S)
        return reading

    monkeypatch.setattr(live, "read", slow)
    first = asyncio.create_task(service.preferences.catch_up())
    await asyncio.to_thread(has_read.wait, PATIENCE_S)
    save(service, profile("later"))
    second = asyncio.create_task(service.preferences.catch_up())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, second)
    assert default(service) == "later"


async def test_a_file_system_that_hangs_holds_nobody_up_and_one_thread(
    service: RegistryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Path] = []
    go_on = Event()

    def hang(path: Path) -> Reading:
        begun.append(path)
        go_on.wait(PATIENCE_S)
        return Reading(None)

    monkeypatch.setattr(live, "read", hang)
    monkeypatch.setattr("ploked.service.CATCH_UP_S", 0.05)
    for _ in range(10):
        await asyncio.gather(*(service.catch_up() for _ in range(10)))
    assert len(begun) == 1
    go_on.set()


async def test_a_check_of_an_older_text_has_not_the_last_word(
    service: RegistryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()

    def slow_at_first(*args: object) -> object:
        if not begun.is_set():
            begun.set()
            assert go_on.wait(PATIENCE_S)
        return real_check(*args)  # type: ignore[arg-type]  # what it was called with

    monkeypatch.setattr(checking, "check", slow_at_first)
    save(service, NOBODY)
    slow = asyncio.create_task(service.catch_up())
    await asyncio.to_thread(begun.wait, PATIENCE_S)
    save(service, "")
    quick = asyncio.create_task(service.catch_up())
    await asyncio.sleep(0.05)
    go_on.set()
    await asyncio.gather(slow, quick)
    assert service.config_status().problems == []
