"""A catalog in columns: all that predicates ask for, so that one is answered for all models at once.

Rows are models, in the order in which they are given. A place is an endpoint: place `layer * rows + row` is the
endpoint number `layer` of a row, so that "some endpoint of the row" is one `|` per layer. Where they are not known,
layer 0 holds the model's own hint. Columns are built when they are first asked for, or all at once by `warm`.

A model whose endpoints become known does not cost new columns: the few that have changed stand in small columns of
their own beside the large ones (`delta`), which are asked as well, until there are many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, compress, zip_longest
from typing import Any, TypeVar

from ploked_protocol.catalog import EndpointRecord, ModelRecord, Support

from ..bits import bits_of, flags_of
from .bits import Column, Sets, from_flags
from .facts import FLAGS, LABELS, NOWHERE, NUMBERS, SETS, Endpoints, Fact
from .mentions import Mentions

T = TypeVar("T")

MAX_CHANGED = 512
"""Models that may differ from the columns; with more, new ones are built."""

Flag = tuple[int, int]
"""The places where it is said to hold, and those where it may."""


class Columns:
    """The columns of one state of the catalog. Safe to ask from several threads."""

    def __init__(
        self, models: Sequence[ModelRecord], endpoints: Sequence[Endpoints], order: Sequence[int] | None = None
    ) -> None:
        """Take what `build` takes."""
        self.models = models
        self.endpoints = endpoints
        self.count = len(models)
        self.order = range(self.count) if order is None else order
        """The rows as they are listed where nothing else orders them."""
        self.all_rows = (1 << self.count) - 1
        self.changed: dict[int, tuple[ModelRecord, Endpoints]] = {}
        """By row, the models that have changed since. The columns still say of them what was known before."""
        self.delta: Columns | None = None
        """What is known now of those that have changed, in the order of `changed`."""
        self._built: dict[str, Any] = {}

    @classmethod
    def build(
        cls, models: Sequence[ModelRecord], endpoints: Sequence[Endpoints], order: Sequence[int] | None = None
    ) -> Columns:
        """Return the columns of `models`, None in `endpoints` where those of a model are not known.

        `order` is the order in which the rows are listed where nothing else orders them, their own when it is None.
        """
        return cls(models, endpoints, order)

    def updated(self, row: int, model: ModelRecord, endpoints: Endpoints) -> Columns:
        """Return columns in which the model at `row` is another; what is built is shared, until much has changed."""
        now = {**self.changed, row: (model, endpoints)}
        if len(now) > MAX_CHANGED:
            models, served = list(self.models), list(self.endpoints)
            for at, new in now.items():
                models[at], served[at] = new
            return Columns(models, served, self.order)
        other = Columns.__new__(Columns)
        other.__dict__.update(self.__dict__)
        other.changed = now
        other.delta = Columns([changed for changed, _ in now.values()], [served for _, served in now.values()])
        return other

    def endpoints_now(self, row: int) -> Endpoints:
        """Return the endpoints of the model at `row`, changed or not."""
        return self.changed[row][1] if row in self.changed else self.endpoints[row]

    @property
    def changed_rows(self) -> int:
        """Return the rows that have changed."""
        return self.lifted((1 << len(self.changed)) - 1)

    def lifted(self, rows: int) -> int:
        """Return rows of `delta` as rows of these columns."""
        return bits_of(compress(self.changed, flags_of(rows, len(self.changed))), self.count)

    def lowered(self, rows: int) -> int:
        """Return rows of these columns as rows of `delta`, without those that have not changed."""
        return sum(1 << at for at, row in enumerate(self.changed) if rows >> row & 1)

    def warm(self) -> None:
        """Build every column."""
        for name in NUMBERS:
            self.number(name)
        for name in LABELS:
            self.label(name)
        for name in SETS:
            self.names(name)
        for name in FLAGS:
            self.flag(name)
        self.mentions.warm()

    # columns

    def number(self, name: str) -> Column:
        """Return the column of a number, over places or, of a fact of models, over rows."""
        return self.derived(f"number {name}", lambda: Column(self._values(NUMBERS[name])))

    def label(self, name: str) -> Column:
        """Return the column of a text."""
        return self.derived(f"label {name}", lambda: Column(self._values(LABELS[name])))

    def names(self, name: str) -> Sets:
        """Return the column of a set of texts."""
        return self.derived(f"names {name}", lambda: Sets(self._values(SETS[name])))

    def flag(self, name: str) -> Flag:
        """Return the places of a flag."""
        return self.derived(f"flag {name}", lambda: _flag(self._values(FLAGS[name])))

    @property
    def mentions(self) -> Mentions:
        """What models are called and how they are described, for phrases and negated words."""
        return self.derived("mentions", lambda: Mentions(self.models))

    @property
    def rows_by_id(self) -> dict[str, int]:
        """The row of each id."""
        return self.derived("rows by id", lambda: {model.id: row for row, model in enumerate(self.models)})

    @property
    def position(self) -> list[int]:
        """Where each row stands in `order`."""
        return self.derived("position", lambda: sorted(range(self.count), key=self.order.__getitem__))

    @property
    def places(self) -> int:
        """All places."""
        return self.derived("places", lambda: self.hints | from_flags([each is not NOWHERE for each in self._flat]))

    @property
    def hints(self) -> int:
        """The places that hold the hint of a model, for want of endpoints."""
        return self.derived("hints", lambda: from_flags([not served for served in self.endpoints]))

    def rows_of(self, places: int) -> int:
        """Return the rows of which some place is in `places`."""
        rows, width, every = 0, self.count, self.all_rows
        while places:
            rows |= places & every
            places >>= width
        return rows

    def derived(self, name: str, build: Callable[[], T]) -> T:
        """Return what `build` makes of what was known when these columns were new; made once for each `name`."""
        found: T | None = self._built.get(name)
        if found is None:
            found = self._built[name] = build()
        return found

    # inside

    @property
    def _flat(self) -> list[EndpointRecord]:
        """The endpoint at each place, NOWHERE where there is none."""

        def build() -> list[EndpointRecord]:
            layers = zip_longest(*(served or () for served in self.endpoints), fillvalue=NOWHERE)
            return list(chain.from_iterable(layers)) or [NOWHERE] * self.count

        return self.derived("flat", build)

    def _values(self, fact: Fact[Any]) -> list[Any]:
        """Return the fact of each place, or of each row when it is one of models."""
        hints = (
            fact.of_model(model, served) if fact.of_endpoint is None or not served else None
            for model, served in zip(self.models, self.endpoints, strict=True)
        )
        if fact.of_endpoint is None:
            return list(hints)
        values = list(map(fact.of_endpoint, self._flat))
        for row, (value, served) in enumerate(zip(hints, self.endpoints, strict=True)):
            if not served:
                values[row] = value
        return values


def _flag(answers: Sequence[Support | None]) -> Flag:
    yes = from_flags([answer == "yes" for answer in answers])
    return yes, yes | from_flags([answer == "uncertain" for answer in answers])
