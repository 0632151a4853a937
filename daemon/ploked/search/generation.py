"""The models of one update of the index: what is searched, and the encoded rows that answer."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import msgspec
from ploked_protocol.catalog import ModelRecord
from ploked_protocol.wire import encode

from .bits import rows_of
from .query import Columns
from .rank import Ranking
from .rows import Endpoints, search_row, served
from .suggest import Spellings

MAX_ENCODED = 10_000
"""Rows that are kept encoded; of a catalog with more, those of an answer are encoded anew, for they take much room."""


class Generation:
    """Models, newest first, because among equals the newest is listed first. Rows are positions in `models`."""

    def __init__(
        self, models: Sequence[ModelRecord], endpoints_now: Callable[[str], Endpoints], last: Generation | None
    ) -> None:
        """Take over from `last` what it says alike: encoded rows, and all texts where none is another."""
        places = sorted(range(len(models)), key=lambda place: -(models[place].created or 0))
        self.models = [models[place] for place in places]
        self.ids = [model.id for model in self.models]
        self.row_of = {id_: row for row, id_ in enumerate(self.ids)}
        self.catalog_order = array("I", sorted(range(len(places)), key=places.__getitem__))
        self._place_of = array("I", places)

        def endpoints_of(row: int) -> Endpoints:
            # The service, too, answers for an alias with the endpoints of its target.
            return endpoints_now(_serving_id(self.models[row]))

        self._served = [served(endpoints_of(row)) for row in range(len(places))]
        self._aliases = _rows_by_target(self.models)
        same = last is not None and _same_texts(last.models, self.models)
        self.ranking: Ranking = last.ranking if last is not None and same else Ranking(self.models)
        self.spellings: Spellings = Spellings(self.models)
        self.columns = Columns(self.models, endpoints_of, self.catalog_order)
        self.listings: dict[tuple[int | None, frozenset[str]], msgspec.Raw] = {}
        """Answers of `SearchIndex.listed`, until a row says something else."""
        self._encoded: list[msgspec.Raw | None] = self._kept(last) if last is not None else [None] * len(self.models)

    def in_catalog_order(self, among: int | None, limit: int | None) -> Sequence[int]:
        """Return the rows, or those in the set `among`, as the catalog lists them."""
        if among is None:
            return self.catalog_order[:limit]
        return sorted(rows_of(among), key=self._place_of.__getitem__)[:limit]

    def take_endpoints(self, model_id: str, endpoints: Endpoints) -> None:
        """Let the rows of one model, and of the aliases that stand for it, say what its endpoints do."""
        now = served(endpoints)
        for row in (self.row_of.get(model_id), *self._aliases.get(model_id, ())):
            if row is not None and _serving_id(self.models[row]) == model_id:
                self.columns = self.columns.updated(row, self.models[row], endpoints)
                if self._served[row] != now:
                    self._served[row] = now
                    self._encoded[row] = None
                    self.listings.clear()

    def encoded(self, rows: Sequence[int]) -> list[msgspec.Raw]:
        """Return the encoded rows."""
        encoded = self._encoded
        return [encoded[row] or self._encode(row) for row in rows]

    def warm(self) -> None:
        """Do now what the first searches would pay for."""
        if len(self.models) <= MAX_ENCODED:
            self.encoded(self.catalog_order)
        self.ranking.warm()
        self.columns.warm()

    def _encode(self, row: int) -> msgspec.Raw:
        encoded = msgspec.Raw(encode(search_row(self.models[row], self._served[row])))
        if len(self.models) <= MAX_ENCODED:
            self._encoded[row] = encoded
        return encoded

    def _kept(self, last: Generation) -> list[msgspec.Raw | None]:
        """Return the encoded rows of `last` that still say the same, None for those to be encoded when first shown."""

        def kept(row: int, model: ModelRecord) -> msgspec.Raw | None:
            was = last.row_of.get(model.id)
            same = was is not None and last._served[was] == self._served[row] and last.models[was] == model
            return last._encoded[was] if was is not None and same else None

        return [kept(row, model) for row, model in enumerate(self.models)]


def _serving_id(model: ModelRecord) -> str:
    return model.alias_target or model.id


def _rows_by_target(models: Sequence[ModelRecord]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, model in enumerate(models):
        if model.alias_target:
            rows.setdefault(model.alias_target, []).append(row)
    return rows


def _same_texts(some: Sequence[ModelRecord], others: Sequence[ModelRecord]) -> bool:
    return len(some) == len(others) and all(
        one is other
        or (one.id, one.name, one.canonical_slug, one.description)
        == (other.id, other.name, other.canonical_slug, other.description)
        for one, other in zip(some, others, strict=True)
    )
