"""Speed and memory of the shared daemon: `python tests/bench/daemon.py [--short]`. Prints a Markdown table.

Both sides of a ratio are measured alternately, so that a noisy machine is noisy for both. Nothing is asserted here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import stress
from ploked_fixtures.serve import upstream_process
from ploked_protocol.framing import FrameDecoder, frame
from raw import RawServer
from run import start, timed
from shared import CONNECT, HELLO, SHORT, Bench, RawSocket, Row, figures

HERE = Path(__file__).parent
TURN_S = 0.3
"""How long the same server is asked in a row; the second half counts.

The system places processes by what they did in the last tens of milliseconds: in turns of 2 ms, each server would be
measured where the one before it has left the client.
"""
APART = ", client and servers on a core each"
INSTALLED = [str(Path(sys.executable).with_name("ploked")), "connect"]


def starts(bench: Bench) -> Iterator[Row]:
    """Measure from starting the proxy to the answer of `initialize`, with a warm daemon."""
    took: dict[str, list[float]] = {"proxy": [], "script": [], "python": [], "socket": []}
    bare = [sys.executable, "-c", "0"]
    for _ in range(10 if SHORT else 60):
        took["proxy"].append(start(CONNECT, bench.env))
        took["script"].append(start(INSTALLED, bench.env))
        took["python"].append(timed(lambda: os.waitpid(os.posix_spawn(bare[0], bare, os.environ), 0)))
        took["socket"].append(timed(lambda: _initialize(bench.place.socket)))
    for name, what in (("proxy", "`python -m ploked connect`"), ("script", "`ploked connect`")):
        yield (
            f"start of {what} to the `initialize` answer, warm daemon", figures(took[name], 1),
            f"bare `python -c 0`, start to end: {figures(took['python'], 1)}",
            f"{statistics.median(took[name]) / statistics.median(took['python']):.2f}x", "p50 at most 40 ms",
        )  # fmt: skip
    yield ("connect and `initialize` on the socket itself", figures(took["socket"]), "", "", "")


def start_cpu(bench: Bench) -> Row:
    """Measure the processor time that a proxy takes from start to end, which no busy neighbour can lengthen much."""
    ours, bare = [], []
    for _ in range(10 if SHORT else 40):
        ours.append(_cpu(lambda: start(INSTALLED, bench.env)))
        bare.append(_cpu(lambda: subprocess.run([sys.executable, "-c", "0"], check=True)))
    ratio = f"{statistics.median(ours) / statistics.median(bare):.2f}x"
    yardstick = f"bare `python -c 0`: p50 {statistics.median(bare):.0f} ms"
    return (
        "processor time of `ploked connect`, start to end",
        f"p50 {statistics.median(ours):.0f} ms",
        yardstick,
        ratio,
        "",
    )


def _cpu(run: Callable[[], object]) -> float:
    """Return the processor time of the processes that `run` starts and waits for, in ms."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def _initialize(path: str) -> None:
    client = RawSocket(path)
    client.request("initialize", HELLO)
    client.close()


def round_trips(bench: Bench, folder: Path) -> Iterator[Row]:
    """Measure round trips through the proxy, and on the daemon's socket, against a bare echo on a unix socket.

    Twice: where the system puts client and server on the same core, as it may or may not do for either, nobody has to
    be woken on another, which takes longer than the echo itself.
    """
    direct = RawSocket(bench.place.socket)
    direct.request("initialize", HELLO)
    relay = RawServer([sys.executable, "-IS", str(HERE / "relay.py"), bench.place.socket])
    relay.initialize()
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("small result", "ploked/listProfiles", {}),
        ("100 kB result", "ploked/searchModels", {"query": "", "limit": 215}),
    ]
    for name, method, params in cases:
        body = direct.request(method, params)
        with _echo(folder, body) as (path, echo):
            bare = RawSocket(path)
            sides: dict[str, RawSocket | RawServer] = {
                "bare": bare,
                "on the socket": direct,
                "through the proxy": bench.editor,
                "through a bare relay": relay,
            }
            for where, placed in (("", contextlib.nullcontext()), (APART, _apart(echo, bench.pid))):
                with placed:
                    took = _in_turn({side: partial(one.request, method, params) for side, one in sides.items()})
                yield from _compared(f"round trip, {name} ({len(body) / 1000:.1f} kB)", where, took)
            bare.close()
    direct.close()
    relay.process.kill()
    relay.process.wait()


def _compared(what: str, where: str, took: dict[str, list[float]]) -> Iterator[Row]:
    for side in ("through the proxy", "through a bare relay", "on the socket"):
        yield (
            f"{what}, {side}{where}", figures(took[side]), f"bare echo: {figures(took['bare'])}",
            f"{statistics.median(took[side]) / statistics.median(took['bare']):.2f}x",
            "p50 at most 1.5x, p99 at most 1 ms" if side == "through the proxy" else "",
        )  # fmt: skip


@contextlib.contextmanager
def _apart(*servers: int) -> Iterator[None]:
    """Keep us on one core and the event loops of `servers` on another meanwhile."""
    cores = os.sched_getaffinity(0)
    first, *others = sorted(cores)
    os.sched_setaffinity(0, {first})
    for server in servers:
        os.sched_setaffinity(server, others or cores)
    try:
        yield
    finally:
        for process in (0, *servers):
            os.sched_setaffinity(process, cores)


def _in_turn(sides: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Return how long each call took, in ms; all sides take turns, so that the noise is the same for all."""
    took: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(2 if SHORT else 10):
        for side, ask in sides.items():
            _for(TURN_S / 2, ask)
            took[side] += _for(TURN_S / 2, ask)
    return took


def _for(seconds: float, ask: Callable[[], object]) -> list[float]:
    end, took = time.perf_counter() + seconds, []
    while time.perf_counter() < end:
        took.append(timed(ask))
    return took


@contextlib.contextmanager
def _echo(folder: Path, body: bytes) -> Iterator[tuple[str, int]]:
    """Yield path and process id of a bare asyncio and msgspec server; its answer is always the result in `body`."""
    (folder / "answer.json").write_bytes(body)
    path = str(folder / "echo")
    process = os.posix_spawn(
        sys.executable, [sys.executable, str(HERE / "echo_socket.py"), path, str(folder / "answer.json")], os.environ
    )
    while not Path(path).exists():
        time.sleep(0.01)
    yield path, process
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
        figures(took),
        inside,
        "",
        "p99 at most 5 ms",
    )


def rows(bench: Bench, folder: Path) -> Iterator[Row]:
    """Yield all rows; those of memory first, while it is as one session left it."""
    yield from stress.memory(bench)
    yield from starts(bench)
    yield start_cpu(bench)
    yield from round_trips(bench, folder)
    yield crowd(bench)
    yield from stress.rows(bench)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="ploked-bench-") as name, upstream_process() as upstream:
        folder = Path(name)
        bench = Bench(folder, upstream)
        print("| what | ploked | yardstick | ratio | goal |\n|---|---|---|---|---|")
        for row in rows(bench, folder):
            print("| " + " | ".join(row) + " |", flush=True)
        bench.stop()


if __name__ == "__main__":
    main()
