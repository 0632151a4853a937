"""Whatever an upstream sends, the importer gives records that hold their promises, or ImportFailedError."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from money_of import amounts
from ploked.importers.base import Batch, ImportFailedError
from ploked.importers.openrouter import parse_endpoints, parse_models, parse_providers
from ploked.importers.payloads import EndpointPayload, ModelPayload, ProviderPayload
from ploked_protocol.catalog import Pricing
from ploked_protocol.keys import ModelKey
from ploked_protocol.wire import decode, encode

Parse = Callable[[bytes], Batch[Any]]
PARSERS: list[Parse] = [parse_models, parse_providers, lambda data: parse_endpoints(data, ModelKey("a", "b"))]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())  # surrogates included
    | st.sampled_from(["-1", "0.0000008", "1e999", "NaN", "unknown", "2098-12-31", "author/slug", "-0", "9" * 5000])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5)
)
prices = (
    st.dictionaries(st.sampled_from(["prompt", "completion", "discount", "overrides", "image", "x"]), values) | values
)


def rows(*payloads: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Objects with the fields of a payload, each of any value; half of them with a key, so that they are read on."""
    names = sorted({name for payload in payloads for name in payload.__struct_fields__})
    named = {"id": st.just("a/b") | values, "tag": st.just("x/fp8") | values, "slug": st.just("x") | values}
    fields = {name: named.get(name, prices if name == "pricing" else values) for name in names}
    return st.fixed_dictionaries({}, optional=fields) | values


catalog_rows = rows(ModelPayload, EndpointPayload, ProviderPayload)
lists = st.lists(catalog_rows, max_size=5)
answers = st.fixed_dictionaries({"data": lists | st.fixed_dictionaries({"endpoints": lists})}) | values


def check(data: bytes) -> None:
    for parse in PARSERS:
        try:
            batch = parse(data)
        except ImportFailedError:
            continue
        for record in batch.rows:
            assert decode(encode(record), type(record)) == record
            assert all(amount >= 0 for amount in amounts(getattr(record, "pricing", Pricing())))


@given(answers)
def test_any_json_value(answer: Any) -> None:
    check(json.dumps(answer).encode())


@given(st.binary())
@example(b'{"data":[{"id":"a/b","context_length":' + b"9" * 5000 + b"}]}")
@example(b"[" * 200_000)
@example(b'{"data":[{"id":"a/b","pricing":' + b'{"x":' * 5000 + b"1" + b"}" * 5000 + b"}]}")
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(st.lists(st.sampled_from(["a/a", "a/b", "a/c", "b/a:free"])))
def test_every_row_is_kept_or_counted(ids: list[str]) -> None:
    data = json.dumps({"data": [{"id": "z/z"}, *[{"id": id_} for id_ in ids]]}).encode()
    batch = parse_models(data)
    assert [row.id for row in batch.rows] == ["z/z", *dict.fromkeys(ids)]
    assert len(batch.rows) + batch.skipped == len(ids) + 1
