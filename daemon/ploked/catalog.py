"""The warm catalog: every answer comes from memory at once; a stale one starts one refresh behind it.

Architecture invariants: no answer waits for the network where memory has one; there is never more than one fetch in the
air for the same rows; the store and the network may fail in any way without costing good rows.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord, ProviderRecord, SuccessorRecord
from ploked_protocol.errors import ErrorData, UpstreamUnavailable
from ploked_protocol.keys import InvalidKeyError, ModelKey
from ploked_protocol.queries import Refreshed

from .disk import Disk
from .feed import Feed, Pause
from .importers.base import Batch, CatalogImporter, ImportFailedError
from .importers.snapshot import Snapshot, load_snapshot
from .lastgood import LastGood
from .store.base import CatalogStore, Clock
from .successors import Successors

T = TypeVar("T")

MOST_SOUGHT = 64
"""Unknown ids whose successors the upstream is asked for between two model lists: each costs a request."""


class WarmCatalog:
    """Models, providers, and the endpoints of each model that was expanded.

    `on_change` is called in the event loop after every refresh, failed ones too, and must not raise. The times to live
    may be changed at any time. The catalog owns the importer and the store, and closes both.
    """

    def __init__(
        self,
        importer: CatalogImporter,
        store: CatalogStore,
        clock: Clock,
        *,
        models_ttl_s: float = 21_600,
        endpoints_ttl_s: float = 1_800,
        on_change: Callable[[Refreshed], None] = lambda _: None,
        read_snapshot: Callable[[], Snapshot] = load_snapshot,
    ) -> None:
        self.models_ttl_s = models_ttl_s
        self.endpoints_ttl_s = endpoints_ttl_s
        self.on_change = on_change
        self.generation = 0
        """Bumped whenever models differ from before, or endpoints of many models at once; of one, `on_change` tells."""
        self.serving_providers: dict[str, str] = {}
        """Display names of the providers that serve a known endpoint, by slug."""
        self.provider_names: dict[str, str] = {}
        """Display names of all known providers, by slug: as they are listed, else as an endpoint has them."""
        self._importer = importer
        self._store = store
        self._clock = clock
        self._disk = Disk(store, read_snapshot)
        self._pause = Pause(clock)
        self._models = Feed(
            LastGood[ModelRecord]("models", importer.source, lambda row: row.id, lambda: self.models_ttl_s, clock),
            importer.refresh_models,
            self._pause,
            self._models_ended(store.save_models),
        )
        self._providers = Feed(
            LastGood[ProviderRecord](
                "providers", importer.source, lambda row: row.slug, lambda: self.models_ttl_s, clock
            ),
            importer.refresh_providers,
            self._pause,
            self._ended(store.save_providers),
        )
        self._endpoints: dict[str, Feed[EndpointRecord]] = {}
        self._by_id: dict[str, ModelRecord] = {}
        self._successors = Successors()
        self._sought: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Load what the store holds, and the bundled snapshot in place of what it lacks; never asks the network."""
        found = await self._disk.load()
        if found.snapshot is not None:
            self._restore_snapshot(found.snapshot)
        if found.models is not None:
            self._models.held.restore(found.models)
        if found.providers is not None:
            self._providers.held.restore(found.providers)
        for model_id, endpoints in found.endpoints.items():
            self._feed(model_id).held.restore(endpoints)
        if found.successors is not None:
            self._successors.restore(found.successors.rows)
        self._rows_changed()

    async def aclose(self) -> None:
        """Stop every refresh, finish the saves, and close importer and store."""
        endpoints = (feed.aclose() for feed in self._endpoints.values())
        for seeking in self._sought.values():
            seeking.cancel()
        await asyncio.gather(self._models.aclose(), self._providers.aclose(), *endpoints)
        await self._importer.aclose()
        await self._disk.aclose()

    @property
    def trouble(self) -> str:
        """Return why the store keeps nothing, and what that means, for people; empty while it does."""
        return self._store.trouble

    # from memory

    @property
    def models(self) -> Sequence[ModelRecord]:
        """Return all models in upstream's order; empty when none are known."""
        return self._models.held.rows or ()

    @property
    def providers(self) -> Sequence[ProviderRecord]:
        """Return all providers; empty when none are known."""
        return self._providers.held.rows or ()

    @property
    def endpoint_count(self) -> int:
        """Return how many endpoints are known, over all models."""
        return sum(len(feed.held.rows or ()) for feed in self._endpoints.values())

    def model(self, model_id: str) -> ModelRecord | None:
        """Return the model of exactly this id."""
        return self._by_id.get(model_id)

    def successor(self, model_id: str) -> str | None:
        """Return the listed id that took the place of one that is not listed; None where none is known."""
        return self._successors.of(model_id, self._by_id)

    def endpoints_now(self, model_id: str) -> Sequence[EndpointRecord] | None:
        """Return the endpoints of a model as far as they are known; None when it was never expanded."""
        feed = self._endpoints.get(model_id)
        return None if feed is None else feed.held.rows

    def endpoints_of_row(self, model_id: str) -> Sequence[EndpointRecord] | None:
        """Return the endpoints that a row of the model list is shown by: not bundled ones, beside a newer list."""
        feed = self._endpoints.get(model_id)
        if feed is None or (feed.held.bundled and not self._models.held.bundled):
            return None
        return feed.held.rows

    def models_freshness(self) -> Freshness:
        """Return the age and origin of `models`."""
        return self._models.held.freshness()

    def endpoints_freshness(self, model_id: str) -> Freshness:
        """Return the age and origin of the endpoints of a model; the source is "none" when none are known."""
        return self._feed(model_id).held.freshness()

    # behind the answers

    def touch_models(self) -> None:
        """Start the refresh of models and of providers where they are stale, unless a failure asks to wait."""
        self._models.touch()
        self._providers.touch()

    def touch_successor(self, model_id: str) -> None:
        """Ask the upstream what took the place of an id that is not listed: once for each model list."""
        if self.models and len(self._sought) < MOST_SOUGHT and not self._pause.left_s:
            listed = _listed(model_id)
            if listed and listed not in self._by_id and listed not in self._sought:
                self._sought[listed] = asyncio.create_task(self._seek(listed))

    async def endpoints(self, model_id: str) -> Sequence[EndpointRecord]:
        """Return the endpoints of a model: from memory if they are known, else from the network.

        Stale ones start one refresh behind the answer. An empty list says that the model has none of its own. Raises
        UpstreamUnavailable when none are known and none come, and InvalidKeyError for what is no model id.
        """
        feed = self._feed(str(ModelKey.parse(model_id)))
        if feed.held.rows is not None:
            feed.touch()
        elif not self._pause.left_s:
            await feed.refresh()
        if feed.held.rows is None:
            cause = feed.held.freshness().error
            raise _unavailable(model_id, self._importer.source, cause, self._pause.left_s)
        return feed.held.rows

    async def refresh_models(self) -> Refreshed:
        """Fetch the models now, or join the fetch in the air; a failure is a result, not an error."""
        return await self._models.refresh()

    async def refresh_endpoints(self, model_id: str) -> Refreshed:
        """Fetch the endpoints of a model now, or join the fetch in the air; raises InvalidKeyError."""
        return await self._feed(str(ModelKey.parse(model_id))).refresh()

    async def refresh_providers(self) -> Refreshed:
        """Fetch the providers now, or join the fetch in the air."""
        return await self._providers.refresh()

    # inside

    def _feed(self, model_id: str) -> Feed[EndpointRecord]:
        if model_id not in self._endpoints:
            self._endpoints[model_id] = Feed(
                LastGood[EndpointRecord](
                    "endpoints",
                    self._importer.source,
                    lambda row: row.key.tag,
                    lambda: self.endpoints_ttl_s,
                    self._clock,
                    model_id,
                ),
                lambda: self._fetch_endpoints(model_id),
                self._pause,
                self._ended(partial(self._store.save_endpoints, model_id)),
            )
        return self._endpoints[model_id]

    async def _fetch_endpoints(self, model_id: str) -> Batch[EndpointRecord]:
        batch = await self._importer.refresh_endpoints(ModelKey.parse(model_id))
        if batch.answers_for is not None:
            fact = SuccessorRecord(model_id, batch.answers_for, self._importer.source)
            self._save_successors(news=self._successors.take(fact))
        return batch

    async def _seek(self, model_id: str) -> None:
        """Ask for the endpoints of an id that is not listed, for the sake of whose they are."""
        try:
            await self._fetch_endpoints(model_id)
        except ImportFailedError as error:
            self._pause.extend(error.retry_after_s)
        if successor := self.successor(model_id):
            self.on_change(_told_of_successor(model_id, successor, self.models_freshness()))

    def _save_successors(self, *, news: bool) -> None:
        if news:
            self._disk.save(self._store.save_successors, self._successors.rows, int(self._clock.now_s()))

    def _ended(self, save: Callable[[list[T], int], None]) -> Callable[[LastGood[T], Refreshed], None]:
        def ended(held: LastGood[T], refreshed: Refreshed) -> None:
            if refreshed.outcome != "failed":
                stored = held.stored()
                self._disk.save(save, stored.rows, stored.refreshed_s)
            if refreshed.outcome == "updated":
                self._rows_changed(models=refreshed.kind == "models")
            self.on_change(refreshed)

        return ended

    def _models_ended(
        self, save: Callable[[list[ModelRecord], int], None]
    ) -> Callable[[LastGood[ModelRecord], Refreshed], None]:
        ended = self._ended(save)

        def marked_first(held: LastGood[ModelRecord], refreshed: Refreshed) -> None:
            if refreshed.outcome != "failed":
                self._mark_endpoints()
                self._sought = {id_: seeking for id_, seeking in self._sought.items() if not seeking.done()}
                gone = [self._by_id[id_] for id_ in refreshed.removed if id_ in self._by_id]
                self._save_successors(news=self._successors.take_removed(gone, self.models))
            ended(held, refreshed)

        return marked_first

    def _mark_endpoints(self) -> None:
        """Bring to the known endpoints what came about them beside the models."""
        for model_id, feed in self._endpoints.items():
            held = feed.held
            marked = self._importer.marked(held.rows or ())
            if held.rows and marked != held.rows:
                held.rows = marked
                self.generation += 1
                if not held.bundled:
                    self._disk.save(partial(self._store.save_endpoints, model_id), marked, held.stored().refreshed_s)

    def _rows_changed(self, *, models: bool = True) -> None:
        if models:
            self.generation += 1
            self._by_id = {record.id: record for record in self.models}
        served = (record for feed in self._endpoints.values() for record in feed.held.rows or ())
        self.serving_providers = {record.provider: record.provider_name for record in served}
        self.provider_names = self.serving_providers | {each.slug: each.name for each in self.providers}

    def _restore_snapshot(self, snapshot: Snapshot) -> None:
        self._models.held.restore_bundled(snapshot.models, snapshot.taken_on)
        self._providers.held.restore_bundled(snapshot.providers, snapshot.taken_on)
        for model_id, rows in snapshot.endpoints.items():
            self._feed(model_id).held.restore_bundled(rows, snapshot.taken_on)


def _told_of_successor(model_id: str, successor: str, freshness: Freshness) -> Refreshed:
    message = f"{successor} took the place of {model_id}."
    return Refreshed("endpoints", "updated", 0, 0, freshness, model=model_id, message=message)


def _listed(model_id: str) -> str | None:
    """Return the id under which a list has a model; None for what no list has."""
    try:
        key = ModelKey.parse(model_id)
    except InvalidKeyError:
        return None
    return None if key.listed is None or key.alias or key.is_router else str(key.listed)


def _unavailable(model_id: str, upstream: str, cause: str | None, pause_s: float) -> UpstreamUnavailable:
    why = f"fetching them failed: {cause}" if cause else f"{upstream} asked to be left alone for a while."
    wait_s = math.ceil(pause_s)
    return UpstreamUnavailable(
        f"The endpoints of {model_id} are not known yet, and {why}",
        ErrorData(
            next_step=f"Expand the model again in {wait_s} s." if wait_s else "Check the network and expand it again.",
            details={"retryAfterS": wait_s} if wait_s else {},
        ),
    )
