"""The values of facts at places, as numbers: what a pass over a catalog keeps of records that it does not hold."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ploked_protocol.catalog import ModelRecord

from .facts import NOWHERE, Endpoints, Fact

BLOCK = 256
"""Models whose endpoints are held at the same time."""
_WIDTHS = (("B", 1 << 8), ("H", 1 << 16), ("I", 1 << 32))


class Numbers(dict[Any, int]):
    """Numbers values in the order in which they come, None as 0."""

    def __init__(self) -> None:
        super().__init__({None: 0})

    def __missing__(self, value: Any) -> int:
        """Return the next number."""
        number = self[value] = len(self)
        return number


class Numbered:
    """What a fact is at each place: the numbers of its values, a layer after the other, 0 where nothing is known."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.layers: list[array[int]] = [array("B")]

    def take(self, block: Sequence[Sequence[Any]], rows: int) -> None:
        """Take in the values of the next `rows` rows, of each layer that they have."""
        before = len(self.layers[0])
        found = [list(map(self.numbers.__getitem__, values)) for values in block]
        kind = typecode(len(self.numbers))
        if kind != self.layers[0].typecode:
            self.layers = [array(kind, layer) for layer in self.layers]
        none = array(kind, [0])
        self.layers += [none * before for _ in found[len(self.layers) :]]
        for layer, values in zip_longest(self.layers, found):
            layer.extend(none * rows if values is None else array(kind, values))

    def translated(self, table: Sequence[int]) -> list[array[int]]:
        """Return the layers with each number replaced by what `table`, none of whose items is above its end, has."""
        kind = typecode(len(table) + 1)
        return [array(kind, map(table.__getitem__, layer)) for layer in self.layers]


def typecode(count: int) -> str:
    """Return the smallest type of `array` that holds `count` different numbers."""
    return next(kind for kind, most in _WIDTHS if count <= most)


def numbered(
    facts: Mapping[str, Fact[Any]], models: Sequence[ModelRecord], endpoints_of: Callable[[int], Endpoints]
) -> dict[str, Numbered]:
    """Return `facts` of all `models` and of their endpoints, read in one pass that holds few endpoints at a time."""
    found = {name: Numbered() for name in facts}
    for start in range(0, len(models), BLOCK):
        block = models[start : start + BLOCK]
        for name, values in _read(facts, block, [endpoints_of(start + at) for at in range(len(block))]):
            found[name].take(values, len(block))
    return found


def _read(
    facts: Mapping[str, Fact[Any]], models: Sequence[ModelRecord], served: Sequence[Endpoints]
) -> Iterator[tuple[str, list[list[Any]]]]:
    layers = list(zip_longest(*(each or () for each in served), fillvalue=NOWHERE)) or [(NOWHERE,) * len(models)]
    for name, fact in facts.items():
        yield name, _values(fact, models, served, layers)


def _values(
    fact: Fact[Any], models: Sequence[ModelRecord], served: Sequence[Endpoints], layers: Sequence[Sequence[Any]]
) -> list[list[Any]]:
    """Return the fact of each place, or of each row when it is one of models."""
    if fact.of_endpoint is None:
        return [list(map(fact.of_model, models, served))]
    values = [list(map(fact.of_endpoint, layer)) for layer in layers]
    for row, known in enumerate(served):
        if not known:
            values[0][row] = fact.of_model(models[row], known)
    return values
