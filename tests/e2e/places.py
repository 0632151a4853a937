"""Where a daemon under test lives, and clients of it that remember what they were told."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ploked_protocol.client import AsyncClient
from ploked_protocol.methods import METHODS
from wire.talk import There

SERVE = [sys.executable, "-m", "ploked", "serve", "--stdio"]
CONNECT = [sys.executable, "-m", "ploked", "connect"]
THROUGH_DAEMON = os.environ.get("PLOKED_E2E") == "daemon"
"""Whether all of these tests go through the shared daemon; else some do."""
own_process = pytest.mark.skipif(THROUGH_DAEMON, reason="it is about a server that ends with its only editor")
KEY = "sk-or-v1-e2e0canary0key"
PATIENCE_S = 30.0
"""A deadline, not a wait: the machine that runs the tests may be busy."""

KIMI = "moonshotai/kimi-k2.5"
"""Twelve endpoints, six of which take `seed`, and a copy of all in the bundled snapshot."""
DEEPSEEK = "deepseek/deepseek-v3.2"
"""Twelve endpoints, unequal in tools, seed and quantization."""

Json = dict[str, Any]
HEARD = [method.name for method in METHODS if method.direction == "notification"] + [
    "textDocument/publishDiagnostics", "$/progress", "window/showMessage",
]  # fmt: skip


@dataclass
class Home:
    """The files and the environment of one daemon, apart from those of whoever runs the tests."""

    folder: Path
    upstream: str
    more: Mapping[str, str] = field(default_factory=dict)
    through_daemon: bool = THROUGH_DAEMON
    """Whether editors share a daemon here, or have a process each."""

    def __post_init__(self) -> None:
        """Make a folder for the socket: pytest's are too long for one. When it goes, the daemon goes."""
        self._runtime = tempfile.TemporaryDirectory(prefix="ploked-", ignore_cleanup_errors=True)

    @property
    def command(self) -> list[str]:
        """What an editor starts."""
        return CONNECT if self.through_daemon else SERVE

    @property
    def config(self) -> Path:
        """Where its config.toml is, or would be."""
        return self.folder / "ploke" / "config.toml"

    @property
    def cache(self) -> Path:
        """Its cache folder."""
        return self.folder / "cache"

    @property
    def environ(self) -> dict[str, str]:
        """The whole environment of the process."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLOKED_", "XDG_"))}
        ours = {
            "HOME": str(self.folder), "PLOKED_CONFIG": str(self.config), "PLOKED_CACHE_DIR": str(self.cache),
            "PLOKED_OPENROUTER_URL": self.upstream, "OPENROUTER_API_KEY": KEY, "XDG_RUNTIME_DIR": self._runtime.name,
            "PLOKED_IDLE_S": "5",
        }  # fmt: skip
        merged = {**kept, **ours, **self.more}
        return {name: value for name, value in merged.items() if value}

    def write(self, text: str) -> None:
        """Save config.toml in place, as many editors do."""
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text, encoding="utf-8")


class Daemon(AsyncClient):
    """A client of its own daemon; `told` holds every notification that came, in order, as (method, params)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self.told: list[tuple[str, Json]] = []
        self._news = asyncio.Event()
        for method in HEARD:
            self.peer.notifications[method] = [partial(self._hear, method)]

    @classmethod
    async def at(cls, home: Home, capabilities: Json | None = None) -> Daemon:
        """Start a daemon in `home`, do the handshake and wait until it has read what is on disk."""
        client = await cls.spawn(home.command, home.environ)
        assert isinstance(client, Daemon)
        await client.initialize(capabilities)
        await client.request("ploked/status", {})
        return client

    def _hear(self, method: str, params: Json) -> None:
        self.told.append((method, params))
        self._news.set()

    def heard(self, method: str, since: int = 0) -> list[Json]:
        """Return the params of the notifications of `method`, from `told[since]` on."""
        return [params for name, params in self.told[since:] if name == method]

    async def until(self, method: str, wanted: Callable[[Json], bool] = lambda _: True, since: int = 0) -> Json:
        """Return the first notification that is wanted, waiting for it."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    self._news.clear()
                    for params in self.heard(method, since):
                        if wanted(params):
                            return params
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no such {method} among {self.heard(method, since)}") from None

    async def saved(self, home: Home, text: str) -> Json:
        """Save config.toml; return what the daemon says of it."""
        since = len(self.told)
        home.write(text)
        return await self.until("ploked/preferencesChanged", since=since)

    async def obeys(self, home: Home, text: str) -> None:
        """Save config.toml unless it says so already, and return once it is in force.

        Not once something is told: that may still be of what others have saved before.
        """
        if not home.config.is_file() or home.config.read_text(encoding="utf-8") != text:
            home.write(text)
        await self.request("ploked/editPreferences", {"edits": []})  # every edit reads the file first

    async def swept(self, sweep_id: str) -> Json:
        """Wait for the end of a sweep; return its results."""
        await self.until(
            "ploked/sweepProgress", lambda told: told["sweepId"] == sweep_id and told["state"] != "running"
        )
        results: Json = await self.request("ploked/sweepResults", {"sweepId": sweep_id})
        return results


class RawDaemon(There):
    """A daemon spoken to in raw frames; `received` is all of its stdout."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__(process)
        self.received = bytearray()

    def hear(self, data: bytes) -> None:
        """Keep what came as it came, too."""
        self.received += data
        super().hear(data)

    @classmethod
    async def at(cls, home: Home, command: list[str] | None = None) -> RawDaemon:
        """Start a daemon in `home`; the handshake is the caller's."""
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                *(command or home.command), env=home.environ, stdin=pipe, stdout=pipe, stderr=pipe
            )
        )

    async def result(self, method: str, params: Any = None) -> Any:
        """Return the result of a request that must have one."""
        answer = await self.ask(method, params)
        assert "result" in answer, answer
        return answer["result"]


async def eventually(holds: Callable[[], Any]) -> Any:
    """Return what `holds` returns once that is true; fails after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := holds()):
        assert time.monotonic() < deadline, f"{holds} never held"
        await asyncio.sleep(0.02)
    return value
