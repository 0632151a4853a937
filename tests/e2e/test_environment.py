"""What the environment may hold that does not do: the daemon starts, says what is wrong, and does the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from e2e.conftest import Start
from e2e.editing import Buffer
from e2e.places import KIMI, Daemon, Home
from e2e.sweeping import launch, swept
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.errors import PlokedError


async def status(daemon: Daemon) -> Any:
    return await daemon.request("ploked/status", {})


async def test_credentials_in_the_url_are_used_and_never_shown(
    start: Start, home: Home, upstream: UpstreamProcess
) -> None:
    home.more = {"PLOKED_OPENROUTER_URL": upstream.url.replace("//", "//someone:canary-secret@")}
    daemon = await start(home)
    catalog = (await status(daemon))["catalog"]
    assert (catalog["upstream"], catalog["freshness"]["source"]) == (upstream.url, "openrouter")
    upstream.faults.add("connection-reset")
    said = [await daemon.request("ploked/refreshCatalog", {}), await swept(daemon), await status(daemon)]
    assert "canary-secret" not in repr(said)


@pytest.mark.parametrize("url", ["not a url", "localhost:1", "http://[::1", "ftp://example.org/x"])
async def test_an_upstream_that_is_no_address_is_named(start: Start, home: Home, url: str) -> None:
    home.more = {"PLOKED_OPENROUTER_URL": url}
    daemon = await start(home)
    freshness = (await status(daemon))["catalog"]["freshness"]
    assert freshness["source"].startswith("snapshot")
    assert url in freshness["error"]
    results = await swept(daemon)
    for said in {results["message"] or row["error"] for row in results["rows"]}:
        assert "annot be" in said
        assert "None" not in said


async def test_without_a_place_for_the_cache_all_but_sweeps_works(start: Start, home: Home, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    home.more = {"PLOKED_CACHE_DIR": str(tmp_path / "taken")}
    daemon = await start(home)
    assert (await status(daemon))["catalog"]["freshness"]["source"] == "openrouter"
    assert len((await daemon.request("ploked/listEndpoints", {"model": KIMI}))["endpoints"]) == 12
    with pytest.raises(PlokedError, match=r"ledger of sweeps.*cannot be opened"):
        await launch(daemon)
    assert (tmp_path / "taken").read_text() == "a file"


async def test_a_relative_config_is_one_of_the_folder_the_daemon_was_started_in(
    start: Start, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    home.more = {"PLOKED_CONFIG": "here.toml"}
    (tmp_path / "here.toml").write_text("version = 1\n[registry\n")
    daemon = await start(home)
    assert (await status(daemon))["config"]["path"] == str(tmp_path / "here.toml")
    shown = await daemon.until("textDocument/publishDiagnostics")
    assert shown["uri"] == (tmp_path / "here.toml").as_uri()
    buffer = Buffer(daemon, tmp_path / "here.toml", "version = 1\n[registry]\nstrictnes = 1\n")
    shown = await daemon.until("textDocument/publishDiagnostics", lambda told: told.get("version") == 1)
    assert (shown["uri"], [one["code"] for one in shown["diagnostics"]]) == (buffer.uri, ["unknownKey"])
