"""`ploked demo`: the main job, as an editor would do it, against the loopback upstream or, with --live, OpenRouter."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from ploked_protocol import methods
from ploked_protocol.client import AsyncClient
from ploked_protocol.errors import PlokedError
from ploked_protocol.plans import RoutePlan, RoutePlanParams
from ploked_protocol.preferences import LLMParameters
from ploked_protocol.queries import (
    ListEndpointsParams,
    RefreshCatalogParams,
    SaveProfileParams,
    SearchModelsParams,
)
from ploked_protocol.sweeps import GridAxis, LaunchSweepParams, SweepProgress, SweepResults, SweepResultsParams
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.syntax import Syntax

from . import tables

MODEL = "moonshotai/kimi-k2.5"
BEFORE = """\
version = 1

[registry]
global_default_profile = "balanced"

[[registry.profiles]]
name = "balanced"
params = {{ temperature = 0.7, max_tokens = 48 }}

[[registry.models]]
model = "{model}"          # the daemon keeps this comment
required_supported_params = ["seed"]
"""
SAVED = 'banned_providers = ["novita", "phala"]\n'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--live", action="store_true", help="ask OpenRouter; the sweep needs OPENROUTER_API_KEY")
    parser.add_argument("--sort", default="cost", help="order of the sweep table: a row field, `-` first to reverse")


def run(options: argparse.Namespace) -> int:
    """Run the demo; returns 0, or 1 with a message when something could not be shown."""
    console = Console(markup=False)  # brackets in what comes back are no markup
    if not console.is_terminal:
        console.width = 120  # the tables need it, and a pipe has no width to respect
    with tempfile.TemporaryDirectory(prefix="ploked-demo-") as folder, _upstream(live=options.live) as environ:
        config = Path(folder) / "config.toml"
        config.write_text(BEFORE.format(model=MODEL), encoding="utf-8")
        environ |= {"PLOKED_CONFIG": str(config), "PLOKED_CACHE_DIR": str(Path(folder) / "cache")}
        try:
            asyncio.run(_Demo(console, config, options.sort).show(environ))
        except (PlokedError, ConnectionError) as error:
            console.print(str(error), style="bold red")
            return 1
    return 0


@contextmanager
def _upstream(*, live: bool) -> Iterator[dict[str, str]]:
    """Yield the daemon's environment: this one when live, else one that leads to the loopback upstream."""
    if live:
        yield dict(os.environ)
        return
    from ploked_fixtures.serve import upstream_process

    with upstream_process("--latency-ms", "80", "--spread", "3") as upstream:
        yield {**os.environ, "PLOKED_OPENROUTER_URL": upstream.url, "OPENROUTER_API_KEY": "demo-key"}


class _Demo:
    """The steps, in the order a person would take them."""

    def __init__(self, console: Console, config: Path, sort: str) -> None:
        self._console = console
        self._config = config
        self._sort = sort

    async def show(self, environ: Mapping[str, str]) -> None:
        began = time.perf_counter()
        client = await AsyncClient.spawn([sys.executable, "-m", "ploked", "serve", "--stdio"], environ)
        async with client:
            await client.call(methods.REFRESH_CATALOG, RefreshCatalogParams())
            await self._search(client)
            await self._endpoints(client)
            await self._plans(client)
            if environ.get("OPENROUTER_API_KEY"):
                await self._sweep(client)
            else:
                self._console.print("No OPENROUTER_API_KEY is set, so the sweep is left out.", style="yellow")
        self._console.print(f"done in {time.perf_counter() - began:.1f} s", style="dim")

    async def _search(self, client: AsyncClient) -> None:
        found = await client.call(methods.SEARCH_MODELS, SearchModelsParams(query="kimi", limit=6))
        title = f"1. search “kimi”: {found.total} models ({tables.age(found.freshness)})"
        self._console.print(tables.models(found.rows, title))

    async def _endpoints(self, client: AsyncClient) -> None:
        listed = await client.call(methods.LIST_ENDPOINTS, ListEndpointsParams(model=MODEL))
        title = f"2. {len(listed.endpoints)} endpoints of {MODEL} ({tables.age(listed.freshness)})"
        self._console.print(tables.endpoints(listed.endpoints, title))

    async def _plans(self, client: AsyncClient) -> None:
        before = await self._plan(client)
        self._show_plan("3. route plan: the model must take `seed`", before)
        waited_ms = await self._save(client)
        after = await self._plan(client)
        self._console.print(Syntax(SAVED, "toml", background_color="default"))
        title = f"4. the line above was saved to config.toml; {waited_ms:.0f} ms later the daemon has read it"
        self._show_plan(title, after)
        self._console.print("   the exact request:", after.request)

    async def _plan(self, client: AsyncClient) -> RoutePlan:
        params = RoutePlanParams(model=MODEL, prompt="Name a colour.")
        return await client.call(methods.ROUTE_PLAN, params)

    def _show_plan(self, title: str, plan: RoutePlan) -> None:
        self._console.print(tables.endpoints(plan.endpoints, f"{title}: {len(plan.endpoints)} qualify"))
        self._console.print(tables.exclusions(plan.excluded, f"   and {len(plan.excluded)} do not"))

    async def _save(self, client: AsyncClient) -> float:
        """Add a line to config.toml as an editor does; return how long the daemon took to say so, in ms."""
        told = asyncio.Event()
        client.on(methods.PREFERENCES_CHANGED, lambda _: told.set())
        text = self._config.read_text(encoding="utf-8")
        began = time.perf_counter()
        self._config.write_text(text + SAVED, encoding="utf-8")
        await asyncio.wait_for(told.wait(), 10)
        return (time.perf_counter() - began) * 1000

    async def _sweep(self, client: AsyncClient) -> None:
        results = await self._run_sweep(client)
        title = f"5. sweep of {results.total} requests, sorted by {self._sort}, {results.cost} USD in all"
        self._console.print(tables.sweep(results.rows, title, results.best))
        if results.message is not None:
            self._console.print(f"   {results.message}", style="bold red")
        if results.best is not None:
            params = SaveProfileParams(
                name="best", sweep_id=results.sweep_id, request_id=results.best, set_default=True
            )
            edited = await client.call(methods.SAVE_PROFILE, params)
            self._console.print(f"6. the best row is now a profile: {edited.message}")
            text = self._config.read_text(encoding="utf-8")
            self._console.print(Syntax(text, "toml", background_color="default", word_wrap=True))

    async def _run_sweep(self, client: AsyncClient) -> SweepResults:
        ended = asyncio.Event()
        columns = (TextColumn("   sweeping"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[state]}"))
        with Progress(*columns, console=self._console) as bar:
            task = bar.add_task("", total=None, state="")

            def advance(progress: SweepProgress) -> None:
                bar.update(task, completed=progress.done, total=progress.total, state=progress.state)
                if progress.state != "running":
                    ended.set()

            client.on(methods.SWEEP_PROGRESS, advance)
            launched = await client.call(methods.LAUNCH_SWEEP, _small_sweep())
            await ended.wait()
        return await client.call(methods.SWEEP_RESULTS, SweepResultsParams(sweep_id=launched.sweep_id, sort=self._sort))


def _small_sweep() -> LaunchSweepParams:
    axis = GridAxis(parameter="temperature", start=Decimal("0.2"), stop=Decimal("1.0"), steps=3)
    return LaunchSweepParams(
        model=MODEL, grid=[axis], seeds=[1], prompt="Name a colour.", params=LLMParameters(max_tokens=24), concurrency=4
    )
