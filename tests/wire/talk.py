"""Conversations in raw frames, with a session in this process or with a server on stdio: the same face for both."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from ploked.server.session import Session
from ploked.server.streams import StreamIn
from ploked_protocol.framing import FrameDecoder, frame
from wire.fake_service import FakeService, features

TESTS = Path(__file__).resolve().parent.parent
PATIENCE_S = 30.0
COMMAND = (sys.executable, "-m", "wire.server")
"""The fake server; run it in TESTS."""

Message = dict[str, Any]


class Talk:
    """One client. Every message that comes back is kept, in order, in `got`."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.closed = asyncio.Event()
        self._news = asyncio.Event()
        self._decoder = FrameDecoder(max_body=1 << 30)
        self._ids = iter(range(1000, 1_000_000))

    def raw(self, data: bytes) -> None:
        raise NotImplementedError

    def hear(self, data: bytes) -> None:
        self.got += map(_strictly, self._decoder.feed(data))
        self._news.set()

    def send(self, *messages: bytes | Message) -> None:
        """Send bodies, in one write."""
        self.raw(b"".join(frame(one if isinstance(one, bytes) else json.dumps(one).encode()) for one in messages))

    def request(self, method: str, params: Any = None, message_id: int | str | None = None) -> int | str:
        """Send a request; return its id."""
        message_id = next(self._ids) if message_id is None else message_id
        self.send({"jsonrpc": "2.0", "id": message_id, "method": method, "params": params})
        return message_id

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        """Return the first message that is wanted, waiting for it."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    self._news.clear()
                    for message in self.got:
                        if wanted(message):
                            return message
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no such message among {self.got[-5:]}") from None

    async def answer(self, message_id: int | str | None) -> Message:
        """Return the answer with this id."""
        return await self.until(lambda message: "method" not in message and message["id"] == message_id)

    async def told(self, method: str) -> Message:
        """Return the first message of the server with this method."""
        return await self.until(lambda message: message.get("method") == method)

    async def ask(self, method: str, params: Any = None) -> Message:
        """Return the answer to a request."""
        return await self.answer(self.request(method, params))

    async def initialize(self, capabilities: Message | None = None, **more: Any) -> Message:
        """Do the handshake; return the answer."""
        answer = await self.ask("initialize", {"processId": None, "capabilities": capabilities or {}, **more})
        self.notify("initialized", {})
        return answer

    def answers(self, message_id: int | str | None) -> list[Message]:
        """Return all answers with this id that came so far."""
        return [message for message in self.got if "method" not in message and message["id"] == message_id]


def _strictly(body: bytes) -> Message:
    """Return a message; only what every JSON parser takes is one (no NaN)."""
    message: Message = msgspec.json.decode(body)
    assert message["jsonrpc"] == "2.0"
    assert ("result" in message) + ("error" in message) + ("method" in message) == 1
    return message


class Here(Talk):
    """A session in this process, with a writer that hands over what it is given."""

    def __init__(self, service: FakeService | None = None) -> None:
        super().__init__()
        self.service = service or FakeService()
        self.session = Session(lambda: self.service, features=[features])
        self.session.on_answered.append(lambda: self.session.spawn(self.service.start()))
        self.ignored_bytes = 0
        """What the client has left unread for good."""
        self.broken = False
        self._sent = b""
        self.reading = asyncio.Event()
        self.reading.set()
        self._reader = StreamIn()
        self.run = asyncio.create_task(self.session.run(self._reader, self))
        self.run.add_done_callback(lambda _: self.closed.set())

    def raw(self, data: bytes) -> None:
        """Send `data`. As from a pipe, what is sent at once comes at once, and then nothing in the same turn."""
        if not self._sent:
            asyncio.get_running_loop().call_soon(self._deliver)
        self._sent += data

    def _deliver(self) -> None:
        data, self._sent = self._sent, b""
        if data:
            self._reader.feed_data(data)

    def end(self) -> None:
        """End the stream."""
        if self._sent:
            self._deliver()
        self._reader.feed_eof()

    # the session's writer

    @property
    def unread(self) -> int:
        """Return how many bytes wait for the client to read them."""
        return self.ignored_bytes + (not self.reading.is_set())

    def write(self, data: bytes, /) -> None:
        self.hear(data)

    async def drain(self) -> None:
        await self.reading.wait()

    async def finish(self) -> None:
        await self.reading.wait()


class There(Talk):
    """A server process on stdio."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__()
        self.process = process
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, *arguments: str, env: dict[str, str] | None = None) -> There:
        """Start the fake server."""
        pipe = asyncio.subprocess.PIPE
        environ = {**os.environ, **(env or {})}
        return cls(
            await asyncio.create_subprocess_exec(
                *COMMAND, *arguments, cwd=TESTS, env=environ, stdin=pipe, stdout=pipe, stderr=pipe
            )
        )

    def raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def end(self) -> None:
        """End the stream."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def leave(self) -> tuple[int, str]:
        """Wait for the end of the process; return its exit code and what it wrote to stderr."""
        async with asyncio.timeout(PATIENCE_S):
            assert self.process.stderr is not None
            errors, code, _ = await asyncio.gather(self.process.stderr.read(), self.process.wait(), self._task)
            return code, errors.decode()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while data := await self.process.stdout.read(1 << 16):
            self.hear(data)
        self.closed.set()
