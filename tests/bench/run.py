"""Speed and memory against yardsticks of the same run: `python tests/bench/run.py`. Prints a Markdown table.

Both sides of a ratio are measured alternately, so that a noisy machine is noisy for both. Nothing is asserted here.
"""

from __future__ import annotations

import contextlib
import gc
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import msgspec
from ploked_fixtures.serve import upstream_process
from raw import RawServer
from saves import saves

HERE = Path(__file__).parent
SERVE = [sys.executable, "-m", "ploked", "serve", "--stdio"]
TYPED = [
    "kimi k2",
    "claude sonnet",
    "gpt4o",
    "deepseek r1",
    "qwen3 coder free",
    "llama 70b",
    "gemini flash",
    "sonnet45",
]
QUERIES = [word[: end + 1] for word in TYPED for end in range(len(word))]
LIMIT = 50
Row = tuple[str, str, str, str, str]


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def timed(call: Callable[[], object]) -> float:
    """Return how long `call` takes, in ms."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


@contextlib.contextmanager
def daemon(folder: Path, upstream: str) -> Iterator[RawServer]:
    """Yield a warm daemon whose files lie in `folder`."""
    server = RawServer(SERVE, environment(folder, upstream))
    server.initialize()
    server.request("ploked/refreshCatalog", {})
    yield server
    server.stop()


def environment(folder: Path, upstream: str) -> dict[str, str]:
    """Return the variables that keep a daemon inside `folder`."""
    config = folder / "config.toml"
    if not config.exists():
        config.write_text("version = 1\n")
    return {"PLOKED_CONFIG": str(config), "PLOKED_CACHE_DIR": str(folder / "cache"), "PLOKED_OPENROUTER_URL": upstream}


def search(server: RawServer, folder: Path, rounds: int = 15) -> Iterator[Row]:
    """Measure `searchModels`, typed key by key, against an echo of the same bytes."""
    for name, queries, limit in (("typed, 50 rows", QUERIES, LIMIT), ("empty query, all rows", [""], None)):
        params = [{"query": query, "limit": limit} if limit else {"query": query} for query in queries]
        answers = {p["query"]: result_of(server.request("ploked/searchModels", p)) for p in params}
        prepared = folder / "answers.json"
        prepared.write_bytes(msgspec.json.encode(answers))
        echo = RawServer([sys.executable, str(HERE / "echo_server.py"), str(prepared)])
        echo.initialize()
        ours, bare = [], []
        for _ in range(rounds * (1 if len(params) > 1 else 40)):
            for p in params:
                ours.append(ask(server, p))
                bare.append(ask(echo, p))
        echo.stop()
        size = statistics.median(len(raw) for raw in answers.values())
        yield (
            f"`searchModels`, {name} ({size / 1000:.0f} kB)",
            *pair(ours, bare, "bare echo"),
            "p50 at most 2x, p99 at most 5 ms",
        )


def ask(server: RawServer, params: object) -> float:
    """Return how long a search takes, in ms."""
    return timed(lambda: server.request("ploked/searchModels", params))


def result_of(body: bytes) -> msgspec.Raw:
    """Return the result in the body of an answer."""
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])["result"]


def pair(ours: list[float], bare: list[float], name: str) -> tuple[str, str, str]:
    """Return the figures of both sides, and the ratio of their medians."""
    p50, base = statistics.median(ours), statistics.median(bare)
    return (
        f"p50 {p50:.3f} ms, p99 {percentile(ours, 0.99):.2f} ms",
        f"{name}: p50 {base:.3f} ms, p99 {percentile(bare, 0.99):.2f} ms",
        f"{p50 / base:.2f}x",
    )


def importing(rounds: int = 30) -> Row:
    """Measure from the bytes of `/models` until they are searchable, against msgspec's untyped decoding."""
    from ploked.importers.openrouter import parse_models
    from ploked.search.index import SearchIndex

    data = (files("ploked_fixtures") / "openrouter/models.json").read_bytes()

    def ours() -> None:
        index = SearchIndex()
        index.update(parse_models(data).rows, lambda _: None)
        index.search("kimi", LIMIT)

    took, bare = [], []
    for _ in range(rounds):
        gc.collect()
        took.append(timed(ours))
        bare.append(timed(lambda: msgspec.json.decode(data)))
    best, base = min(took), min(bare)
    name = f"import of `/models` ({len(data) / 1000:.0f} kB) until searchable"
    return (name, f"best {best:.1f} ms", f"untyped decode: best {base:.1f} ms", f"{best / base:.2f}x", "at most 5x")


def cold_start(folder: Path, upstream: str, rounds: int = 15) -> Row:
    """Measure from starting the process to the answer of `initialize`, against an empty pygls server."""
    env = environment(folder, upstream)
    ours = [start(SERVE, env)]
    bare = [start([sys.executable, str(HERE / "empty_server.py")], env)]
    for _ in range(rounds):
        ours.append(start(SERVE, env))
        bare.append(start([sys.executable, str(HERE / "empty_server.py")], env))
    p50, base = statistics.median(ours[1:]), statistics.median(bare[1:])
    figures = (f"p50 {p50:.0f} ms", f"empty pygls server: p50 {base:.0f} ms", f"{p50 / base:.2f}x")
    return ("cold start to the `initialize` answer", *figures, "at most 1.3x")


def damaged_start(folder: Path, upstream: str, rounds: int = 10) -> Row:
    """Measure from starting the process to the first answer of the service, the cache being damaged and being sound."""
    env = environment(folder, upstream)
    (cache,) = (folder / "cache").glob("catalog*.db")
    sound = cache.read_bytes()
    damages = [b"no database", sound[: len(sound) // 2], sound[:8192] + bytes(4096) + sound[12288:]]
    damaged: list[float] = []
    whole: list[float] = []
    for at in range(rounds):
        for took, content in ((damaged, damages[at % len(damages)]), (whole, sound)):
            for file in cache.parent.glob(f"{cache.name}*"):
                file.unlink()
            cache.write_bytes(content)
            took.append(_first_answer(env))
    return (
        "start with a damaged cache to the first answer of the service",
        f"p50 {statistics.median(damaged):.0f} ms, most {max(damaged):.0f} ms",
        f"a sound one: p50 {statistics.median(whole):.0f} ms",
        f"{statistics.median(damaged) / statistics.median(whole):.2f}x",
        "at most 1 s",
    )


def locked_start(folder: Path, upstream: str, rounds: int = 10) -> Row:
    """Measure the same while another process keeps the cache locked."""
    env = environment(folder, upstream)
    (cache,) = (folder / "cache").glob("catalog*.db")
    took: list[float] = []
    for _ in range(rounds):
        with contextlib.closing(sqlite3.connect(cache, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            took.append(_first_answer(env))
    figures = f"p50 {statistics.median(took):.0f} ms, most {max(took):.0f} ms"
    return ("start with a locked cache to the first answer of the service", figures, "", "", "at most 1 s")


def _first_answer(env: dict[str, str]) -> float:
    began = time.perf_counter()
    server = RawServer(SERVE, env)
    server.initialize()
    server.request("ploked/searchModels", {"query": "kimi"})
    took = (time.perf_counter() - began) * 1000
    server.stop()
    return took


def start(command: list[str], env: dict[str, str]) -> float:
    """Return how long a server takes from its start to its answer to `initialize`, in ms."""
    began = time.perf_counter()
    server = RawServer(command, env)
    server.initialize()
    took = (time.perf_counter() - began) * 1000
    server.stop()
    return took


def memory(server: RawServer) -> Row:
    """Measure the resident memory of the daemon that has answered all of the above."""
    figures = f"{server.rss_mb():.0f} MB"
    return ("memory, full catalog and one session", figures, "", "", "at most 90 MB")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="ploked-bench-") as name, upstream_process() as upstream:
        folder = Path(name)
        with daemon(folder, upstream.url) as server:
            rows = [*search(server, folder), memory(server), *saves(server, folder)]
        rows += [importing(), cold_start(folder, upstream.url), damaged_start(folder, upstream.url)]
        rows.append(locked_start(folder, upstream.url))
    print("| what | ploked | yardstick | ratio | goal |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
