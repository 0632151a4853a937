"""Keeps the search index up with the catalog, in threads: a long model list takes a while."""

from __future__ import annotations

import asyncio
from functools import partial

from .catalog import WarmCatalog
from .memory import uncollected
from .search.index import SearchIndex


class Indexing:
    """What `index` knows of `catalog`, and how it comes to know more."""

    def __init__(self, catalog: WarmCatalog, index: SearchIndex) -> None:
        self._catalog = catalog
        self._index = index
        self._indexed = -1
        """The generation of the catalog that the index has."""
        self._turn = asyncio.Lock()

    @property
    def is_current(self) -> bool:
        """Return whether the index has the model list that the catalog has."""
        return self._indexed == self._catalog.generation

    async def follow(self) -> None:
        """Bring the index up to date with the model list."""
        async with self._turn:
            while not self.is_current:
                self._indexed = self._catalog.generation
                await self._update()

    async def renew(self) -> None:
        """Take what came model by model into the columns of all, once it is much."""
        async with self._turn:
            if self._index.is_crowded:
                await self._update()
                await self.warm()

    async def warm(self) -> None:
        """Do what the first searches would pay for."""
        await asyncio.to_thread(uncollected()(self._index.warm))

    async def _update(self) -> None:
        update = partial(self._index.update, list(self._catalog.models), self._catalog.endpoints_of_row)
        await asyncio.to_thread(uncollected()(update))
