"""A catalog in columns: all that predicates ask for, so that one is answered for all models at once.

Rows are models, in the order in which they are given. A place is an endpoint: place `layer * rows + row` is the
endpoint number `layer` of a row, so that "some endpoint of the row" is one `|` per layer. Where they are not known,
layer 0 holds the model's own hint. No endpoints are held: columns are built when they are first asked for, or all at
once by `warm`, of what is said of each model then.

A model whose endpoints become known does not cost new columns: the few that have changed stand in small columns of
their own beside the large ones (`delta`), which are asked as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple, TypeVar

from ploked_protocol.catalog import ModelRecord
from ploked_protocol.searching import SORT_KEYS

from ..bits import bits_of, flags_of
from .bits import Column, Ranks, Sets
from .facts import FLAGS, LABELS, SERVED, SETS, SMALLEST_IS_BEST, SORTED, Endpoints, Fact
from .mentions import Mentions
from .numbered import Numbered, numbered

T = TypeVar("T")

MAX_CHANGED = 512
"""Models that may differ from the columns; with more, searches take longer, and new ones are to be built."""
SORT_FACTS = {"new": "created", "quant": "bits"}
"""Sort keys that go by a fact of another name."""
_RANKED = frozenset(SORT_FACTS.get(name, name) for name in SORT_KEYS)

Flag = tuple[int, int]
"""The places where it is said to hold, and those where it may."""


class _Kind(NamedTuple):
    """A kind of columns: the facts that it has, by name, and what is made of one."""

    facts: Mapping[str, Fact[Any]]
    build: Callable[[Numbered], Any]


def _flag(found: Numbered) -> Flag:
    answers = Column(found)
    yes = answers.equal("yes")
    return yes, yes | answers.equal("uncertain")


_KINDS = {
    "served": _Kind({"": SERVED}, Column),
    "number": _Kind(SORTED, Column),
    "label": _Kind(LABELS, Column),
    "names": _Kind(SETS, Sets),
    "flag": _Kind(FLAGS, _flag),
}
_ALL = [f"{kind} {name}" for kind, (facts, _) in _KINDS.items() for name in facts]


class Columns:
    """The columns of one state of the catalog. Safe to ask from several threads."""

    def __init__(
        self,
        models: Sequence[ModelRecord],
        endpoints_of: Callable[[int], Endpoints],
        order: Sequence[int] | None = None,
    ) -> None:
        """Take `models` and who knows the endpoints of each row, None where they are not known.

        `order` is the order in which the rows are listed where nothing else orders them, their own when it is None.
        `updated` is to be told of every row of which `endpoints_of` says something else from now on.
        """
        self.models = models
        self.count = len(models)
        self.order = range(self.count) if order is None else order
        """The rows as they are listed where nothing else orders them."""
        self.all_rows = (1 << self.count) - 1
        self.changed: dict[int, tuple[ModelRecord, Endpoints]] = {}
        """By row, the models that have changed since. The columns still say of them what was known before."""
        self.delta: Columns | None = None
        """What is known now of those that have changed, in the order of `changed`."""
        self._endpoints_of = endpoints_of
        self._built: dict[str, Any] = {}

    def updated(self, row: int, model: ModelRecord, endpoints: Endpoints) -> Columns:
        """Return columns in which the model at `row` is another; what is built is shared."""
        other = Columns.__new__(Columns)
        other.__dict__.update(self.__dict__)
        other.changed = {**self.changed, row: (model, endpoints)}
        now = list(other.changed.values())
        other.delta = Columns([changed for changed, _ in now], [served for _, served in now].__getitem__)
        return other

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
        """Build every column, in one pass over the endpoints."""
        self._build([key for key in _ALL if key not in self._built])
        self.mentions.warm()
        self._built["warm"] = True

    @property
    def is_warm(self) -> bool:
        """Return whether every column is built: to build one takes a while where there are many models."""
        return "warm" in self._built

    # columns

    def number(self, name: str) -> Column:
        """Return the column of a number, over places or, of a fact of models, over rows."""
        column: Column = self._column(f"number {name}")
        return column

    def ranks(self, name: str) -> Ranks:
        """Return how rows rank by what can be sorted by."""
        self._column(f"number {name}")
        ranks: Ranks = self._built[f"ranks {name}"]
        return ranks

    def label(self, name: str) -> Column:
        """Return the column of a text."""
        column: Column = self._column(f"label {name}")
        return column

    def names(self, name: str) -> Sets:
        """Return the column of a set of texts."""
        sets: Sets = self._column(f"names {name}")
        return sets

    def flag(self, name: str) -> Flag:
        """Return the places of a flag."""
        flag: Flag = self._column(f"flag {name}")
        return flag

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
        served: Column = self._column("served ")
        return served.known

    @property
    def hints(self) -> int:
        """The places that hold the hint of a model, for want of endpoints."""
        served: Column = self._column("served ")
        return self.derived("hints", lambda: served.equal(False))

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

    def _column(self, key: str) -> Any:
        """Return the column of a kind and a name."""
        if key not in self._built:
            self._build([key])
        return self._built[key]

    def _build(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        asked = {key: (_KINDS[kind], name) for key in keys for kind, _, name in [key.partition(" ")]}
        facts = {key: kind.facts[name] for key, (kind, name) in asked.items()}
        found = numbered(facts, self.models, self._endpoints_of)
        for key, (kind, name) in asked.items():
            values = found.pop(key)
            column = kind.build(values)
            if kind.facts is SORTED and name in _RANKED:
                self._built[f"ranks {name}"] = Ranks(values, column.values, smallest=name in SMALLEST_IS_BEST)
            self._built[key] = column
