"""Write the examples of PROTOCOL.md from a real run on the fixtures: `python tests/golden/make_examples.py`.

Long lists are cut, and what changes from run to run is fixed. Then run `python -m ploked_protocol.document protocol`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ploked_fixtures.serve import upstream_process
from ploked_protocol import methods
from ploked_protocol.client import AsyncClient
from ploked_protocol.document import EXAMPLES

MODEL = "moonshotai/kimi-k2-0905"
CONFIG = f"""\
version = 1

[registry]
global_default_profile = "balanced"

[[registry.profiles]]
name = "balanced"
params = {{ temperature = 0.7, max_tokens = 256 }}

[[registry.models]]
model = "{MODEL}"
banned_providers = ["groq"]
required_supported_params = ["seed"]
"""
LEAK = """
[openrouter]
api_key = "sk-or-v1-made-up"
"""
FIXED: dict[str, Any] = {
    "pid": 4711,
    "uptimeS": 12.5,
    "ageS": 41.2,
    "outcome": "updated",  # or "unchanged", where the refresh of the start came first
    "refreshedAt": "2026-11-23T10:00:00Z",
    "finishedAt": "2026-11-23T10:00:41.250+00:00",
    "latencyMs": 812.4,
    "sweepId": "sweep-1f2e3d4c5b6a",
}
SHOWN = 2
"""Entries of a list that an example shows; parameter lists are cut to five."""


def tells(name: str, params: Any) -> bool:
    """Return whether a notification is the one to show: of a row, and of endpoints, whose order no start changes."""
    if name == methods.SWEEP_PROGRESS.name:
        return params["row"] is not None
    return name != methods.CATALOG_CHANGED.name or params["refreshed"]["kind"] == "endpoints"


async def exchanges(client: AsyncClient, config: Path) -> dict[str, dict[str, Any]]:
    """Return params and result of each method, in an order in which each has something to show."""
    found: dict[str, dict[str, Any]] = {}
    heard = {m.name: asyncio.Event() for m in methods.METHODS if m.direction == "notification"}

    def hear(name: str) -> Callable[[Any], None]:
        def note(params: Any) -> None:
            if tells(name, params):
                found.setdefault(name, {"params": params})
            heard[name].set()

        return note

    for name in heard:
        client.peer.notifications[name] = [hear(name)]

    async def ask(short: str, **params: Any) -> Any:
        name = f"ploked/{short}"
        found[name] = {"params": params, "result": await client.request(name, params)}
        return found[name]["result"]

    await ask("refreshCatalog")
    await ask("status")
    await ask("setFavourite", model=MODEL)
    await ask("recordPick", model=MODEL, endpoint="novita/fp8")
    await ask("searchModels", query="kimi k2 in<1 provder:groq", limit=2, highlight=True, effective=True)
    await ask("completeQuery", query="kimi param:s", position=12)
    await ask("listEndpoints", model=MODEL)
    await ask("routePlan", model=MODEL, prompt="Name a colour.", promptTokens=2000, asCurl=True)
    await ask("listProfiles", model=MODEL)
    await ask("effectiveProfile", model=MODEL, params={"top_p": 0.9})
    await ask("preferencesDiff", configText=CONFIG.replace('"groq"', '"groq", "novita"'))
    grid = [{"parameter": "temperature", "start": 0, "stop": 1, "steps": 3}]
    launched = await ask("launchSweep", model=MODEL, grid=grid, seeds=[7], prompt="Name a colour.", concurrency=1)
    sweep_id = launched["sweepId"]
    while (await ask("sweepResults", sweepId=sweep_id, sort="cost"))["state"] == "running":
        await asyncio.sleep(0.02)
    await ask("planVersusActual", sweepId=sweep_id)
    await ask("cancelSweep", sweepId=sweep_id)
    best = found["ploked/sweepResults"]["result"]["best"]
    await ask("saveProfile", name="best", sweepId=sweep_id, requestId=best, setDefault=True)
    await ask("setDefaultProfile", name="balanced", model=MODEL)
    await ask("deleteProfile", name="best", model=MODEL)
    await ask("selectEndpoints", model=MODEL, endpoints=["novita/fp8"])
    path = f'registry.models["{MODEL}"].banned_providers'
    await ask("editPreferences", edits=[{"verb": "remove", "path": path, "value": "groq"}])
    config.write_text(config.read_text(encoding="utf-8") + LEAK, encoding="utf-8")
    await ask("storeKey", path=["openrouter", "api_key"])
    for event in heard.values():
        await asyncio.wait_for(event.wait(), 10)
    return found


def settled(value: Any, folder: str, key: str = "") -> Any:
    """Return `value` as it would be in any run, short enough to read."""
    if isinstance(value, dict):
        return {
            name: FIXED.get(name, settled(each, folder, name)) if each is not None else None
            for name, each in value.items()
        }
    if isinstance(value, list):
        shown = 5 if key in ("supportedParameters", "added") else SHOWN
        return [settled(each, folder, key) for each in value[:shown]]
    if isinstance(value, str):
        text = value.replace(f"{folder}/.local", "/home/you/.local").replace(folder, "/home/you/.config/ploke")
        text = re.sub(r"http://127\.0\.0\.1:[0-9]+/api/v1", "https://openrouter.ai/api/v1", text)
        return re.sub(r"sweep-[0-9a-f]{12}", str(FIXED["sweepId"]), text)
    return value


async def made() -> str:
    """Return the examples as JSON, from a daemon on the fixtures."""
    with tempfile.TemporaryDirectory() as folder, upstream_process("--latency-ms", "5") as upstream:
        (Path(folder) / "config.toml").write_text(CONFIG, encoding="utf-8")
        environ = {
            "PLOKED_CONFIG": f"{folder}/config.toml",
            "PLOKED_CACHE_DIR": f"{folder}/cache",
            "XDG_STATE_HOME": f"{folder}/.local/state",
            "PLOKED_OPENROUTER_URL": upstream.url,
            "OPENROUTER_API_KEY": "example",
        }
        client = await AsyncClient.spawn([sys.executable, "-m", "ploked", "serve", "--stdio"], environ)
        async with client:
            found = await exchanges(client, Path(folder) / "config.toml")
        order = [method.name for method in methods.METHODS]
        examples = {name: settled(found[name], folder) for name in order}
    return json.dumps(examples, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    EXAMPLES.write_text(asyncio.run(made()), encoding="utf-8")
