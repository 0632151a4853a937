"""Every key of the routing preferences is explained, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from ploked.preferences.meanings import MEANINGS, meaning_of
from ploked.preferences.positions import KeyPath
from ploked.preferences.shapes import keys_of, shape_at
from ploked_protocol.preferences import CachePrefs, ModelPrefs, ModelProfile, RegistryPrefs

ROUTING: KeyPath = ("registry", "models", 0, "routing")
NAMED: list[type[msgspec.Struct]] = [CachePrefs, ModelPrefs, ModelProfile, RegistryPrefs]


def paths(table: KeyPath) -> Iterator[KeyPath]:
    for name in keys_of(shape_at(table)):
        yield (*table, name)
        yield from paths((*table, name))


@pytest.mark.parametrize("path", list(paths(ROUTING)), ids=lambda path: ".".join(map(str, path[3:])))
def test_a_routing_key_has_a_meaning_at_both_layers(path: KeyPath) -> None:
    said = meaning_of(path)
    assert said is not None
    assert said == meaning_of(("registry", *path[3:]))
    assert said.endswith(".")


def test_units_are_told_where_they_are_not_plain() -> None:
    for key, unit in {
        ("max_price", "prompt"): "USD per million", ("preferred_max_latency",): "Seconds",
        ("preferred_max_latency", "p90"): "At p90: Seconds", ("preferred_min_throughput",): "Tokens per second",
    }.items():  # fmt: skip
        assert unit in str(meaning_of((*ROUTING, *key)))


def test_no_meaning_is_left_over_from_a_key_that_is_gone() -> None:
    routing = {".".join(map(str, path[3:])) for path in paths(ROUTING)} | {"routing"}
    others = {field.name for kind in NAMED for field in msgspec.structs.fields(kind)} | {"tools_required"}
    assert set(MEANINGS) <= routing | others
