"""The search index: what the catalog holds, ranked by `rank` and encoded once, so that an answer is concatenation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from operator import is_

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, Pricing, Support
from ploked_protocol.money import Money
from ploked_protocol.queries import SearchRow
from ploked_protocol.searching import CompleteQueryResult
from ploked_protocol.wire import encode

from .query import Columns, Context, ParsedQuery, checked, complete, head, matching, ordered, split, warm
from .query.bits import from_rows
from .query.columns import MAX_CHANGED
from .query.terms import Word
from .rank import Ranking
from .suggest import closest_ids

Endpoints = Sequence[EndpointRecord] | None
"""None when they are not known."""


class Found(msgspec.Struct, frozen=True):
    """The answer to a query."""

    rows: list[msgspec.Raw]
    """Encoded `SearchRow`s, best first."""
    ids: list[str]
    """Of the same models."""
    total: int
    """How many models match, before `limit`."""
    query: ParsedQuery = ParsedQuery()
    """What was understood, and what was not."""
    uncertain: list[int] = []
    """Places in `rows` of the models that match only as far as is known."""


class SearchIndex:
    """Answers searches over the models it was last given. `update` may run in a thread beside searches."""

    def __init__(self) -> None:
        self._generation = _Generation((), lambda _: None, None)

    def update(self, models: Sequence[ModelRecord], endpoints_now: Callable[[str], Endpoints]) -> None:
        """Hold `models`, in the order of the catalog, with the truth of the endpoints that are known.

        Whatever stayed the same object is kept: all texts when no model changed, each row whose record and endpoints
        did not.
        """
        self._generation = _Generation(models, endpoints_now, self._generation)

    def search(self, query: str, limit: int | None = None) -> Found:
        """Return the models that `query` means, best first; all, in the order of the catalog, when it holds no word."""
        generation = self._generation
        found = generation.ranking.best(query)
        places = generation.catalog_order if found is None else found
        shown = places[:limit]
        return Found(generation.encoded(shown), [generation.ids[place] for place in shown], len(places))

    def ask(self, text: str, context: Context, limit: int | None = None) -> Found:
        """Return what `text`, in the query language, asks for, in the order that it asks for."""
        generation = self._generation
        columns = generation.columns
        query = checked(split(text), columns, context)
        found, ranked = matching(query, columns, context), generation.ranking.best(_words(query.words))
        limit = min((each for each in (limit, query.limit) if each is not None), default=None)
        if ranked is None:
            total, shown = found.total, head(found, query.sort, columns, limit)
        else:
            among = found.among(ranked) if query.restricts else ranked
            total, shown = len(among), ordered(among, query.sort, columns, limit)
        uncertain = [place for place, row in enumerate(shown) if found.uncertain(row)]
        return Found(generation.encoded(shown), [generation.ids[row] for row in shown], total, query, uncertain)

    def complete(self, text: str, position: int | None, context: Context) -> CompleteQueryResult:
        """Return what may stand at `position` of a query."""
        generation = self._generation

        def find(words: Sequence[Word]) -> int | None:
            ranked = generation.ranking.best(_words(words))
            return None if ranked is None else from_rows(ranked, len(generation.ids))

        return complete(text, position, generation.columns, context, find)

    def closest(self, text: str, n: int = 3) -> list[str]:
        """Return the ids most like `text`, best first, never `text` itself; `:nitro` and `@preset/x` stay on."""
        return closest_ids(text, self._generation.ids, n)

    def warm(self) -> None:
        """Do now, in a thread, what the first searches would pay for: encode every row, import rapidfuzz."""
        import rapidfuzz.distance.OSA
        import rapidfuzz.process  # noqa: F401  # for the imports that come later, inside `suggest`

        self._generation.encoded(self._generation.catalog_order)
        warm(self._generation.columns)


def _words(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)


class _Generation:
    """The models of one update, newest first, because among equals the newest is listed first."""

    def __init__(
        self, models: Sequence[ModelRecord], endpoints_now: Callable[[str], Endpoints], last: _Generation | None
    ) -> None:
        places = sorted(range(len(models)), key=lambda place: -(models[place].created or 0))
        self.models = [models[place] for place in places]
        self.ids = [model.id for model in self.models]
        self.catalog_order = sorted(range(len(places)), key=places.__getitem__)
        # The service, too, answers for an alias with the endpoints of its target.
        self._endpoints = [endpoints_now(model.alias_target or model.id) for model in self.models]
        same = last is not None and len(last.models) == len(self.models) and all(map(is_, last.models, self.models))
        self.ranking: Ranking = last.ranking if last is not None and same else Ranking(self.models)
        self.columns = self._columns(last if same else None)
        self._rows: list[msgspec.Raw | None] = self._kept(last) if last is not None else [None] * len(self.models)

    def _columns(self, last: _Generation | None) -> Columns:
        """Return the columns of `last` with what differs, new ones when that is too much or `last` is None."""
        differ = (row for row, now in enumerate(self._endpoints) if last and now is not last._endpoints[row])
        changed = list(islice(differ, MAX_CHANGED + 1))
        if last is None or len(changed) > MAX_CHANGED:
            return Columns.build(self.models, self._endpoints, self.catalog_order)
        columns = last.columns
        for row in changed:
            columns = columns.updated(row, self.models[row], self._endpoints[row])
        return columns

    def _kept(self, last: _Generation) -> list[msgspec.Raw | None]:
        """Return the encoded rows of `last` that still say the same, None for those to be encoded when first shown."""
        known = {
            id(model): (endpoints, row)
            for model, endpoints, row in zip(last.models, last._endpoints, last._rows, strict=True)
        }
        kept = (known.get(id(model), (None, None)) for model in self.models)
        return [row if was is now else None for now, (was, row) in zip(self._endpoints, kept, strict=True)]

    def encoded(self, places: Iterable[int]) -> list[msgspec.Raw]:
        """Return the encoded rows of the models at `places`."""
        rows = self._rows
        return [rows[place] or self._encode(place) for place in places]

    def _encode(self, place: int) -> msgspec.Raw:
        row = msgspec.Raw(encode(search_row(self.models[place], self._endpoints[place])))
        self._rows[place] = row
        return row


def search_row(model: ModelRecord, endpoints: Endpoints) -> SearchRow:
    """Return `model` as a picker shows it: by its endpoints where they are known, else by the model list."""
    # Not ModelKey: a row whose id has none of the forms must be listed all the same.
    author, _, slug = model.id.removeprefix("~").rpartition("/")
    price = _cheapest(endpoints) if endpoints else model.pricing
    return SearchRow(
        id=model.id,
        name=model.name,
        author=author,
        slug=slug,
        context_hint=_largest_context(endpoints or ()) or model.context_hint,
        supports_tools=_tools(endpoints) if endpoints else model.tools_hint,
        basis="endpoints" if endpoints else "hint",
        prompt_per_1m=price.prompt_per_1m,
        completion_per_1m=price.completion_per_1m,
        description=model.description,
        expires=model.expires,
        source=model.source,
    )


def _tools(endpoints: Sequence[EndpointRecord]) -> Support:
    said = {endpoint.supports_tools for endpoint in endpoints}
    return "yes" if "yes" in said else "no" if said == {"no"} else "uncertain"


def _largest_context(endpoints: Sequence[EndpointRecord]) -> int | None:
    return max((endpoint.context_length or 0 for endpoint in endpoints), default=0) or None


def _cheapest(endpoints: Sequence[EndpointRecord]) -> Pricing:
    """Return the prices of the endpoint with the cheapest prompt, then completion; unknown prices come last."""
    prices = (endpoint.pricing for endpoint in endpoints)
    return min(prices, key=lambda price: (_sortable(price.prompt_per_1m), _sortable(price.completion_per_1m)))


def _sortable(amount: Money | None) -> tuple[bool, Money]:
    return amount is None, amount or Money(0)
