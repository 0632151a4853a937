"""A hub over the fake service at a socket of this process, and clients of it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from ploked.server import wire as server_wire
from ploked.server.hub import Hub
from ploked_protocol import control
from wire.fake_service import FakeService, features
from wire.talk import Talk


class Client(Talk):
    """One connection to a hub."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self.writer = writer
        self._reader = reader
        self._task = asyncio.create_task(self._read())

    def raw(self, data: bytes) -> None:
        self.writer.write(data)

    async def leave(self) -> None:
        """Close the connection and wait until nothing of it is left."""
        self.writer.close()
        await self.closed.wait()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(1 << 16):
                self.hear(data)
        self.closed.set()


class Hall:
    """A hub that listens."""

    def __init__(self, service: FakeService, path: str) -> None:
        self.service = service
        self.path = path
        self.hub = Hub(lambda: service, [features], self._answer)
        self.clients: list[Client] = []

    def _answer(self, method: str, params: Any) -> object:
        if method == control.HELLO:
            return {"serves": params["protocol"] == "0.1"}
        if method == control.STATUS:
            return {"long": "x" * 1_000_000}
        raise server_wire.RefusedError(server_wire.METHOD_NOT_FOUND, "no")

    async def connect(self) -> Client:
        """Return a connection that has said nothing yet."""
        self.clients.append(Client(*await asyncio.open_unix_connection(self.path)))
        return self.clients[-1]

    async def client(self) -> Client:
        """Return a client that is initialized."""
        client = await self.connect()
        await client.initialize()
        return client


@contextlib.asynccontextmanager
async def hall() -> AsyncIterator[Hall]:
    """Give a hub that listens, over a service that has started."""
    with tempfile.TemporaryDirectory(prefix="ploked-") as folder:
        service = FakeService()
        await service.start()
        here = Hall(service, str(Path(folder) / "s"))
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(here.hub.connection, here.path, backlog=256)
        yield here
        server.close()
        for client in here.clients:
            await client.leave()
        await here.hub.settle(10)
