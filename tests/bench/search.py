"""Search against fzf, rapidfuzz and a substring scan: `python tests/bench/search.py`. Prints the table of the README.

300 queries of words, and 300 with predicates, as a picker sends them while people type, are put to all by turns: a
noisy machine is noisy for all. Each query is timed in several passes, which begin with nothing kept of the one before,
and its median counts; p50 and p99 are over the queries. CPU is the time of the thread alone, which other processes
hardly slow. Nothing is asserted here.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import iterfzf
import msgspec
from ploked.memory import settle, uncollected
from ploked.search.index import SearchIndex
from ploked.search.query import Context
from ploked_protocol.catalog import ModelRecord
from raw import RawServer
from run import ask, daemon, percentile, result_of, timed
from serve_models import serving

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))  # for `captures`

from catalogs import endpoints_of, made_models, modelsdev, real_models, told_when_asked, typed_queries  # noqa: E402  # after the path
from search_filters import TODAY  # noqa: E402  # after the path
from search_filters import TYPED as PREDICATES  # noqa: E402  # after the path

FZF = str(Path(iterfzf.__file__).parent / "fzf")
LIMIT = 50
MANY = 100_000
SOME = 5
"""Of very many models, the yardsticks are asked one query of so many: they take long."""
WARM_UP_S = 1.5
"""After a refresh, what the first searches would pay for is done behind them."""
QUERIES = typed_queries()
FILTERS = (PREDICATES * 3)[: len(QUERIES)]
Find = Callable[[str], object]
Row = tuple[str, str, str, str, str, str]
HEAD = "| catalog | who | p50 ms | p99 ms | CPU p50 / p99 ms | goal |\n|---|---|---|---|---|---|"


def index_of(models: Sequence[ModelRecord]) -> SearchIndex:
    """Return a warm index that has been told of ten endpoints of each model."""
    index = SearchIndex()
    uncollected()(index.update)(models, told_when_asked(models))
    uncollected()(index.warm)()
    return index


def ours(index: SearchIndex) -> dict[str, tuple[Find, list[str]]]:
    """Return what the daemon does with a query, by name, and the queries."""
    context = Context(TODAY, index.favourites, index.recent, {})
    return {
        "ploked": (lambda query: index.ask(query, context, LIMIT), QUERIES),
        "ploked, highlighted": (lambda query: index.ask(query, context, LIMIT, highlight=True), QUERIES),
        "ploked, predicates": (lambda query: index.ask(query, context, LIMIT), FILTERS),
    }


def theirs(ids: list[str]) -> dict[str, Find]:
    """Return the yardsticks, by name; fzf is started for each query and reads the ids, as pickers have it do."""
    from rapidfuzz import fuzz, process

    lines, lowered = "\n".join(ids).encode(), [id_.lower() for id_ in ids]
    return {
        "substring scan": lambda query: [id_ for id_ in lowered if query in id_][:LIMIT],
        "rapidfuzz WRatio": lambda query: process.extract(query, ids, scorer=fuzz.WRatio, limit=LIMIT),
        "fzf --filter": lambda query: subprocess.run(
            [FZF, f"--filter={query}"], input=lines, capture_output=True, check=False
        ),
    }


def in_process(models: Sequence[ModelRecord], goal_ms: int, passes: int, their_passes: int) -> Iterator[Row]:
    """Measure ours and the yardsticks by turns."""
    index = index_of(models)
    took: dict[str, list[list[tuple[float, float]]]] = {}
    for number in range(passes):
        for name, (find, queries) in ours(index).items():
            index.held.ranking._cache.clear()  # what the pass before has left
            took.setdefault(name, []).append([_ms(find, query) for query in queries])
        for name, find in theirs([model.id for model in models]).items() if number < their_passes else ():
            queries = QUERIES[:: 1 if len(models) < MANY else SOME]
            took.setdefault(name, []).append([_ms(find, query) for query in queries])
    for name, by_pass in took.items():
        wall, cpu = [_medians([[both[of] for both in each] for each in by_pass]) for of in (0, 1)]
        goal = f"p99 at most {goal_ms} ms" if name.startswith("ploked") else ""
        yield _row(models, name, wall, "" if name.startswith("fzf") else _figures(cpu), goal)


def over_stdio(models: Sequence[ModelRecord], passes: int) -> Iterator[Row]:
    """Measure the daemon against an echo of the same bytes, by turns; each pass has daemons of its own."""
    params = [{"query": query, "limit": LIMIT} for query in QUERIES]
    both = []
    with tempfile.TemporaryDirectory(prefix="ploked-bench-") as name, serving(models) as upstream:
        folder, prepared = Path(name), Path(name) / "answers.json"
        with daemon(folder, upstream) as server:
            answers = [result_of(server.request("ploked/searchModels", each)) for each in params]
        prepared.write_bytes(msgspec.json.encode(dict(zip(QUERIES, answers, strict=True))))
        for _ in range(passes):
            with daemon(folder, upstream) as server:
                echo = RawServer([sys.executable, str(HERE / "echo_server.py"), str(prepared)])
                echo.initialize()
                time.sleep(WARM_UP_S)
                both.append([(*_asked(server, each), *_asked(echo, each)) for each in params])
                echo.stop()
    medians = [[statistics.median(side) for side in zip(*each, strict=True)] for each in zip(*both, strict=True)]
    mine, mine_cpu, bare, bare_cpu = map(list, zip(*medians, strict=True))
    ratios = [statistics.median(mine) / statistics.median(bare), percentile(mine, 0.99) / percentile(bare, 0.99)]
    goal = f"at most 2x the echo: {ratios[0]:.2f}x, at p99 {ratios[1]:.2f}x"
    yield _row(models, "ploked over stdio", mine, _figures(mine_cpu), goal)
    yield _row(models, "echo of the same bytes", bare, _figures(bare_cpu), "")


def memory() -> Iterator[Row]:
    """Measure what processes weigh that hold nothing, 5,258 models and very many, and what an endpoint adds."""
    counts = (0, 5_258, MANY)
    (nothing, _, _), (some, _, _), (many, pause, cpu_s) = (_weight("models", count) for count in counts)
    held = (_weight("endpoints", counts[1])[0] - some) / counts[1] / 10
    each_kb = 1000 * (many - some) / (MANY - counts[1])
    grows = f"{nothing:.0f} MB with none, {some:.0f} MB with {counts[1]:,}: {each_kb:.2f} kB a model"
    where = f"{MANY:,} models"
    yield where, "memory of index and models, 10 endpoints each", f"{many:.0f} MB", grows, "", "at most 600 MB"
    yield where, "longest pause of other threads while the index is made", f"{pause:.0f}", "", f"{cpu_s:.0f} s", "50 ms"
    yield "", "memory of endpoint records, which only the catalog holds", f"{1000 * held:.2f} kB each", "", "", ""


def weigh(what: str, count: int) -> None:
    """Print the memory of this process in MB once it has been searched in, the longest pause in ms, and CPU in s."""
    models = made_models(count)
    held = {model.id: endpoints_of(model) for model in models} if what == "endpoints" else {}
    settle()
    began, ticker = time.process_time(), Ticker()
    index = index_of(models)
    pause_ms, cpu_s = ticker.longest_ms(), time.process_time() - began
    for find, queries in ours(index).values():
        for query in queries:
            find(query)
    settle()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(pages * os.sysconf("SC_PAGE_SIZE") / 1e6 if len(held) <= count else 0, pause_ms, cpu_s)


class Ticker:
    """A thread that wants to run all the time, as an event loop would, and takes note of the longest time it cannot.

    What counts is the time that the thread it was made in has run meanwhile: other processes make both wait.
    """

    def __init__(self) -> None:
        self._longest_s, self._stop = 0.0, threading.Event()
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        last = time.clock_gettime(self._clock)
        while not self._stop.wait(0.001):
            now = time.clock_gettime(self._clock)
            self._longest_s, last = max(self._longest_s, now - last), now

    def longest_ms(self) -> float:
        """Stop, and return the longest pause."""
        self._stop.set()
        self._thread.join()
        return self._longest_s * 1000


def _weight(what: str, count: int) -> list[float]:
    command = [sys.executable, __file__, what, str(count)]
    return list(map(float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()))


def _ms(find: Find, query: str) -> tuple[float, float]:
    """Return how long a search takes by the clock, and of this thread alone."""
    began = time.thread_time()
    wall = timed(lambda: find(query))
    return wall, (time.thread_time() - began) * 1000


def _asked(server: RawServer, params: object) -> tuple[float, float]:
    """Return how long an answer takes by the clock, and how long the server is at it."""
    began = server.cpu_ms()
    wall = ask(server, params)
    return wall, server.cpu_ms() - began


def _medians(by_pass: list[list[float]]) -> list[float]:
    return list(map(statistics.median, zip(*by_pass, strict=True)))


def _figures(took: list[float]) -> str:
    return f"{statistics.median(took):.3f} / {percentile(took, 0.99):.2f}"


def _row(models: Sequence[ModelRecord], name: str, took: list[float], cpu: str, goal: str) -> Row:
    p50, p99 = statistics.median(took), percentile(took, 0.99)
    return f"{len(models):,} models", name, f"{p50:.3f}", f"{p99:.2f}", cpu, goal


def main() -> None:
    """Print the table."""
    real, all_of_modelsdev = real_models(), modelsdev()
    rows = [*in_process(real, 1, 5, 5), *over_stdio(real, 5)]
    if all_of_modelsdev is not None:
        rows += [*in_process(all_of_modelsdev, 5, 5, 1), *over_stdio(all_of_modelsdev, 5)]
    rows += [*in_process(made_models(MANY), 25, 3, 1), *memory()]
    print(HEAD)
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    if sys.argv[1:]:
        weigh(sys.argv[1], int(sys.argv[2]))
    else:
        main()
