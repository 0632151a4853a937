"""What a start survives."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from ploked import checking
from ploked.service import RegistryService
from ploked.settings import Settings

NOWHERE = "http://127.0.0.1:9/api/v1"


async def test_a_fault_in_a_check_of_the_config_costs_neither_the_start_nor_the_preferences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> list[object]:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(checking, "check", broken)
    config = tmp_path / "config.toml"
    config.write_text('version = 1\n[registry]\nglobal_default_profile = "own"\n[[registry.profiles]]\nname = "own"\n')
    service = RegistryService.create(Settings(config, tmp_path, tmp_path, NOWHERE, tmp_path / "keys.json", None))
    with caplog.at_level(logging.ERROR):
        await service.start()
    await service.ready()
    assert service.preferences.prefs.global_default_profile == "own"
    assert "a fault of ours" in caplog.text
    await service.aclose()
