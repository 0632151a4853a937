"""A small client, sync and async: `client.call(SEARCH_MODELS, SearchModelsParams(query="kimi"))`.

What may be called, with which params and which result, comes from `methods`; a wrong pair is a type error.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from . import wire
from .methods import Method
from .peer import ConnectionClosedError, Peer

P = TypeVar("P")
R = TypeVar("R")

SERVE = ("ploked", "serve", "--stdio")
"""The command that a client starts unless told otherwise."""


def _initialize_params(capabilities: dict[str, Any] | None) -> dict[str, Any]:
    return {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities or {}}


class AsyncClient:
    """One conversation over a pair of asyncio streams: `async with await AsyncClient.spawn() as client: ...`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peer = Peer()
        self.process: asyncio.subprocess.Process | None = None
        self._writer = writer
        self._task = asyncio.ensure_future(self._read(reader))

    @classmethod
    async def spawn(cls, command: Sequence[str] = SERVE, env: Mapping[str, str] | None = None) -> AsyncClient:
        """Start `command` and return the client on its stdio; its stderr is ours."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=env)
        if process.stdout is None or process.stdin is None:
            raise ConnectionClosedError("the daemon started without pipes")
        client = cls(process.stdout, process.stdin)
        client.process = process
        return client

    async def __aenter__(self) -> AsyncClient:
        """Return the client, initialized."""
        await self.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Say goodbye and wait for the process."""
        await self.close()

    async def initialize(self, capabilities: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the LSP handshake; return the `initialize` result."""
        result: dict[str, Any] = await self.request("initialize", _initialize_params(capabilities))
        self.notify("initialized", {})
        return result

    async def call(self, method: Method[P, R], params: P, *, progress_token: str | None = None) -> R:
        """Return the result; raises the PlokedError that the daemon answered. Cancelling cancels the request."""
        fields = wire.builtins(params)
        if progress_token is not None:
            fields["workDoneToken"] = progress_token
        return wire.convert(await self.request(method.name, fields), method.result)

    async def request(self, method: str, params: object) -> Any:
        """Return the result of any request as builtins."""
        data, request_id, future = self.peer.request(method, params)
        self._writer.write(data)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self.notify("$/cancelRequest", {"id": request_id})
            raise

    def notify(self, method: str, params: object) -> None:
        """Send any notification."""
        self._writer.write(self.peer.notification(method, params))

    def on(self, method: Method[P, None], callback: Callable[[P], None]) -> None:
        """Call back for each notification of the table."""
        self.peer.notifications.setdefault(method.name, []).append(
            lambda params: callback(wire.convert(params, method.params))
        )

    async def close(self) -> None:
        """Shut the session down; kill the process if it does not leave within five seconds."""
        if not self._task.done():
            await self.request("shutdown", None)
            self.notify("exit", None)
        self._writer.close()
        await self._task
        if self.process is not None:
            await _leave(self.process)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(1 << 16):
                self._writer.write(self.peer.receive(data))
        finally:
            self.peer.close()


async def _leave(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()


class Client:
    """The blocking client: `with Client.spawn() as client: client.call(...)`. Callbacks come from its reader thread."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.peer = Peer()
        self.process = process
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="ploked-client", daemon=True)
        self._thread.start()

    @classmethod
    def spawn(cls, command: Sequence[str] = SERVE, env: Mapping[str, str] | None = None) -> Client:
        """Start `command` and return the client on its stdio."""
        pipe = subprocess.PIPE
        return cls(subprocess.Popen(command, stdin=pipe, stdout=pipe, env=env, bufsize=0))  # noqa: S603  # the caller's own command

    def __enter__(self) -> Client:
        """Return the client, initialized."""
        self.initialize()
        return self

    def __exit__(self, *_: object) -> None:
        """Say goodbye and wait for the process."""
        self.close()

    def initialize(self, capabilities: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the LSP handshake; return the `initialize` result."""
        result: dict[str, Any] = self.request("initialize", _initialize_params(capabilities))
        self.notify("initialized", {})
        return result

    def call(self, method: Method[P, R], params: P, *, timeout_s: float | None = 60) -> R:
        """Return the result; raises the PlokedError that the daemon answered, or TimeoutError."""
        return wire.convert(self.request(method.name, params, timeout_s=timeout_s), method.result)

    def request(self, method: str, params: object, *, timeout_s: float | None = 60) -> Any:
        """Return the result of any request as builtins."""
        data, _, future = self.peer.request(method, params)
        self._send(data)
        return future.result(timeout_s)

    def notify(self, method: str, params: object) -> None:
        """Send any notification."""
        self._send(self.peer.notification(method, params))

    def on(self, method: Method[P, None], callback: Callable[[P], None]) -> None:
        """Call back, on the reader thread, for each notification of the table."""
        self.peer.notifications.setdefault(method.name, []).append(
            lambda params: callback(wire.convert(params, method.params))
        )

    def close(self) -> None:
        """Shut the session down; kill the process if it does not leave within five seconds."""
        if self.process.poll() is None:
            self.request("shutdown", None, timeout_s=5)
            self.notify("exit", None)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._thread.join(5)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _send(self, data: bytes) -> None:
        if self.process.stdin is not None and data:
            with self._lock:
                self.process.stdin.write(data)

    def _read(self) -> None:
        stdout = self.process.stdout
        try:
            while stdout is not None and (data := stdout.read(1 << 16)):
                self._send(self.peer.receive(data))
        finally:
            self.peer.close()
