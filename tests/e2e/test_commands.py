"""Every method as a command, and what clients of other kinds get."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from e2e.conftest import Start
from e2e.editing import Buffer
from e2e.places import DEEPSEEK, KIMI, Daemon, Home, Json, RawDaemon
from e2e.sweeping import PAIR, swept
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol.methods import REQUESTS

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOTH_WAYS = True

CALLS: list[tuple[str, Json]] = [
    ("searchModels", {"query": "kimi", "limit": 3}),
    ("listEndpoints", {"model": KIMI}),
    ("routePlan", {"model": DEEPSEEK, "params": {"seed": 1}, "prompt": "Hi"}),
    ("refreshCatalog", {"model": KIMI}),
    ("status", {}),
    ("listProfiles", {"model": KIMI}),
    ("setDefaultProfile", {"name": "default"}),
    ("saveProfile", {"name": "calm", "params": {"temperature": 0.1}}),
    ("selectEndpoints", {"model": KIMI, "endpoints": ["novita"]}),
    ("deleteProfile", {"name": "nobody"}),
    ("searchModels", {"query": 5}),
    ("listEndpoints", {}),
    ("cancelSweep", {"sweepId": "nowhere"}),
]


@pytest.mark.parametrize(("short", "params"), CALLS, ids=[f"{short}-{n}" for n, (short, _) in enumerate(CALLS)])
async def test_a_command_answers_as_its_method_does(shared: Daemon, short: str, params: Json) -> None:
    await _outcome(shared, f"ploked/{short}", params)  # an edit changes the file the first time alone
    method = await _outcome(shared, f"ploked/{short}", params)
    command = await _outcome(shared, "workspace/executeCommand", {"command": f"ploked.{short}", "arguments": [params]})
    assert _steady(command) == _steady(method)


async def _outcome(daemon: Daemon, method: str, params: Json) -> Any:
    """Return the result, or the error with all that it says."""
    try:
        return await daemon.request(method, params)
    except Exception as error:  # noqa: BLE001  # what it is, is what the test compares
        return [type(error).__name__, str(error), getattr(error, "data", None)]


def _steady(value: Any) -> Any:
    """Return an answer without what the clock changes."""
    if isinstance(value, list):
        return [_steady(one) for one in value]
    if isinstance(value, dict):
        return {name: _steady(one) for name, one in value.items() if name not in ("ageS", "uptimeS", "refreshedAt")}
    return value


async def test_a_sweep_can_be_run_by_commands_alone(shared: Daemon) -> None:
    async def command(short: str, params: Json) -> Any:
        return await shared.request("workspace/executeCommand", {"command": f"ploked.{short}", "arguments": [params]})

    launched = await command("launchSweep", {"model": KIMI, "selectedEndpoints": PAIR})
    await shared.swept(launched["sweepId"])
    results = await command("sweepResults", {"sweepId": launched["sweepId"], "sort": "cost"})
    assert (results["state"], len(results["rows"])) == ("done", 2)
    assert (await command("cancelSweep", {"sweepId": launched["sweepId"]}))["state"] == "done"


async def test_the_server_says_which_commands_there_are(place: Home) -> None:
    raw = await RawDaemon.at(place)
    capabilities = (await raw.initialize())["result"]["capabilities"]
    assert set(capabilities["executeCommandProvider"]["commands"]) == {row.command for row in REQUESTS}
    assert '"' in capabilities["completionProvider"]["triggerCharacters"]
    assert capabilities["hoverProvider"]
    assert capabilities["codeActionProvider"]["codeActionKinds"] == ["quickfix"]
    assert capabilities["textDocumentSync"]["openClose"] is True
    await raw.ask("shutdown")
    raw.notify("exit")
    assert (await raw.leave())[0] == 0


async def test_a_command_shows_its_progress_under_the_token_of_the_call(shared: Daemon) -> None:
    asked = {"command": "ploked.refreshCatalog", "arguments": [{}], "workDoneToken": "mine"}
    since = len(shared.told)
    await shared.request("workspace/executeCommand", asked)
    kinds = [told["value"]["kind"] for told in shared.heard("$/progress", since) if told["token"] == "mine"]
    assert kinds == ["begin", "report", "end"]


@pytest.mark.parametrize("arguments", [[{}, {}], [5], ["kimi"]])
async def test_a_command_takes_one_object(shared: Daemon, arguments: list[Any]) -> None:
    asked = {"command": "ploked.searchModels", "arguments": arguments}
    name, message, data = await _outcome(shared, "workspace/executeCommand", asked)
    assert (name, data.path) == ("InvalidParams", "$")
    assert message


@pytest.mark.asyncio(loop_scope="function")  # as `start` is
async def test_a_client_that_renders_no_markdown_gets_plain_text(start: Start, home: Home) -> None:
    daemon = await start(home, {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}})
    text = '[[registry.models]]\nmodel = "mancer/weaver"\nbanned_providers = ["novita"]\n'
    buffer = Buffer(daemon, home.config, text)
    for line, character, said in (
        (1, 12, "Mancer: Weaver (alpha) mancer/weaver"),
        (2, 24, "privacy policy: https://novita.ai/"),
    ):
        place = {"textDocument": {"uri": buffer.uri}, "position": {"line": line, "character": character}}
        contents = (await daemon.request("textDocument/hover", place))["contents"]
        assert contents["kind"] == "plaintext"
        assert said in contents["value"]
        assert "**Mancer" not in contents["value"]


async def test_searches_go_on_while_everything_else_is_slow(shared: Daemon, upstream: UpstreamProcess) -> None:
    upstream.faults.add("latency", seconds=1, path="/")
    slow = [asyncio.ensure_future(shared.request("ploked/refreshCatalog", {})) for _ in range(5)]
    slow.append(asyncio.ensure_future(swept(shared)))
    for n in range(50):
        await shared.request("ploked/searchModels", {"query": f"k{n % 3}"})
    status = await shared.request("ploked/status", {})
    assert not any(one.done() for one in slow)
    assert status["catalog"]["models"] == 455
    await asyncio.gather(*slow)
