"""What requests would get, model by model, worked out when a list first shows it and kept while nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord
from ploked_protocol.preferences import RegistryPrefs
from ploked_protocol.queries import Outlook

from .routing.outlook import outlook
from .routing.prices import keys_by_hour
from .search.index import Found
from .search.rows import extended
from .searches import Search
from .view import CatalogFacts


class _Kept(NamedTuple):
    serving: ModelRecord
    endpoints: Sequence[EndpointRecord]
    prefs: RegistryPrefs
    minute: str | None
    """Where prices depend on the hour: when it was worked out, in UTC."""
    row: Outlook

    def same(
        self, serving: ModelRecord, endpoints: Sequence[EndpointRecord], prefs: RegistryPrefs, minute: str
    ) -> bool:
        """Return whether the row still holds: facts and preferences are replaced as a whole, never changed."""
        facts = self.serving is serving and (self.endpoints is endpoints or not (self.endpoints or endpoints))
        return facts and self.prefs is prefs and self.minute in (None, minute)


class Outlooks:
    """May be asked from any thread: what is kept is a cache, and the worst that can happen is work done twice."""

    def __init__(
        self,
        facts: CatalogFacts,
        endpoints_of_row: Callable[[str], Sequence[EndpointRecord] | None],
        prefs: Callable[[], RegistryPrefs],
        now: Callable[[], datetime],
    ) -> None:
        self._facts = facts
        self._endpoints_of_row = endpoints_of_row
        self._prefs = prefs
        self._now = now
        self._kept: dict[str, _Kept] = {}

    def beside(self, search: Search[Found]) -> Search[Found]:
        """Return `search` with the outlook of each model in its row."""

        def both(*, check: Callable[[], None] = lambda: None) -> Found:
            return self._extend(search(check=check))

        return both

    def _extend(self, found: Found) -> Found:
        outlooks = self.of_each(found.ids)
        rows = [extended(row, {"effective": of}) for row, of in zip(found.rows, outlooks, strict=True)]
        return msgspec.structs.replace(found, rows=rows)

    def of_each(self, ids: Iterable[str]) -> list[Outlook]:
        """Return what a request for each of `ids`, all of which are in the catalog, would get now."""
        prefs, now = self._prefs(), self._now()
        return [self._of(model_id, prefs, now) for model_id in ids]

    def _of(self, model_id: str, prefs: RegistryPrefs, now: datetime) -> Outlook:
        serving = self._facts.serving(self._facts.model(model_id))
        endpoints = self._endpoints_of_row(serving.id) or ()
        minute, kept = now.strftime("%H%M"), self._kept.get(model_id)
        if kept and kept.same(serving, endpoints, prefs, minute):
            return kept.row
        row = outlook(model_id, serving, endpoints, prefs, now)
        by_hour = any(keys_by_hour(endpoint.pricing) for endpoint in endpoints)
        self._kept[model_id] = _Kept(serving, endpoints, prefs, minute if by_hour else None, row)
        return row
