"""What every store promises, whatever it writes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from money_of import amounts
from ploked.store.base import CatalogStore, Stored
from ploked.store.memory import MemoryStore
from ploked.store.sqlite import SqliteStore
from ploked_protocol.catalog import (
    EndpointRecord,
    ModelRecord,
    Percentiles,
    PriceOverride,
    Pricing,
    ProviderRecord,
    SuccessorRecord,
)
from ploked_protocol.keys import EndpointKey
from ploked_protocol.money import Money
from records import NOW_S, endpoint, model, models, provider

MakeStore = Callable[[Path], CatalogStore]


def memory_store(_folder: Path) -> CatalogStore:
    return MemoryStore()


def sqlite_store(folder: Path) -> CatalogStore:
    return SqliteStore(folder / "catalog.db")


both = pytest.mark.parametrize("make", [memory_store, sqlite_store])


@pytest.fixture(params=[memory_store, sqlite_store])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogStore]:
    make: MakeStore = request.param
    opened = make(tmp_path)
    yield opened
    opened.close()


def test_a_new_store_has_nothing(store: CatalogStore) -> None:
    assert store.load_models() is None
    assert store.load_all_endpoints() == {}
    assert store.load_providers() is None
    assert store.load_successors() is None


def test_a_save_replaces_all_rows_of_its_kind(store: CatalogStore) -> None:
    store.save_models([model("a/one"), model("a/two")], NOW_S)
    store.save_models([model("a/three"), model("a/one", "renamed")], NOW_S + 60)

    assert store.load_models() == Stored([model("a/three"), model("a/one", "renamed")], NOW_S + 60)


def test_a_save_of_no_rows_leaves_nothing(store: CatalogStore) -> None:
    for rows in ([model("a/one")], []):
        store.save_models(rows, NOW_S)
    for slugs in (["acme"], []):
        store.save_providers([provider(slug) for slug in slugs], NOW_S)
        store.save_endpoints("a/one", [endpoint("a/one", tag) for tag in slugs], NOW_S)

    for successors in ([SuccessorRecord("a/old", "a/one", "scripted")], []):
        store.save_successors(successors, NOW_S)

    assert (store.load_models(), store.load_all_endpoints(), store.load_providers()) == (None, {}, None)
    assert store.load_successors() is None


def test_successors_are_kept_in_their_order(store: CatalogStore) -> None:
    rows = [SuccessorRecord("a/z", "a/one", "scripted"), SuccessorRecord("a/b", "a/one", "scripted")]
    store.save_successors(rows[:1], NOW_S)
    store.save_successors(rows, NOW_S + 60)

    assert store.load_successors() == Stored(rows, NOW_S + 60)


def test_each_model_has_its_own_endpoints_and_its_own_age(store: CatalogStore) -> None:
    store.save_endpoints("a/one", [endpoint("a/one", "acme"), endpoint("a/one", "bolt")], NOW_S)
    store.save_endpoints("a/one:free", [endpoint("a/one:free", "acme")], NOW_S + 1)
    store.save_endpoints("a/one", [endpoint("a/one", "bolt")], NOW_S + 2)

    assert store.load_all_endpoints() == {
        "a/one": Stored([endpoint("a/one", "bolt")], NOW_S + 2),
        "a/one:free": Stored([endpoint("a/one:free", "acme")], NOW_S + 1),
    }


def test_endpoints_that_share_a_tag_are_told_apart_by_their_ordinal(store: CatalogStore) -> None:
    twins = [endpoint("a/one", "acme", price="0.1"), endpoint("a/one", "acme", ordinal=1, price="0.2")]
    store.save_endpoints("a/one", twins, NOW_S)

    assert store.load_all_endpoints()["a/one"].rows == twins


def test_endpoints_outlast_the_listing_of_their_model(store: CatalogStore) -> None:
    """An id often comes back after some days, and then finds its last good endpoints."""
    store.save_models([model("a/one")], NOW_S)
    store.save_endpoints("a/one", [endpoint("a/one", "acme")], NOW_S)
    store.save_models([model("a/two")], NOW_S + 60)

    assert store.load_all_endpoints()["a/one"].rows == [endpoint("a/one", "acme")]


def test_threads_may_share_a_store(store: CatalogStore) -> None:
    """Every load sees one whole save: as many rows as the save wrote, all of the same time."""
    sizes = {NOW_S + size: size for size in range(1, 9)}
    saves = [(models(size), at) for at, size in sizes.items()] * 4

    with ThreadPoolExecutor(4) as pool:
        saved = [pool.submit(store.save_models, *save) for save in saves]
        loaded = [pool.submit(store.load_models) for _ in saves]
        for future in saved:
            future.result()
        seen = [future.result() for future in loaded]

    assert all(len(found.rows) == sizes[found.refreshed_s] for found in seen if found is not None)


# what goes in comes out, for any record

texts = st.text(max_size=20)
money = st.decimals(min_value=0, max_value=10**6, allow_nan=False, places=23).map(Money)
maybe_money = st.none() | money
names = st.lists(texts, max_size=4).map(tuple)
pricings = st.builds(
    Pricing.per_token,
    maybe_money,
    maybe_money,
    varies=st.booleans(),
    other=st.dictionaries(texts, money, max_size=3),
    discount=maybe_money,
    overrides=st.lists(
        st.builds(
            PriceOverride, min_prompt_tokens=st.none() | st.integers(0, 2**40), prices=st.dictionaries(texts, money)
        ),
        max_size=2,
    ).map(tuple),
)
json_values = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
)
model_records = st.builds(
    ModelRecord,
    id=texts,
    name=texts,
    source=texts,
    description=texts,
    context_hint=st.none() | st.integers(0, 2**40),
    supported_parameters=st.none() | names,
    pricing=pricings,
    expires=st.none()
    | st.dates().map(lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC).date().isoformat()),
    default_parameters=st.dictionaries(texts, json_values, max_size=3),
)
endpoint_records = st.builds(
    EndpointRecord,
    key=st.builds(EndpointKey, model=st.just("a/one"), tag=texts, ordinal=st.integers(0, 3)),
    provider=texts,
    provider_name=texts,
    source=texts,
    pricing=pricings,
    supports_tools=st.sampled_from(["yes", "no", "uncertain"]),
    uptime_30m=st.none() | st.floats(0, 100),
    latency_ms=st.none() | st.builds(Percentiles, p50=st.none() | st.floats(0, 1e6)),
)
provider_records = st.builds(ProviderRecord, slug=texts, name=texts, source=texts, datacenters=names)
times = st.integers(0, 2**33)


@both
@given(
    listed=st.lists(model_records, min_size=1, max_size=5, unique_by=lambda row: row.id),
    serving=st.lists(endpoint_records, min_size=1, max_size=5, unique_by=lambda row: str(row.key)),
    operating=st.lists(provider_records, min_size=1, max_size=5, unique_by=lambda row: row.slug),
    at=times,
)
def test_rows_come_back_as_they_were_and_in_their_order(
    make: MakeStore,
    listed: list[ModelRecord],
    serving: list[EndpointRecord],
    operating: list[ProviderRecord],
    at: int,
) -> None:
    with TemporaryDirectory() as folder:
        store = make(Path(folder))
        store.save_models(listed, at)
        store.save_endpoints("a/one", serving, at)
        store.save_providers(operating, at)
        loaded = (store.load_models(), store.load_all_endpoints(), store.load_providers())
        store.close()

    assert loaded == (Stored(listed, at), {"a/one": Stored(serving, at)}, Stored(operating, at))
    records = loaded[0].rows if loaded[0] else []
    assert all(type(amount) is Money for record in records for amount in amounts(record.pricing))
