"""A desk with editors on it: what each starts is `ploked connect`, and one daemon serves them all."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from e2e.places import Home, RawDaemon, eventually
from ploked.lifecycle.find import greet
from ploked.lifecycle.place import Place

NOWHERE = "http://127.0.0.1:9/api/v1"
"""An upstream that refuses at once: the daemon then serves its bundled catalog."""
URI = "file:///home/me/notes.toml"


@dataclass
class Desk:
    """One home; nothing that was started here outlives it."""

    home: Home
    editors: list[RawDaemon] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """Where the daemon of this home listens."""
        return Place.of(self.home.environ, str(self.home.folder))

    def hello(self) -> dict[str, Any] | None:
        """Return what the daemon says of itself; None where none runs."""
        found = greet(self.place)
        if found is None:
            return None
        found.connection.close()
        return found.hello

    def pid(self) -> int:
        """Return the process id of the daemon, which must run."""
        hello = self.hello()
        assert hello is not None
        return int(hello["pid"])

    def kill_daemon(self) -> int:
        """End the daemon with -9; return what its process id was."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        return pid

    async def connect(self, *arguments: str) -> RawDaemon:
        """Start an editor's half that has said nothing yet."""
        command = [sys.executable, "-m", "ploked", *(arguments or ("connect",))]
        self.editors.append(await RawDaemon.at(self.home, command))
        return self.editors[-1]

    async def editor(self, capabilities: dict[str, Any] | None = None) -> RawDaemon:
        """Return one that is initialized."""
        editor = await self.connect()
        assert "result" in await editor.initialize(capabilities)
        return editor

    async def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Run a command to its end; return exit code, stdout and stderr."""
        pipe = asyncio.subprocess.PIPE
        environ = {**self.home.environ, **(env or {})}
        command = [sys.executable, "-m", "ploked", *arguments]
        process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=pipe, stderr=pipe)
        out, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode is not None
        return process.returncode, out.decode(), errors.decode()

    async def status(self) -> dict[str, Any]:
        """Return what `ploked status --json` prints."""
        code, out, errors = await self.run("status", "--json")
        assert code == 0, errors
        status: dict[str, Any] = msgspec.json.decode(out)
        return status

    def processes(self) -> list[int]:
        """Return the daemons of this home."""
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdecimal() and self.place.socket.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
        return found

    async def alone(self) -> int:
        """Wait until exactly one daemon runs; return its process id."""
        await eventually(lambda: len(self.processes()) == 1)
        return self.processes()[0]

    async def clear(self) -> None:
        """End everything."""
        for editor in self.editors:
            if editor.process.returncode is None:
                editor.process.kill()
            await editor.process.wait()
            await editor._task
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await eventually(lambda: not self.processes())


@asynccontextmanager
async def desk(folder: Path, upstream: str = NOWHERE, **more: str) -> AsyncIterator[Desk]:
    """Give a desk in `folder`; `more` are variables of its environment."""
    one = Desk(Home(folder, upstream, more, through_daemon=True))
    try:
        yield one
    finally:
        await one.clear()


def opened(text: str) -> dict[str, Any]:
    """Return the params that open a document."""
    return {"textDocument": {"uri": URI, "languageId": "toml", "version": 1, "text": text}}


def typed(version: int, text: str, at: int = 0) -> dict[str, Any]:
    """Return the params of a change that inserts `text` into the first line."""
    position = {"line": 0, "character": at}
    change = {"range": {"start": position, "end": position}, "text": text}
    return {"textDocument": {"uri": URI, "version": version}, "contentChanges": [change]}


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6
