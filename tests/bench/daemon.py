"""Speed and memory of the shared daemon: `python tests/bench/daemon.py [--short]`. Prints a Markdown table.

Both sides of a ratio are measured alternately, so that a noisy machine is noisy for both. Nothing is asserted here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from ploked.lifecycle.find import ask, greet
from ploked.lifecycle.place import Place
from ploked_fixtures.serve import UpstreamProcess, upstream_process
from ploked_protocol import control
from ploked_protocol.framing import FrameDecoder, frame
from raw import RawServer
from run import environment, percentile, timed

HERE = Path(__file__).parent
CONNECT = [sys.executable, "-m", "ploked", "connect"]
INSTALLED = [str(Path(sys.executable).with_name("ploked")), "connect"]
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
        self.place = Place.of(os.environ, str(folder))
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

    def stop(self) -> None:
        """End the daemon."""
        self.editor.stop()
        found = greet(self.place)
        if found is not None:
            ask(found.connection, control.STOP, {"now": True, "restart": False})


# speed


def starts(bench: Bench) -> Iterator[Row]:
    """Measure from starting the proxy to the answer of `initialize`, with a warm daemon."""
    took: dict[str, list[float]] = {"proxy": [], "script": [], "python": [], "socket": []}
    bare = [sys.executable, "-c", "0"]
    for _ in range(10 if SHORT else 60):
        took["proxy"].append(_start(CONNECT, bench.env))
        took["script"].append(_start(INSTALLED, bench.env))
        took["python"].append(timed(lambda: os.waitpid(os.posix_spawn(bare[0], bare, os.environ), 0)))
        took["socket"].append(timed(lambda: _initialize(bench.place.socket)))
    for name, what in (("proxy", "`python -m ploked connect`"), ("script", "`ploked connect`")):
        yield (
            f"start of {what} to the `initialize` answer, warm daemon", _figures(took[name], 1),
            f"bare `python -c 0`, start to end: {_figures(took['python'], 1)}",
            f"{statistics.median(took[name]) / statistics.median(took['python']):.2f}x", "p50 at most 40 ms",
        )  # fmt: skip
    yield ("connect and `initialize` on the socket itself", _figures(took["socket"]), "", "", "")


def _start(command: list[str], env: dict[str, str]) -> float:
    began = time.perf_counter()
    server = RawServer(command, env)
    server.initialize()
    took = (time.perf_counter() - began) * 1000
    server.stop()
    return took


def _initialize(path: str) -> None:
    client = RawSocket(path)
    client.request("initialize", HELLO)
    client.close()


def round_trips(bench: Bench, folder: Path) -> Iterator[Row]:
    """Measure round trips through the proxy, and on the daemon's socket, against a bare echo on a unix socket."""
    direct = RawSocket(bench.place.socket)
    direct.request("initialize", HELLO)
    cases: list[tuple[str, str, dict[str, Any], int]] = [
        ("small result", "ploked/listProfiles", {}, 300 if SHORT else 3000),
        ("100 kB result", "ploked/searchModels", {"query": "", "limit": 215}, 100 if SHORT else 1000),
    ]
    for name, method, params, rounds in cases:
        body = direct.request(method, params)
        with _echo(folder, body) as path:
            bare = RawSocket(path)
            sides: dict[str, RawSocket | RawServer] = {
                "bare": bare,
                "on the socket": direct,
                "through the proxy": bench.editor,
            }
            took = _in_turn(sides, method, params, rounds)
            bare.close()
        for side in ("through the proxy", "on the socket"):
            yield (
                f"round trip, {name} ({len(body) / 1000:.1f} kB), {side}", _figures(took[side]),
                f"bare echo: {_figures(took['bare'])}",
                f"{statistics.median(took[side]) / statistics.median(took['bare']):.2f}x",
                "p50 at most 1.5x, p99 at most 1 ms",
            )  # fmt: skip
    direct.close()


def _in_turn(
    sides: dict[str, RawSocket | RawServer], method: str, params: object, rounds: int
) -> dict[str, list[float]]:
    """Return how long each round trip took, in ms; all sides take turns, so that the noise is the same for all."""
    took: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, client in sides.items():
            began = time.perf_counter()
            client.request(method, params)
            took[side].append((time.perf_counter() - began) * 1000)
    return took


@contextlib.contextmanager
def _echo(folder: Path, body: bytes) -> Iterator[str]:
    """Yield the path of a bare asyncio and msgspec server that answers everything with the result in `body`."""
    (folder / "answer.json").write_bytes(body)
    path = str(folder / "echo")
    process = os.posix_spawn(
        sys.executable, [sys.executable, str(HERE / "echo_socket.py"), path, str(folder / "answer.json")], os.environ
    )
    while not Path(path).exists():
        time.sleep(0.01)
    yield path
    os.kill(process, 9)
    os.waitpid(process, 0)
    Path(path).unlink()


async def _crowd(path: str, sessions: int, per_second: int, seconds: float) -> list[float]:
    """Return how long each request took, of sessions that each ask at a steady pace."""
    took: list[float] = []

    async def one(at: int) -> None:
        reader, writer = await asyncio.open_unix_connection(path, limit=1 << 22)
        decoder, loop = FrameDecoder(1 << 30), asyncio.get_running_loop()

        async def request(message_id: int, method: str, params: object) -> None:
            message = {"jsonrpc": "2.0", "id": message_id, "method": method, "params": params}
            writer.write(frame(msgspec.json.encode(message)))
            wanted = b'{"jsonrpc":"2.0","id":%d,' % message_id
            while not any(body.startswith(wanted) for body in decoder.feed(await reader.read(1 << 18))):
                pass

        await request(0, "initialize", HELLO)
        await asyncio.sleep(at / sessions / per_second)
        begins = loop.time()
        for turn in range(int(seconds * per_second)):
            await asyncio.sleep(max(0.0, begins + turn / per_second - loop.time()))
            began = time.perf_counter()
            await request(turn + 1, "ploked/searchModels", {"query": "kimi", "limit": 10})
            took.append((time.perf_counter() - began) * 1000)
        writer.close()

    await asyncio.gather(*(one(at) for at in range(sessions)))
    return took


def crowd(bench: Bench) -> Row:
    """Measure 50 sessions that ask 20 times a second each."""
    took = asyncio.run(_crowd(bench.place.socket, 50, 20, 3 if SHORT else 15))
    timing = bench.status()["methods"]["ploked/searchModels"]
    inside = f"inside the daemon: p50 {timing['p50Ms']:.2f} ms, p99 {timing['p99Ms']:.2f} ms"
    return (
        "50 sessions, 20 searches a second each (client and daemon share two cores)",
        _figures(took),
        inside,
        "",
        "p99 at most 5 ms",
    )


# memory and stalls


def memory(bench: Bench) -> Iterator[Row]:
    """Measure the memory of the warm daemon, of a session, and after very many sessions."""
    yield ("memory of the warm daemon, full catalog", f"{bench.rss_mb():.0f} MB", "", "", "at most 90 MB")
    before = bench.rss_mb()
    clients = [RawSocket(bench.place.socket) for _ in range(50)]
    for client in clients:
        client.request("initialize", HELLO)
        client.notify("initialized", {})
        client.request("ploked/searchModels", {"query": "kimi"})
    yield ("memory of one more session, of 50", f"{(bench.rss_mb() - before) / 50:.2f} MB", "", "", "at most 1 MB")
    for client in clients:
        client.close()
    _live(bench, 100)
    before = bench.rss_mb()
    count = 100 if SHORT else 1000
    _live(bench, count)
    yield (
        f"growth over {count} sessions with a document of 1 MB each",
        f"{bench.rss_mb() - before:.1f} MB",
        "",
        "",
        "at most 5 MB",
    )


def _live(bench: Bench, count: int) -> None:
    for _ in range(count):
        client = RawSocket(bench.place.socket)
        client.request("initialize", HELLO)
        document = {"uri": "file:///a.toml", "languageId": "toml", "version": 1, "text": "# x\n" * 250_000}
        client.notify("textDocument/didOpen", {"textDocument": document})
        client.request("shutdown", None)
        client.close()


def stalls(bench: Bench) -> Iterator[Row]:
    """Measure the longest time that the loop did not turn, by a client that asks all the time."""
    for name, work in (
        ("a full refresh", _refresh),
        ("a sweep of 500 requests", _sweep),
        ("edits of a 1 MB document", _edits),
    ):
        yield (
            f"longest wait of another session during {name}",
            f"{asyncio.run(_longest(bench, work)):.1f} ms",
            "",
            "",
            "at most 50 ms",
        )


async def _longest(bench: Bench, work: Any) -> float:
    """Return the longest answer, in ms, to small requests that follow one another while `work` goes on."""
    done = asyncio.ensure_future(asyncio.to_thread(work, bench))

    def probe() -> float:
        client, longest = RawSocket(bench.place.socket), 0.0
        client.request("initialize", HELLO)
        client.request("ploked/listProfiles", {})
        while not done.done():
            longest = max(longest, timed(lambda: client.request("ploked/listProfiles", {})))
            time.sleep(0.001)
        client.close()
        return longest

    longest = await asyncio.to_thread(probe)
    await done
    return longest


def _refresh(bench: Bench) -> None:
    client = RawSocket(bench.place.socket)
    client.request("initialize", HELLO)
    for _ in range(5):
        bench.upstream.patch("moonshotai/kimi-k2.5", values={"description": f"changed at {time.time()}"})
        client.request("ploked/refreshCatalog", {})
    client.close()


def _sweep(bench: Bench) -> None:
    client = RawSocket(bench.place.socket)
    client.request("initialize", HELLO)
    axis = {"parameter": "temperature", "start": 0, "stop": 1, "steps": 100 if SHORT else 500}
    asked = {
        "model": "moonshotai/kimi-k2.5", "prompt": "x", "grid": [axis], "selectedEndpoints": ["deepinfra/fp4"],
        "concurrency": 16,
    }  # fmt: skip
    launched = json.loads(client.request("ploked/launchSweep", asked))["result"]
    while bench.status()["runningSweeps"]:
        time.sleep(0.1)
    client.request("ploked/sweepResults", {"sweepId": launched["sweepId"]})
    client.close()


def _edits(bench: Bench) -> None:
    client, uri = RawSocket(bench.place.socket), "file:///work/ploke/config.toml"
    client.request("initialize", HELLO)
    client.notify("initialized", {})
    text = "version = 1\n[registry]\n" + "# a comment of some length, again and again\n" * 24_000
    client.notify(
        "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "toml", "version": 1, "text": text}}
    )
    for version in range(2, 52):
        position = {"line": 2 + version, "character": 0}
        change = {"range": {"start": position, "end": position}, "text": "x"}
        client.notify(
            "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
        )
    client.request("ploked/listProfiles", {})
    time.sleep(1)
    client.close()


def recovery(bench: Bench) -> Iterator[Row]:
    """Measure from `kill -9` of the daemon to the first answer of the next, with a journal of 256 changes to replay."""
    uri, took = "file:///work/notes.toml", []
    text = "version = 1\n[registry]\n" + "# a comment\n" * 2000
    item = {"uri": uri, "languageId": "toml", "version": 1, "text": text}
    bench.editor.send({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item}})
    position = {"line": 2, "character": 0}
    change = {"range": {"start": position, "end": position}, "text": "x"}
    for version in range(2, 258):
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
        bench.editor.send({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params})
    for _ in range(4):
        bench.editor.request("ploked/listProfiles", {})
        os.kill(bench.status()["pid"], signal.SIGKILL)
        began = time.perf_counter()
        while b'"error"' in bench.editor.request("ploked/listProfiles", {}):
            pass
        took.append((time.perf_counter() - began) * 1000)
    figures = f"p50 {statistics.median(took):.0f} ms, most {max(took):.0f} ms"
    yield ("kill -9 to the next answer, 256 changes of a document replayed", figures, "", "", "")


def idle(bench: Bench) -> Row:
    """Measure the processor time of the daemon while nobody asks anything."""
    span_s, before = (5 if SHORT else 60), bench.cpu_s()
    time.sleep(span_s)
    return (f"idle daemon, {span_s} s", f"{(bench.cpu_s() - before) / span_s:.2%} of a core", "", "", "0.0 %")


def _figures(took: list[float], places: int = 3) -> str:
    return f"p50 {statistics.median(took):.{places}f} ms, p99 {percentile(took, 0.99):.{places}f} ms"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="ploked-bench-") as name, upstream_process() as upstream:
        folder = Path(name)
        bench = Bench(folder, upstream)
        print("| what | ploked | yardstick | ratio | goal |\n|---|---|---|---|---|")
        for rows in (
            memory(bench),
            starts(bench),
            round_trips(bench, folder),
            [crowd(bench)],
            stalls(bench),
            [idle(bench)],
            recovery(bench),
        ):
            for row in rows:
                print("| " + " | ".join(row) + " |", flush=True)
        bench.stop()


if __name__ == "__main__":
    main()
