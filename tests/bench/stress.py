"""The daemon under work, hostility and death: how much memory it takes, how long others wait, how soon it is back."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import socket
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from ploked.preferences.watch import ATTENTIVE_S
from ploked.server.hub import TIDY_S
from ploked_protocol.framing import frame
from raw import RawServer
from run import percentile, timed
from shared import CONNECT, HELLO, SHORT, Bench, RawSocket, Row, figures

STARTERS = 20
MISTAKES = '[[registry.models]]\nmodel = "a/b"\nallowed_providers = ["c", "d"]\nno_such_key = 1\n\n'


def _mebibyte(head: str, unit: str, tail: str = "") -> str:
    """Return a text of at most 1 MiB; `@` in `unit` stands for the number of its copy."""
    room, copies = (1 << 20) - len(head) - len(tail), []
    for at in itertools.count():
        copies.append(unit.replace("@", str(at)))
        room -= len(copies[-1].encode())
        if room < 0:
            return head + "".join(copies[:-1]) + tail
    raise AssertionError


HEAD = "version = 1\n"
LARGE = {
    "models with mistakes": _mebibyte(HEAD, MISTAKES.replace("a/b", "a/b@")),
    "one long string": _mebibyte(HEAD + 'x = "', "y", '"\n'),
    "a string of many lines": _mebibyte(HEAD + 'x = """', "y y\n", '"""\n'),
    "one list of texts": _mebibyte(HEAD + "x = [", '"a", ', "]\n"),
    "one list of 500,000 digits": _mebibyte(HEAD + "x = [", "1,", "]\n"),
    "comments": _mebibyte(HEAD, "# a comment of some length, again and again\n"),
    "deep inline tables": _mebibyte(HEAD, "k@ = { a = { b = { c = { d = { e = [ { f = 1 } ] } } } } }\n"),
    "one line of 1 MB": _mebibyte(HEAD + "x = { a = 1", ", k@ = 1", " }\n"),
    "broken at its end": _mebibyte(HEAD, "k@ = 1\n", "x = \n"),
}
"""The largest files that are read."""


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
    """Have so many sessions one after another, and wait until what they leave is freed, which is not at once."""
    for _ in range(count):
        client = RawSocket(bench.place.socket)
        client.request("initialize", HELLO)
        document = {"uri": "file:///a.toml", "languageId": "toml", "version": 1, "text": "# x\n" * 250_000}
        client.notify("textDocument/didOpen", {"textDocument": document})
        client.request("shutdown", None)
        client.close()
    time.sleep(5 * TIDY_S)


def stalls(bench: Bench) -> Iterator[Row]:
    """Measure the longest time that the loop did not turn, by a client that asks all the time."""
    for name, work in (
        ("a full refresh", _refresh),
        ("a sweep of 500 requests", _sweep),
        ("edits of a 1 MB document", partial(_edits, unit="# a comment of some length, again and again\n")),
        ("edits of a 1 MB document of 10,000 models with mistakes", partial(_edits, unit=MISTAKES)),
        ("edits of a line of 1 MB", partial(_edits, unit="é😀" * 250_000)),
        *((f"a save of a `config.toml` of 1 MiB: {kind}", partial(_save, text=text)) for kind, text in LARGE.items()),
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


def _edits(bench: Bench, unit: str) -> None:
    """Type into a document of 1 MB, in bursts and with pauses, and ask about it; it is analysed at each pause."""
    client, uri = RawSocket(bench.place.socket), "file:///home/me/ploke/config.toml"
    client.request("initialize", HELLO)
    client.notify("initialized", {})
    text = "version = 1\n[registry]\n# " + unit * (1_000_000 // len(unit.encode()))
    client.notify(
        "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "toml", "version": 1, "text": text}}
    )
    for version in range(2, 52):
        position = {"line": min(1 + version, text.count("\n")), "character": 0}
        change = {"range": {"start": position, "end": position}, "text": "x"}
        client.notify(
            "textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
        )
        if version % 10 == 0:
            client.request("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})
            client.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
            time.sleep(0.1)
    client.request("ploked/listProfiles", {})
    time.sleep(1)
    client.close()


def _save(bench: Bench, text: str) -> None:
    """Save the text, a small one, and the text again, each once the one before it is in force."""
    config = Path(bench.env["PLOKED_CONFIG"])
    small = f"version = 1\n# {len(text)}\n"
    for each in (text, small, text, "version = 1\n"):
        beside = config.with_suffix(".new")
        beside.write_text(each)
        beside.replace(config)
        while b"preferencesChanged" not in bench.editor.read():
            pass
    time.sleep(0.5)


def recovery(bench: Bench) -> Iterator[Row]:
    """Measure from `kill -9` of the daemon to the first answer of the next, with a journal of 256 changes to replay."""
    uri, took = "file:///home/me/notes.toml", []
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
    """Measure the processor time of the daemon, with a session, once nobody has asked anything for a while."""
    time.sleep(ATTENTIVE_S + 1)
    span_s, before = (5 if SHORT else 60), bench.cpu_s()
    time.sleep(span_s)
    return (f"idle daemon, {span_s} s", f"{(bench.cpu_s() - before) / span_s:.2%} of a core", "", "", "0.0 %")


def cancelling(bench: Bench) -> Row:
    """Measure from `$/cancelRequest` to the answer of a refresh whose upstream takes its time."""
    bench.upstream.faults.add("latency", seconds=30)
    took = []
    for at in range(20):
        message_id = f"slow {at}"
        bench.editor.send({"jsonrpc": "2.0", "id": message_id, "method": "ploked/refreshCatalog", "params": {}})
        time.sleep(0.02)
        began = time.perf_counter()
        bench.editor.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": message_id}})
        while message_id.encode() not in bench.editor.read():
            pass
        took.append((time.perf_counter() - began) * 1000)
    bench.upstream.faults.clear()
    return ("cancel of a slow request to its answer", figures(took), "", "", "at most 50 ms")


def hostility(bench: Bench) -> Row:
    """Measure the round trips of a good session alone, and beside ten hostile connections."""
    good = RawSocket(bench.place.socket)
    good.request("initialize", HELLO)
    alone = [timed(lambda: good.request("ploked/listProfiles", {})) for _ in range(2000)]
    before_mb = bench.rss_mb()
    hostile = [_hostile(bench.place.socket, kind) for kind in range(10)]
    beside = [timed(lambda: good.request("ploked/listProfiles", {})) for _ in range(2000)]
    grown_mb = bench.rss_mb() - before_mb
    for connection in hostile:
        connection.close()
    good.close()
    ratio = f"p99 {percentile(beside, 0.99) / percentile(alone, 0.99):.2f}x, memory {grown_mb:+.0f} MB"
    goal = "p99 at most 2x, +64 MB"
    return ("a good session beside ten hostile ones", figures(beside), f"alone: {figures(alone)}", ratio, goal)


def _hostile(path: str, kind: int) -> socket.socket:
    """Return a connection that floods and never reads, drips, promises much, or talks nonsense."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    connection.setblocking(False)
    hello = frame(json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}).encode())
    ask = frame(b'{"jsonrpc":"2.0","id":9,"method":"ploked/searchModels","params":{}}')
    said = (
        hello + ask * 2000,
        hello + b"Content-Length: 8000000\r\n\r\n" + b"x" * 150_000,
        b"Content-Length: 999999999999\r\n\r\n",
        b"Content-Length: 7",
        b"\xff" * 5000,
    )
    connection.send(said[kind % len(said)])
    return connection


def race(bench: Bench) -> Row:
    """Measure twenty editors that start at once where no daemon runs: how long each takes to its first answer."""
    took: list[float] = []
    for _ in range(2 if SHORT else 10):
        bench.end_daemon()
        with ThreadPoolExecutor(STARTERS) as pool:
            took += pool.map(_start_and_leave, [bench.env] * STARTERS)
    slowest = f"p50 {statistics.median(took):.0f} ms, slowest {max(took):.0f} ms"
    return (f"{STARTERS} editors start at once and find no daemon", slowest, "", "", "at most 2 s each")


def _start_and_leave(env: dict[str, str]) -> float:
    began = time.perf_counter()
    editor = RawServer(CONNECT, env)
    editor.initialize()
    took = (time.perf_counter() - began) * 1000
    editor.process.kill()
    editor.process.communicate()
    return took


def rows(bench: Bench) -> Iterator[Row]:
    """Yield all rows but those of memory, the deadly ones last."""
    yield from stalls(bench)
    yield cancelling(bench)
    yield hostility(bench)
    yield idle(bench)
    yield from recovery(bench)
    yield race(bench)
