"""A blocking client on raw pipes: as little as possible between the clock and the process measured."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from ploked_protocol.framing import FrameDecoder, frame


class RawServer:
    """A server on stdio; notifications are kept aside, server requests are answered with null."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, env={**os.environ, **(env or {})}, bufsize=0)
        self.notifications: list[dict[str, Any]] = []
        self._decoder = FrameDecoder(max_body=1 << 30)
        self._bodies: list[bytes] = []
        self._next_id = 0

    def request(self, method: str, params: object) -> bytes:
        """Return the body of the answer."""
        self._next_id += 1
        self.send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        while True:
            body = self.read()
            ends = body[:200] + body[-200:]  # pygls' own messages name their method last
            if b'"method"' not in ends or "method" not in (message := msgspec.json.decode(body)):
                return body
            if "id" in message:
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
            else:
                self.notifications.append(message)

    def wait_for(self, method: str) -> dict[str, Any]:
        """Return the params of the next such notification."""
        while True:
            message = msgspec.json.decode(self.read())
            if message.get("method") == method:
                return dict(message["params"])

    def send(self, message: object) -> None:
        """Send one message."""
        assert self.process.stdin is not None
        self.process.stdin.write(frame(msgspec.json.encode(message)))

    def read(self) -> bytes:
        """Return the next body."""
        assert self.process.stdout is not None
        while not self._bodies:
            data = self.process.stdout.read(1 << 20)
            if not data:
                raise ConnectionError(f"server ended with {self.process.wait()}")
            self._bodies += self._decoder.feed(data)
        return self._bodies.pop(0)

    def initialize(self) -> bytes:
        """Do the handshake; return the answer's body."""
        answer = self.request("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}})
        self.send({"jsonrpc": "2.0", "method": "initialized", "params": {}})
        return answer

    def rss_mb(self) -> float:
        """Return the resident memory of the process, in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_ms(self) -> float:
        """Return how long the threads of the process have run, in ms."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    def stop(self) -> None:
        """End the session and the process."""
        self.request("shutdown", None)
        self.send({"jsonrpc": "2.0", "method": "exit"})
        self.process.wait(10)
