"""A canary in every place that a secret may be in, a session that does and breaks everything: nothing repeats it.

The upstream repeats what it was sent in each of its errors, plainly and with characters escaped, and a crash of the
service has the key in its text. The canaries are plain words: what looks like a key would be redacted for its looks
alone. Those that are sent have signs that are escaped.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fake_keyring
import pytest
import pytest_asyncio
from canned import canned, response
from daemon.desk import Desk, desk
from e2e.places import KIMI, RawDaemon, eventually
from e2e.sweeping import HEAT, PAIR

IN_CONFIG, IN_OPTIONS, IN_URL = "wordOfTheConfig", "wordOfTheOptions", "word/Of+The=Address"
KEYS = {
    "environment": "word/Of+The=Environment",
    "keyring": "word/Of+The=Keyring",
    "file": "word/Of+The=File",
}
CANARIES = [*KEYS.values(), IN_CONFIG, IN_OPTIONS, IN_URL]
CONFIG = f"""version = 1

[registry]
api_key = "{IN_CONFIG}"
strictness = "{IN_CONFIG}"

[[registry.models]]
model = "{IN_CONFIG}"
"""
CRASH = """
import importlib.util, sys

class Crashing:
    '''Has `ploked/listProfiles` break with all that the service knows of keys in its words.'''

    def find_spec(self, name, path, target=None):
        if name != "ploked.edits":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)

            def list_profiles(self, params):
                raise RuntimeError(f"{self.keys.find().key.reveal()} {self.preferences.text}")

            module.ConfigEdits.list_profiles = list_profiles

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Crashing())
"""


def spellings(word: str) -> list[str]:
    """Return how JSON, and a URL in it, may spell a canary."""
    in_unicode = "".join(rf"\u{ord(one):04x}" if one in "/+=" else one for one in word)
    return [
        word,
        word.replace("/", r"\/"),
        in_unicode,
        quote(word, safe=""),
        quote(word, safe="").replace("%2F", "%2f"),
    ]


def repeating(received: list[bytes]) -> Callable[[str], bytes]:
    """Return what answers every request with an error that repeats the secrets received so far."""

    def answer(path: str) -> bytes:
        sent = b"".join(received)
        known = [word for word in CANARIES if word.encode() in sent or b64encode(f"me:{word}".encode()) in sent]
        spelled = " ".join(each for word in known for each in spellings(word))
        said = f'{{"error": {{"message": "{spelled} is not welcome", "code": 400}}}}'.encode()
        status = "400 Bad Request" if path.endswith("/chat/completions") else "500 Broken"
        return response(said, f"Location: http://localhost:1/{'/'.join(known)}", status=status)

    return answer


@dataclass
class Watched:
    """A desk whose upstream keeps what it was sent."""

    desk: Desk
    received: list[bytes]

    async def session(self) -> RawDaemon:
        """Do everything that a client can; return its half."""
        editor = await self.desk.connect()
        options = {"apiKey": IN_OPTIONS, "nested": [{"token": IN_OPTIONS}]}
        await editor.initialize(None, initializationOptions=options, trace="verbose")
        uri = self.desk.home.config.as_uri()
        document = {"uri": uri, "languageId": "toml", "version": 1, "text": CONFIG}
        editor.notify("textDocument/didOpen", {"textDocument": document})
        shown = await editor.until(
            lambda told: "leakedKey" in repr(told) and told.get("method") == "textDocument/publishDiagnostics"
        )
        found = shown["params"]["diagnostics"]
        await editor.ask(
            "textDocument/codeAction",
            {"textDocument": {"uri": uri}, "range": found[0]["range"], "context": {"diagnostics": found}},
        )
        for line, column in ((3, 12), (4, 16), (7, 12)):
            place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}
            await editor.ask("textDocument/hover", place)
            await editor.ask("textDocument/completion", place)
        for method, params in (
            ("refreshCatalog", {}), ("refreshCatalog", {"model": KIMI}), ("searchModels", {"query": "kimi"}),
            ("listEndpoints", {"model": KIMI}), ("routePlan", {"model": KIMI, "prompt": "x", "asCurl": True}),
            ("effectiveProfile", {"model": KIMI}), ("nonsense", {"key": IN_OPTIONS}),
        ):  # fmt: skip
            await editor.ask(f"ploked/{method}", params)
        await self._sweep(editor)
        assert "***" in json.dumps(await editor.ask("ploked/refreshCatalog", {}))
        crashed = await editor.ask("ploked/listProfiles", {})
        assert "incident" in json.dumps(crashed["error"])
        await editor.ask("ploked/status", {})
        return editor

    async def _sweep(self, editor: RawDaemon) -> None:
        asked = {"model": KIMI, "selectedEndpoints": PAIR, "prompt": "x", "grid": [HEAT]}
        launched = await editor.result("ploked/launchSweep", asked)
        await editor.until(lambda told: told.get("params", {}).get("state") in ("done", "failed", "cancelled"))
        results = await editor.result("ploked/sweepResults", launched)
        assert len(results["rows"]) == 6
        assert [row["error"] for row in results["rows"] if "*** is not welcome" not in row["error"]] == []
        await editor.ask("ploked/planVersusActual", {"sweepId": launched["sweepId"]})

    async def outputs(self) -> str:
        """Return what the commands say of the daemon, and of the keys."""
        commands = (("status", "--json"), ("status",), ("log",), ("keys", "list"))
        return repr([await self.desk.run(*words) for words in commands])

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield every file of the home but those that a canary was put into."""
        carriers = {self.desk.home.config, key_file(self.desk), self.desk.home.folder / "sitecustomize.py"}
        for path in self.desk.home.folder.rglob("*"):
            if path.is_file() and path not in carriers:
                yield path.name, path.read_bytes()

    def bearers(self) -> set[bytes]:
        """Return the Authorization headers of the completions that were asked for."""
        chats = [request for request in self.received if b"/chat/completions " in request]
        return {line for request in chats for line in request.split(b"\r\n") if line.lower().startswith(b"authoriz")}


def key_file(one: Desk) -> Path:
    return one.home.folder / ".local/state/ploked/keys.json"


def arguments_of_all() -> str:
    """Return the command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes())
    return repr(found)


def hits(text: str | bytes) -> list[str]:
    """Return the canaries in a text, however they are spelled, also where its backslashes are escaped."""
    data = (text.encode() if isinstance(text, str) else text).replace(rb"\\", b"\\")
    return [word for word in CANARIES if any(each.encode() in data for each in spellings(word))]


@pytest_asyncio.fixture(params=[*KEYS, "url"])
async def watched(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[str, Watched]]:
    """Give a desk with all canaries, whose key is in one of its places, and that place."""
    source = str(request.param)
    (tmp_path / "sitecustomize.py").write_text(CRASH)
    path = f"{tmp_path}:{fake_keyring.install(tmp_path)}"
    received: list[bytes] = []
    async with canned(repeating(received), received) as (url, _):
        address = url.replace("//", f"//me:{quote(IN_URL, safe='')}@") if source == "url" else url
        more = {
            "OPENROUTER_API_KEY": KEYS["environment"] if source == "environment" else "",
            "PYTHONPATH": path,
            fake_keyring.HELD: f"key:{KEYS['keyring']}" if source == "keyring" else "",
        }
        async with desk(tmp_path, f"{address}/api/v1", **more) as one:
            one.home.write(CONFIG)
            if source in ("file", "url"):
                command = [sys.executable, "-m", "ploked", "keys", "set", "openrouter"]
                run = partial(subprocess.run, command, env=one.home.environ, check=True)
                await asyncio.to_thread(run, input=KEYS["file"].encode())
            yield source, Watched(one, received)


async def test_a_secret_is_nowhere_but_in_the_header_for_its_upstream(watched: tuple[str, Watched]) -> None:
    source, here = watched
    editor = await here.session()
    said: dict[str, Any] = {"commands": await here.outputs(), "arguments": arguments_of_all()}
    limits = Path(f"/proc/{here.desk.pid()}/limits").read_text()
    assert "Max core file size        0 " in limits, "a crash would write the key to the disk"
    editor.notify("exit")
    _, said["stderr"] = await editor.leave()
    said["protocol"] = bytes(editor.received)
    await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "ploked", "stop", "--now"], env=here.desk.home.environ
    )
    await eventually(lambda: not here.desk.processes())
    files = dict(here.files())
    assert {"sweeps.db", "catalog.db"} & {name.split("-")[0] for name in files}
    assert any(name.startswith("daemon-") and b"incident" in data for name, data in files.items())
    found = {place: hits(text) for place, text in {**said, **files}.items()}
    assert {place: words for place, words in found.items() if words} == {}
    assert here.bearers() == {b"authorization: Bearer " + KEYS[source if source in KEYS else "file"].encode()}
    others = [request for request in here.received if b"/chat/completions " not in request]
    assert others
    assert [hits(request) for request in others if hits(request)] == []
