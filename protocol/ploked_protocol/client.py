"""A small client, sync and async: `client.call(SEARCH_MODELS, SearchModelsParams(query="kimi"))`.

What may be called, with which params and which result, comes from `methods`; a wrong pair is a type error.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from . import wire
from .errors import PlokedError
from .methods import Method
from .peer import ConnectionClosedError, Peer

_log = logging.getLogger(__name__)

P = TypeVar("P")
R = TypeVar("R")

SERVE = ("ploked", "serve", "--stdio")
"""The command that a client starts unless told otherwise."""

GOODBYE_S = 5.0
"""How long a daemon may take to answer `shutdown`, and again to leave."""


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
        with suppress(TimeoutError, ConnectionError, PlokedError):
            async with asyncio.timeout(GOODBYE_S):
                await self.request("shutdown", None)
                self.notify("exit", None)
        self._writer.close()
        if self.process is not None:
            await _leave(self.process)
        done, _ = await asyncio.wait([self._task], timeout=GOODBYE_S)
        if not done:
            self._task.cancel()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(1 << 16):
                self._writer.write(self.peer.receive(data))
        except (ConnectionError, ValueError) as error:
            _log.warning("The conversation with the daemon ends: %s", error)
        finally:
            self.peer.close()


async def _leave(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), GOODBYE_S)
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
        """Return the result of any request as builtins; one that takes too long is cancelled."""
        data, request_id, future = self.peer.request(method, params)
        self._send(data)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            self.notify("$/cancelRequest", {"id": request_id})
            raise TimeoutError(f"{method} was not answered within {timeout_s} s") from None

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
        with suppress(TimeoutError, ConnectionError, PlokedError):
            self.request("shutdown", None, timeout_s=GOODBYE_S)
            self.notify("exit", None)
        if self.process.stdin is not None:
            with suppress(OSError):  # what it still holds, nobody reads
                self.process.stdin.close()
        try:
            self.process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(GOODBYE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _send(self, data: bytes) -> None:
        if self.process.stdin is None or not data:
            return
        try:
            with self._lock:
                self.process.stdin.write(data)
        except (OSError, ValueError) as error:  # a broken pipe, or one that `close` has closed
            raise ConnectionClosedError(f"the daemon has closed the connection: {error}") from error

    def _read(self) -> None:
        stdout = self.process.stdout
        try:
            while stdout is not None and (data := stdout.read(1 << 16)):
                self._send(self.peer.receive(data))
        except (ConnectionError, ValueError) as error:
            _log.warning("The conversation with the daemon ends: %s", error)
        finally:
            self.peer.close()
