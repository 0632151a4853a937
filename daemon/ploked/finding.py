"""The requests that find models, and those that keep what the user picks and likes, which decides among equals."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ploked_protocol import methods, picks, queries, searching
from ploked_protocol.methods import Method

from .catalog import WarmCatalog
from .outlooks import Outlooks
from .search.index import Found, SearchIndex
from .search.query import Context
from .searches import MANY_COLD, MANY_MODELS, Search, Searches
from .store.base import Clock
from .store.picks import PicksFile
from .view import CatalogFacts


class Finding:
    """The part of RegistryService that searches."""

    catalog: WarmCatalog
    index: SearchIndex
    facts: CatalogFacts
    searches: Searches
    _outlooks: Outlooks
    _picks_file: PicksFile
    _clock: Clock

    def notify(self, method: Method[Any, None], params: object) -> None:
        """Tell every session."""
        raise NotImplementedError

    def search_models(
        self, params: queries.SearchModelsParams
    ) -> queries.SearchModelsResult | Coroutine[Any, Any, queries.SearchModelsResult]:
        """Answer `ploked/searchModels` from memory: at once, or from a thread where there are very many models."""
        self.catalog.touch_models()
        if not (params.query.strip() or params.effective or self._searches_long):
            return self._search_result(*self.index.listed(params.limit))
        asked = self._query_context()
        search: Search[Found] = partial(self.index.ask, params.query, asked, params.limit, highlight=params.highlight)
        if params.effective:
            search = self._outlooks.beside(search)
        return self.searches.run(search, self._found_result, long=params.effective or self._searches_long)

    @property
    def _searches_long(self) -> bool:
        """Return whether a search may take longer than the event loop has for one request."""
        return len(self.index.held.ids) > (MANY_COLD if self.index.is_cold else MANY_MODELS)

    @property
    def many_models(self) -> bool:
        """Whether a search takes long enough for one that nobody waits for any more to be ended."""
        return len(self.index.held.ids) > MANY_MODELS

    def _found_result(self, found: Found) -> queries.SearchModelsResult:
        return self._search_result(found.rows, found.total, found)

    def _search_result(self, rows: Any, total: int, found: Found | None = None) -> queries.SearchModelsResult:
        """Return the answer; `rows` are encoded, once per catalog generation: the wire takes them as they are."""
        return queries.SearchModelsResult(
            rows=rows,
            total=total,
            freshness=self.catalog.models_freshness(),
            problems=list(found.query.problems) if found else [],
            query=str(found.query) if found else "",
            uncertain=found.uncertain if found else [],
        )

    def complete_query(
        self, params: searching.CompleteQueryParams
    ) -> searching.CompleteQueryResult | Coroutine[Any, Any, searching.CompleteQueryResult]:
        """Answer `ploked/completeQuery` from memory, as `search_models` does."""
        complete = partial(self.index.complete, params.query, params.position, self._query_context())
        return self.searches.run(complete, lambda result: result, long=self._searches_long)

    async def record_pick(self, params: picks.RecordPickParams) -> picks.PickRecorded:
        """Answer `ploked/recordPick`; raises UnknownModel."""
        model, now_s = (await self.facts.asked_for(params.model)).id, self._clock.now_s()
        self.index.picks.record(model, params.endpoint or "", now_s)
        await asyncio.to_thread(self._picks_file.record, model, params.endpoint or "", now_s)
        return self._tell_picked(model)

    async def set_favourite(self, params: picks.SetFavouriteParams) -> picks.FavouriteSet:
        """Answer `ploked/setFavourite`; raises UnknownModel, but not for one that is to be none: it may have gone."""
        find = self.facts
        found = await find.asked_for(params.model) if params.favourite else find.find_model(params.model)
        model = found.id if found else params.model
        changed = self.index.picks.set_favourite(model, params.favourite)
        await asyncio.to_thread(self._picks_file.set_favourite, model, params.favourite, self._clock.now_s())
        if changed:
            self._tell_picked(model)
        return picks.FavouriteSet(model=model, favourite=params.favourite, changed=changed)

    async def find_models(self, query: str, limit: int) -> list[str]:
        """Return the ids of the models that match, best first; found as by `search_models`."""
        search = partial(self.index.search, query, limit)
        ids = self.searches.run(search, lambda found: found.ids, long=self._searches_long)
        return await ids if asyncio.iscoroutine(ids) else ids

    def _query_context(self) -> Context:
        """Return what a query may ask for besides the catalog's models."""
        return Context(
            datetime.fromtimestamp(self._clock.now_s(), UTC).date(),
            self.index.favourites,
            self.index.recent,
            self.catalog.provider_names,
        )

    def _tell_picked(self, model: str) -> picks.PickRecorded:
        """Tell every session of a change in what is picked or liked, for it changes the order of what is found."""
        told = picks.PickRecorded(model=model, favourite=model in self.index.favourites)
        self.notify(methods.PICKS_CHANGED, told)
        return told
