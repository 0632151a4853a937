"""RegistryService: the one thing that servers and commands call. It joins facts, preferences, plans and sweeps.

Architecture invariant: nothing here knows JSON-RPC, LSP or HTTP; every request of the table is one method.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from ploked_protocol import PROTOCOL_VERSION, methods, queries
from ploked_protocol.errors import PlokedError
from ploked_protocol.methods import Method

from . import __version__
from .catalog import WarmCatalog
from .checking import Checking
from .edits import ConfigEdits
from .finding import Finding
from .importers.http import Fetcher
from .importers.http_rules import without_credentials
from .importers.openrouter import OpenRouterImporter
from .indexing import Indexing
from .keys.file import KeyFile
from .keys.store import KeyStore
from .memory import settle
from .outlooks import Outlooks
from .planning import Planning
from .preferences.live import LivePreferences
from .preferences.watch import Attention
from .progress import NoProgress, Progress
from .routing.selection import selected_tags
from .search.index import SearchIndex
from .searches import Searches
from .serving import first_models, serving_endpoints
from .settings import Settings
from .store.base import Clock, SystemClock
from .store.picks import PicksFile
from .store.sqlite import SqliteStore
from .sweeps.ledger import Ledger
from .sweeps.manager import SweepManager
from .sweeps.run import SweepRunner
from .view import CatalogFacts

_log = logging.getLogger(__name__)

CATCH_UP_S = 0.5
"""A `config.toml` of 1 MiB is read in less."""

Listener = Callable[[Method[Any, None], Any], None]


class RegistryService(Finding, ConfigEdits, Planning):
    """One per process; sessions share it. Methods named after the table answer its requests."""

    def __init__(
        self,
        settings: Settings,
        catalog: WarmCatalog,
        preferences: LivePreferences,
        sweep_manager: SweepManager,
        keys: KeyStore,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.preferences = preferences
        self.sweeps = sweep_manager
        self.keys = keys
        self.index = SearchIndex()
        self.index.successor_of = catalog.successor
        self.facts = CatalogFacts(catalog, self.index)
        self._checking = Checking(preferences, catalog, self.facts, self.now)
        self._outlooks = Outlooks(self.facts, catalog.endpoints_of_row, lambda: preferences.prefs, self.now)
        self._clock = clock
        self._started_s = clock.monotonic_s()
        self._ready = asyncio.Event()
        self._listeners: list[Listener] = []
        self._indexing = Indexing(catalog, self.index)
        self.searches = Searches()
        self._picks_file = PicksFile(settings.state_dir / "picks.db")
        self._watch: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_order = asyncio.Lock()  # who waits is served in turn: news is told in the order in which it came
        sweep_manager.on_start = partial(self.notify, methods.SWEEP_STARTED)
        sweep_manager.on_progress = partial(self.notify, methods.SWEEP_PROGRESS)
        catalog.on_change = self._catalog_changed
        preferences.on_change = self._preferences_changed

    @classmethod
    def create(cls, settings: Settings) -> RegistryService:
        """Return the service of a real daemon; nothing is opened before `start`."""
        clock = SystemClock()
        importer = OpenRouterImporter(Fetcher(settings.upstream_url))
        catalog = WarmCatalog(importer, SqliteStore(settings.catalog_path), clock)
        ledger = Ledger(settings.ledger_path, now_s=clock.now_s)
        keys = KeyStore(settings.environment_key, KeyFile(settings.keys_path))
        preferences = LivePreferences(settings.config_path, attention=Attention(clock.monotonic_s))
        manager = SweepManager(keys.find, lambda key: SweepRunner(settings.upstream_url, key, ledger, clock), ledger)
        return cls(settings, catalog, preferences, manager, keys, clock)

    # life

    async def start(self) -> None:
        """Load what is on disk and begin to watch; never waits for the network."""
        await asyncio.to_thread(self.keys.glance)  # from here on a key is known, and redacted, whoever repeats it
        picked = asyncio.to_thread(self._picks_file.load, self._clock.now_s())
        _, _, self.index.picks = await asyncio.gather(self.preferences.reload(), self.catalog.start(), picked)
        self._apply_ttls()
        self._watch = asyncio.create_task(self.preferences.run())
        await first_models(self.catalog)
        await self._indexing.follow()
        await self._checking.check()  # else who asks first is told that nothing is wrong, and nobody corrects it
        self._ready.set()
        self._behind(self._take_facts())
        self._behind(self._find_key())
        self._behind(self.sweeps.elsewhere.attend_if_any())
        self.catalog.touch_models()

    async def ready(self) -> None:
        """Return once `start` has loaded what is on disk."""
        await self._ready.wait()

    async def catch_up(self) -> None:
        """Return once what config.toml holds now is in force, whatever the watch has seen of it so far.

        It takes CATCH_UP_S at most: a file system that hangs, or an edit that waits, holds nobody else up.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                await self.preferences.catch_up()
                await self._checking.check_if_new()

    async def aclose(self) -> None:
        """Stop sweeps, watching and refreshing; what came back stays."""
        if self._watch is not None:
            self._watch.cancel()
        for task in self._tasks:
            task.cancel()
        self.searches.close()
        await self.sweeps.aclose()
        await self.catalog.aclose()
        await asyncio.to_thread(self._picks_file.close)

    def attend(self) -> None:
        """Note that somebody is at work, who wants a saved config.toml to be in force at once."""
        self.preferences.attention.attend()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every notification; returns the function that ends it.

        It begins with the sweeps of other processes: who comes from a daemon that has ended missed how they went on.
        """
        for told in self.sweeps.elsewhere.told:
            listener(methods.SWEEP_PROGRESS, told)
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def notify(self, method: Method[Any, None], params: object) -> None:
        """Tell every session."""
        for listener in list(self._listeners):
            listener(method, params)

    # catalog

    async def list_endpoints(
        self, params: queries.ListEndpointsParams, progress: Progress
    ) -> queries.ListEndpointsResult:
        """Answer `ploked/listEndpoints`; raises UnknownModel, UpstreamUnavailable."""
        model = await self.facts.asked_for(params.model)
        serving, endpoints, freshness = await serving_endpoints(self.catalog, model, progress)
        message = None
        if serving.id != model.id:
            message = f"{model.id} stands for {serving.id}; these are its endpoints."
        elif not endpoints:
            message = f"{model.id} has no endpoints of its own: the upstream chooses where it goes."
        return queries.ListEndpointsResult(
            model=params.model,
            endpoints=list(endpoints),
            freshness=freshness,
            message=message,
            selected=selected_tags(self.preferences.prefs, endpoints, params.model, serving.id),
        )

    async def warm_endpoints(self, model_id: str) -> None:
        """Fetch the endpoints of a model where they are not known; a failure is kept for those who ask for them."""
        with suppress(PlokedError):
            await serving_endpoints(self.catalog, await self.facts.asked_for(model_id), NoProgress())

    async def refresh_catalog(
        self, params: queries.RefreshCatalogParams, progress: Progress
    ) -> queries.RefreshCatalogResult:
        """Answer `ploked/refreshCatalog`; a failed refresh is a result that says so, not an error."""
        if params.model is not None:
            model = await self.facts.asked_for(params.model)
            await progress.report(f"endpoints of {model.id}")
            return queries.RefreshCatalogResult(refreshed=[await self.catalog.refresh_endpoints(model.id)])
        await progress.report("models and providers")
        done = await asyncio.gather(self.catalog.refresh_models(), self.catalog.refresh_providers())
        await self._indexing.follow()  # who asks next means the new ones
        return queries.RefreshCatalogResult(refreshed=list(done))

    def status(self, _params: queries.StatusParams) -> queries.StatusResult:
        """Answer `ploked/status`, also while busy."""
        found = self.keys.glance()
        return queries.StatusResult(
            version=__version__,
            protocol=PROTOCOL_VERSION,
            pid=os.getpid(),
            uptime_s=round(self._clock.monotonic_s() - self._started_s, 3),
            catalog=self.catalog_status(),
            config=self.config_status(),
            has_key=found.key is not None,
            key_source=found.source,
            key_problem=found.problem,
            running_sweeps=self.sweeps.running + len(self.sweeps.elsewhere.running),
        )

    def troubles(self) -> list[str]:
        """Return what cannot be kept on disk, sentences for people."""
        return [text for text in (self.catalog.trouble, self._picks_file.trouble) if text]

    def catalog_status(self) -> queries.CatalogStatus:
        """Return what the catalog holds."""
        return queries.CatalogStatus(
            models=len(self.catalog.models),
            endpoints=self.catalog.endpoint_count,
            providers=len(self.catalog.providers),
            freshness=self.catalog.models_freshness(),
            upstream=without_credentials(self.settings.upstream_url),
        )

    # preferences

    def config_status(self) -> queries.ConfigStatus:
        """Return the state of config.toml, with what the catalog says against it."""
        return self._checking.status()

    # inside

    async def _take_facts(self) -> None:
        """Bring the index up to date; do in threads what the first searches would pay for, and check config.toml."""
        await self._indexing.follow()
        await self._indexing.warm()
        await self._checking.check()
        await asyncio.to_thread(settle)

    async def _find_key(self) -> None:
        """Ask the keyring, for `status`."""
        await asyncio.to_thread(self.keys.find)

    def _behind(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` behind the answers; a task that nobody holds may vanish."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _catalog_changed(self, refreshed: queries.Refreshed) -> None:
        if refreshed.model is not None and refreshed.outcome == "updated":
            self.index.take_endpoints(refreshed.model, self.catalog.endpoints_of_row(refreshed.model))
            if self.index.is_crowded:
                self._behind(self._indexing.renew())
        self._behind(self._tell_refreshed(refreshed))

    async def _tell_refreshed(self, refreshed: queries.Refreshed) -> None:
        """Take new facts in before anybody hears of them."""
        async with self._in_order:
            if not self._indexing.is_current:
                await self._take_facts()
            elif refreshed.outcome == "updated":
                await self._checking.check()
            self.notify(methods.CATALOG_CHANGED, queries.CatalogChanged(refreshed=refreshed))

    def _preferences_changed(self, changed: bool) -> None:
        self._apply_ttls()
        self._behind(self._announce(changed))

    async def _announce(self, changed: bool) -> None:
        async with self._in_order:
            await self._checking.check_if_new()
            self.notify(
                methods.PREFERENCES_CHANGED, queries.PreferencesChanged(config=self.config_status(), changed=changed)
            )

    def _apply_ttls(self) -> None:
        cache = self.preferences.prefs.cache
        self.catalog.models_ttl_s = cache.models_ttl_s
        self.catalog.endpoints_ttl_s = cache.endpoints_ttl_s
