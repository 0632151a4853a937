"""A warm shared daemon to measure, and a client on its socket with little between the clock and the daemon."""

from __future__ import annotations

import os
import socket
import statistics
import sys
from pathlib import Path
from typing import Any

import msgspec
from ploked.lifecycle.find import ask, greet, home
from ploked.lifecycle.place import Place
from ploked_fixtures.serve import UpstreamProcess
from ploked_protocol import control
from ploked_protocol.framing import FrameDecoder, frame
from raw import RawServer
from run import environment, percentile

CONNECT = [sys.executable, "-m", "ploked", "connect"]
SHORT = "--short" in sys.argv
Row = tuple[str, str, str, str, str]
HELLO: dict[str, Any] = {"processId": None, "capabilities": {}}


class RawSocket:
    """A blocking client on a unix socket."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._decoder = FrameDecoder(1 << 30)
        self._bodies: list[bytes] = []
        self._next_id = 0

    def request(self, method: str, params: object) -> bytes:
        """Return the body of the answer."""
        self._next_id += 1
        message = {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}
        self._socket.sendall(frame(msgspec.json.encode(message)))
        while True:
            while not self._bodies:
                self._bodies += self._decoder.feed(self._socket.recv(1 << 20))
            body = self._bodies.pop(0)
            if body.startswith(b'{"jsonrpc":"2.0","id":%d,' % self._next_id):
                return body

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self._socket.sendall(frame(msgspec.json.encode({"jsonrpc": "2.0", "method": method, "params": params})))

    def close(self) -> None:
        """Leave."""
        self._socket.close()


class Bench:
    """A warm daemon in a folder of its own."""

    def __init__(self, folder: Path, upstream: UpstreamProcess) -> None:
        self.upstream = upstream
        self.env = {
            **environment(folder, upstream.url), "XDG_RUNTIME_DIR": str(folder), "OPENROUTER_API_KEY": "sk-bench-key",
        }  # fmt: skip
        os.environ.update(self.env)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode
        self.place = Place.of(os.environ, home())
        self.editor = RawServer(CONNECT, self.env)
        self.editor.initialize()
        self.editor.request("ploked/refreshCatalog", {})
        self.pid = self.status()["pid"]

    def status(self) -> dict[str, Any]:
        """Return what the daemon says of itself."""
        found = greet(self.place)
        assert found is not None
        with found.connection:
            return ask(found.connection, control.STATUS, {}) or {}

    def rss_mb(self) -> float:
        """Return the resident memory of the daemon."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_s(self) -> float:
        """Return the processor time of the daemon so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end_daemon(self) -> None:
        """End the daemon at once, and wait until it is gone."""
        found = greet(self.place)
        if found is not None:
            ask(found.connection, control.STOP, {"now": True, "restart": False})
            found.connection.settimeout(30)
            while found.connection.recv(1):
                pass

    def stop(self) -> None:
        """End the editor and the daemon."""
        self.editor.stop()
        self.end_daemon()


def figures(took: list[float], places: int = 3) -> str:
    return f"p50 {statistics.median(took):.{places}f} ms, p99 {percentile(took, 0.99):.{places}f} ms"
