"""Search against fzf, rapidfuzz and a substring scan: `python tests/bench/search.py`. Prints a Markdown table.

300 queries, as a picker sends them while people type, are put to all by turns: a noisy machine is noisy for all.
Each query is timed in several passes, which begin with nothing kept of the one before, and its median counts; p50 and
p99 are over the queries. Nothing is asserted here.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import iterfzf
import msgspec
from ploked.memory import settle
from ploked.search.index import SearchIndex
from ploked_protocol.catalog import ModelRecord
from raw import RawServer
from run import ask, daemon, percentile, result_of, timed
from serve_models import serving

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))  # for `captures`

from catalogs import endpoints_of, made_models, modelsdev, real_models, told_when_asked, typed_queries  # noqa: E402

FZF = str(Path(iterfzf.__file__).parent / "fzf")
LIMIT = 50
MANY = 100_000
WARM_UP_S = 1.5
"""After a refresh, what the first searches would pay for is done behind them."""
QUERIES = typed_queries()
Find = Callable[[str], object]
Row = tuple[str, str, str, str, str]


def index_of(models: Sequence[ModelRecord]) -> SearchIndex:
    """Return a warm index that has been told of ten endpoints of each model."""
    index = SearchIndex()
    index.update(models, told_when_asked(models))
    index.warm()
    settle()
    return index


def ours(index: SearchIndex, *, every_row: bool) -> dict[str, Find]:
    """Return our ways to search, by name."""
    found: dict[str, Find] = {
        "ploked": lambda query: index.search(query, LIMIT),
        "ploked, highlighted": lambda query: index.search(query, LIMIT, highlight=True),
    }
    return found | ({"ploked, all rows": index.search} if every_row else {})


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
    took: dict[str, list[list[float]]] = {}
    of_cpu: list[list[float]] = []
    for number in range(passes):
        for name, find in ours(index, every_row=len(models) < 1000).items():
            index.held.ranking._cache.clear()  # what the pass before has left
            both = [_ms(find, query) for query in QUERIES]
            took.setdefault(name, []).append([wall for wall, _ in both])
            of_cpu += [[cpu for _, cpu in both]] if name == "ploked" else []
        for name, find in theirs([model.id for model in models]).items() if number < their_passes else ():
            took.setdefault(name, []).append([_ms(find, query)[0] for query in QUERIES])
    for name, by_pass in took.items():
        goal = f"p99 at most {goal_ms} ms (CPU: {percentile(_medians(of_cpu), 0.99):.2f})" if name == "ploked" else ""
        yield _row(models, name, _medians(by_pass), goal)


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
                both.append([(ask(server, each), ask(echo, each)) for each in params])
                echo.stop()
    medians = [[statistics.median(side) for side in zip(*each, strict=True)] for each in zip(*both, strict=True)]
    mine, bare = map(list, zip(*medians, strict=True))
    ratios = [statistics.median(mine) / statistics.median(bare), percentile(mine, 0.99) / percentile(bare, 0.99)]
    yield _row(models, "ploked over stdio", mine, f"at most 2x the echo: {ratios[0]:.2f}x, at p99 {ratios[1]:.2f}x")
    yield _row(models, "echo of the same bytes", bare, "")


def memory() -> Iterator[Row]:
    """Measure what processes weigh that hold nothing, 5,258 models and very many, and what an endpoint adds."""
    counts = (0, 5_258, MANY)
    nothing, some, many = (_weight_mb("models", count) for count in counts)
    held = (_weight_mb("endpoints", counts[1]) - some) / counts[1] / 10
    each_kb = 1000 * (many - some) / (MANY - counts[1])
    grows = f"{nothing:.0f} MB with none, {some:.0f} MB with {counts[1]:,}; {each_kb:.2f} kB a model"
    yield f"{MANY:,} models", "memory of index and models", f"{many:.0f} MB", grows, "at most 600 MB"
    yield "", "memory of endpoint records, where a catalog holds them", f"{1000 * held:.2f} kB each", "", ""


def weigh(what: str, count: int) -> None:
    """Print the memory of this process, in MB, once it has been searched in."""
    models = made_models(count)
    held = {model.id: endpoints_of(model) for model in models} if what == "endpoints" else {}
    index = SearchIndex()
    index.update(models, told_when_asked(models))
    index.warm()
    for query in QUERIES:
        index.search(query, LIMIT)
    settle()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(pages * os.sysconf("SC_PAGE_SIZE") / 1e6 if len(held) <= count else 0)


def _weight_mb(what: str, count: int) -> float:
    command = [sys.executable, __file__, what, str(count)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _ms(find: Find, query: str) -> tuple[float, float]:
    """Return how long a search takes by the clock, and of this processor alone, which other processes do not slow."""
    began = time.thread_time()
    wall = timed(lambda: find(query))
    return wall, (time.thread_time() - began) * 1000


def _medians(by_pass: list[list[float]]) -> list[float]:
    return list(map(statistics.median, zip(*by_pass, strict=True)))


def _row(models: Sequence[ModelRecord], name: str, took: list[float], goal: str) -> Row:
    return f"{len(models):,} models", name, f"{statistics.median(took):.3f}", f"{percentile(took, 0.99):.2f}", goal


def main() -> None:
    """Print the table."""
    real, all_of_modelsdev = real_models(), modelsdev()
    rows = [*in_process(real, 1, 5, 5), *over_stdio(real, 5)]
    if all_of_modelsdev is not None:
        rows += [*in_process(all_of_modelsdev, 5, 5, 3), *over_stdio(all_of_modelsdev, 5)]
    rows += [*in_process(made_models(MANY), 25, 3, 1), *memory()]
    print("| catalog | who | p50 ms | p99 ms | goal |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    if sys.argv[1:]:
        weigh(sys.argv[1], int(sys.argv[2]))
    else:
        main()
