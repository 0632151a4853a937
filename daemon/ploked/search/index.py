"""The search index: what the catalog holds, ranked by `rank` and encoded once, so that an answer is concatenation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock

import msgspec
from ploked_protocol.catalog import ModelRecord
from ploked_protocol.searching import CompleteQueryResult
from ploked_protocol.wire import encode

from ..alike import alike
from .generation import Generation
from .highlight import Highlighter
from .picks import Picks
from .query import Context, Matching, ParsedQuery, checked, complete, head, matching, ordered, split
from .query.columns import MAX_CHANGED
from .query.terms import Word
from .rank import Match
from .rows import Endpoints, extended
from .suggest import SuccessorOf, no_successor
from .text import query_words

MAX_LIKED = 100
"""Models that the user picks or likes which lead among equals: the most, so that a search need not sort thousands."""


MAX_LISTINGS = 4
"""Answers to the empty query that are kept; one of all models of OpenRouter takes 0.2 MB."""


class Found(msgspec.Struct, frozen=True):
    """The answer to a query."""

    rows: list[msgspec.Raw]
    """Encoded `SearchRow`s, best first."""
    shown: Sequence[int]
    """The same models, as positions in `held.models`."""
    total: int
    """How many models match, before `limit`."""
    held: Generation
    query: ParsedQuery = ParsedQuery()
    """What was understood, and what was not."""
    uncertain: list[int] = []
    """Places in `rows` of the models that match only as far as is known."""

    @property
    def ids(self) -> list[str]:
        """Return the ids of the same models."""
        return [self.held.ids[row] for row in self.shown]


class SearchIndex:
    """Answers searches over the models it was last given. `update` may run in a thread beside searches."""

    def __init__(self) -> None:
        self.held = Generation((), lambda _: None, None)
        """The models that are searched now. Whoever restricts a search to some rows takes both from one of these."""
        self.successor_of: SuccessorOf = no_successor
        """Knows what took the place of ids that are not in the catalog; for `closest`."""
        self.picks = Picks()
        """What the user picks and likes; it decides among equals."""
        self._arrived: dict[str, Endpoints] | None = None
        self._swapping = Lock()

    def update(self, models: Sequence[ModelRecord], endpoints_now: Callable[[str], Endpoints]) -> None:
        """Hold `models`, in the order of the catalog, with the truth of the endpoints that are known.

        Whatever says the same is kept: the texts when those of no model changed, each row whose model and endpoints
        did not.
        """
        self._arrived = {}
        held = Generation(models, endpoints_now, self.held)
        with self._swapping:
            for model_id, endpoints in self._arrived.items():
                held.take_endpoints(model_id, endpoints)
            self.held, self._arrived = held, None

    def take_endpoints(self, model_id: str, endpoints: Endpoints) -> None:
        """Take in the endpoints of one model, and leave all else as it is."""
        with self._swapping:
            self.held.take_endpoints(model_id, endpoints)
            if self._arrived is not None:  # the update that is being made may have read what was known before
                self._arrived[model_id] = endpoints

    def search(
        self,
        query: str | Sequence[str],
        limit: int | None = None,
        *,
        held: Generation | None = None,
        among: int | None = None,
        highlight: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> Found:
        """Return the models that `query` means, best first; all, in the order of the catalog, when it holds no word.

        `query` is what was typed, or its words given apart, so that one may hold blanks. `among` is a set of rows of
        `held` (`bits`), outside of which nothing is found. With `highlight` the rows say where their words stand.
        `check` is called between the steps and raises what is to end the search.
        """
        held = held or self.held
        words = query_words(query)
        if not words:
            total = len(held.ids) if among is None else among.bit_count()
            shown = held.in_catalog_order(among, limit)
            return Found(self._rows(held, shown, None), shown, total, held)
        match = held.ranking.match(words, check)
        if among is not None:
            match = match.among(among)
        shown = match.best(limit, self._liked(held))
        check()
        return Found(self._rows(held, shown, match if highlight else None), shown, match.total, held)

    def ask(
        self,
        text: str,
        context: Context,
        limit: int | None = None,
        *,
        highlight: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> Found:
        """Return what `text`, in the query language, asks for, in the order that it asks for.

        `highlight` and `check` are those of `search`.
        """
        held = self.held
        query = checked(split(text), held.columns, context)
        matched = matching(query, held.columns, context)
        check()
        limit = min((each for each in (limit, query.limit) if each is not None), default=None)
        words = query_words(_texts(query.words))
        match = held.ranking.match(words, check) if words else None
        if match is not None and query.restricts:
            match = match.among(matched.rows)
        shown = self._ordered(held, query, matched, match, limit)
        check()
        total = matched.total if match is None else match.total
        rows = self._rows(held, shown, match if highlight else None)
        return Found(rows, shown, total, held, query, matched.uncertain_places(shown))

    def listed(self, limit: int | None) -> tuple[msgspec.Raw, int]:
        """Return what an empty query finds, as one JSON array, and how many models there are.

        The array is kept: every picker opens with it.
        """
        held, key = self.held, (limit, self.favourites)
        array = held.listings.get(key)
        if array is None:
            array = msgspec.Raw(encode(self._rows(held, held.in_catalog_order(None, limit), None)))
            if len(held.listings) >= MAX_LISTINGS:
                held.listings.clear()
            held.listings[key] = array
        return array, len(held.ids)

    def complete(
        self, text: str, position: int | None, context: Context, *, check: Callable[[], None] = lambda: None
    ) -> CompleteQueryResult:
        """Return what may stand at `position` of a query. `check` is that of `search`."""
        check()
        held = self.held

        def find(words: Sequence[Word]) -> int | None:
            typed = query_words(_texts(words))
            return sum(held.ranking.match(typed).tiers) if typed else None

        return complete(text, position, held.columns, context, find)

    @property
    def is_cold(self) -> bool:
        """Return whether a query may have to build what `warm` has not yet, which takes a while."""
        return not self.held.columns.is_warm

    @property
    def is_crowded(self) -> bool:
        """Return whether so many models have changed since the last `update` that another one is due."""
        return len(self.held.columns.changed) > MAX_CHANGED

    def closest(self, text: str, n: int = 3) -> list[str]:
        """Return the ids most like `text`, best first, never `text` itself; `:nitro` and `@preset/x` stay on."""
        return self.held.spellings.closest(text, n, self.successor_of)

    @property
    def favourites(self) -> frozenset[str]:
        """Return the ids that the user likes, in the catalog or not."""
        return frozenset(self.picks.favourites)

    @property
    def recent(self) -> list[str]:
        """Return the ids that the user has picked, the last one first, in the catalog or not."""
        return self.picks.recent()

    def warm(self) -> None:
        """Do now, in a thread, what the first searches would pay for: encode every row, import rapidfuzz."""
        alike()
        self.held.warm()

    def _liked(self, held: Generation) -> list[int]:
        """Return the rows that lead among equals, the most liked first."""
        ids = self.picks.in_order()[:MAX_LIKED]
        return [held.row_of[id_] for id_ in ids if id_ in held.row_of]

    def _ordered(
        self, held: Generation, query: ParsedQuery, matched: Matching, match: Match | None, limit: int | None
    ) -> Sequence[int]:
        """Return the rows to show: as `query` sorts them, equals by rank; without words, as the catalog lists them."""
        if match is None:
            return head(matched, query.sort, held.columns, limit)
        if not query.sort:
            return match.best(limit, self._liked(held))
        return ordered(match.best(None, self._liked(held)), query.sort, held.columns, limit)

    def _rows(self, held: Generation, shown: Sequence[int], marked: Match | None) -> list[msgspec.Raw]:
        rows = held.encoded(shown)
        if marked is not None:
            highlighter = Highlighter(held.ranking, marked.words)
            marks = [highlighter.marks(held.models[row], row) for row in shown]
            rows = [extended(row, {"matches": found}) for row, found in zip(rows, marks, strict=True)]
        if self.picks.favourites:
            liked = [held.ids[row] in self.picks.favourites for row in shown]
            rows = [extended(row, {"favourite": True}) if is_ else row for row, is_ in zip(rows, liked, strict=True)]
        return rows


def _texts(words: Iterable[Word]) -> list[str]:
    return [word.text for word in words]
