"""A catalog in columns: all that predicates ask for, so that one is answered for all models at once.

Rows are models, in the order in which they are given. A place is an endpoint: place `layer * rows + row` is the
endpoint number `layer` of a row, so that "some endpoint of the row" is one `|` per layer. Where they are not known,
layer 0 holds the model's own hint. Columns are built when they are first asked for, or all at once by `warm`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain, zip_longest
from typing import Any, TypeVar

from ploked_protocol.catalog import ModelRecord, Support

from .bits import Column, Sets, from_flags
from .facts import FLAGS, LABELS, NOWHERE, NUMBERS, SETS, Endpoints, Fact
from .mentions import Mentions

T = TypeVar("T")

MAX_CHANGED = 32
"""Models that may differ from the columns: each is asked by itself, about 0.1 ms a query."""

Flag = tuple[int, int]
"""The places where it is said to hold, and those where it may."""


class Columns:
    """The columns of one state of the catalog. Safe to ask from several threads."""

    def __init__(self, models: Sequence[ModelRecord], endpoints: Sequence[Endpoints]) -> None:
        """Take the models and, in the same order, the endpoints of each as far as they are known."""
        self.models = models
        self.endpoints = endpoints
        self.count = len(models)
        self.all_rows = (1 << self.count) - 1
        self.changed: dict[int, tuple[ModelRecord, Endpoints]] = {}
        """Models that have changed since."""
        self._built: dict[str, Any] = {}
        layers = list(zip_longest(*(served or () for served in endpoints), fillvalue=NOWHERE))
        self._flat = list(chain.from_iterable(layers)) or [NOWHERE] * self.count
        """At each place an endpoint, NOWHERE where there is none."""

    @classmethod
    def build(cls, models: Sequence[ModelRecord], endpoints: Sequence[Endpoints]) -> Columns:
        """Return the columns of `models`, None in `endpoints` where those of a model are not known."""
        return cls(models, endpoints)

    def updated(self, row: int, model: ModelRecord, endpoints: Endpoints) -> Columns:
        """Return columns in which the model at `row` is another; what is built is shared, until much has changed."""
        now = {**self.changed, row: (model, endpoints)}
        if len(now) > MAX_CHANGED:
            models, served = list(self.models), list(self.endpoints)
            for at, new in now.items():
                models[at], served[at] = new
            return Columns(models, served)
        other = Columns.__new__(Columns)
        other.__dict__.update(self.__dict__)
        other.changed = now
        return other

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

    @cached_property
    def mentions(self) -> Mentions:
        """What models are called and how they are described, for phrases and negated words."""
        return Mentions(self.models)

    @cached_property
    def rows_by_id(self) -> dict[str, int]:
        """The row of each id."""
        return {model.id: row for row, model in enumerate(self.models)}

    @cached_property
    def places(self) -> int:
        """All places."""
        return from_flags([each is not NOWHERE for each in self._flat]) | self.hints

    @cached_property
    def hints(self) -> int:
        """The places that hold the hint of a model, for want of endpoints."""
        return from_flags([not served for served in self.endpoints])

    def rows_of(self, places: int) -> int:
        """Return the rows of which some place is in `places`."""
        rows, width, every = 0, self.count, self.all_rows
        while places:
            rows |= places & every
            places >>= width
        return rows

    def derived(self, name: str, build: Callable[[], T]) -> T:
        """Return what `build` makes of the columns, without what has changed since; made once for each `name`."""
        found: T | None = self._built.get(name)
        if found is None:
            found = self._built[name] = build()
        return found

    # inside

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
