"""The warm catalog: answers at once, refreshes behind them, and never gives up good rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace
from ploked.catalog import WarmCatalog
from ploked.importers.base import Batch, ImportFailedError
from ploked.importers.snapshot import Snapshot
from ploked.store.base import CatalogStore, Stored
from ploked.store.memory import MemoryStore
from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord, ProviderRecord
from ploked_protocol.errors import UpstreamUnavailable
from ploked_protocol.keys import InvalidKeyError, ModelKey
from ploked_protocol.queries import Refreshed
from records import NOW_S, FakeClock, endpoint, model, models, provider

MODELS_TTL_S = 21_600
ENDPOINTS_TTL_S = 1_800


class ScriptedImporter:
    """Answers what `answers` holds under "models", "providers" or a model id, once `gate` is open."""

    source = "scripted"
    base_url = "http://upstream.test"

    def __init__(self) -> None:
        self.answers: dict[str, Batch[Any] | Exception] = {}
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.closed = False
        self.zdr: set[str] | None = None
        """Tags of the endpoints that keep no data, once a refresh of the models has said so."""

    async def refresh_models(self) -> Batch[ModelRecord]:
        return await self._answer("models")

    async def refresh_endpoints(self, model: ModelKey) -> Batch[EndpointRecord]:
        return await self._answer(str(model))

    async def refresh_providers(self) -> Batch[ProviderRecord]:
        return await self._answer("providers")

    def marked(self, rows: Iterable[EndpointRecord]) -> list[EndpointRecord]:
        return [row if self.zdr is None else replace(row, zdr=row.key.tag in self.zdr) for row in rows]

    async def aclose(self) -> None:
        self.closed = True

    async def _answer(self, key: str) -> Batch[Any]:
        self.asked.append(key)
        await self.gate.wait()
        answer = self.answers.get(key, ImportFailedError("nobody is there"))
        if isinstance(answer, Exception):
            raise answer
        return answer


class World:
    """A catalog with everything around it in the test's hands."""

    def __init__(self, store: CatalogStore | None = None) -> None:
        self.clock = FakeClock()
        self.upstream = ScriptedImporter()
        self.store = store or MemoryStore()
        self.changes: list[Refreshed] = []
        self.snapshot = Snapshot(taken_on="2026-08-22", models=[], endpoints={}, providers=[])
        self.catalog = WarmCatalog(
            self.upstream,
            self.store,
            self.clock,
            models_ttl_s=MODELS_TTL_S,
            endpoints_ttl_s=ENDPOINTS_TTL_S,
            on_change=self.changes.append,
            read_snapshot=lambda: self.snapshot,
        )

    def sends(self, key: str, *rows: Any, skipped: int = 0, problems: tuple[str, ...] = ()) -> None:
        self.upstream.answers[key] = Batch(list(rows), skipped, problems)

    def fails(self, key: str, why: str = "it is down", retry_after_s: float | None = None) -> None:
        self.upstream.answers[key] = ImportFailedError(why, retry_after_s=retry_after_s)

    async def knows(self, *, models: list[ModelRecord] | None = None, **endpoints: list[EndpointRecord]) -> None:
        """Start with rows that were refreshed just now."""
        self.store.save_models(models or [model("a/one")], NOW_S)
        self.store.save_providers([provider("acme")], NOW_S)
        for slug, rows in endpoints.items():
            self.store.save_endpoints(f"a/{slug}", rows, NOW_S)
        await self.catalog.start()

    async def settle(self) -> None:
        """Return when no refresh is in the air."""
        async with asyncio.timeout(10):
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(others)

    def ids(self) -> list[str]:
        return [row.id for row in self.catalog.models]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.catalog.aclose()


def tags(rows: Any) -> list[str]:
    return [row.key.tag for row in rows]


# starting


async def test_it_starts_from_the_store_without_the_network(world: World) -> None:
    world.store.save_models([model("a/two"), model("a/one")], NOW_S - 60)
    world.store.save_providers([provider("acme")], NOW_S - 60)
    world.store.save_endpoints("a/one", [endpoint("a/one", "acme")], NOW_S - 30)
    await world.catalog.start()

    assert world.ids() == ["a/two", "a/one"]
    assert world.catalog.model("a/one") == model("a/one")
    assert world.catalog.model("a/none") is None
    assert list(world.catalog.providers) == [provider("acme")]
    assert world.catalog.endpoints_now("a/one") == [endpoint("a/one", "acme")]
    assert world.catalog.endpoints_now("a/two") is None
    assert world.catalog.endpoint_count == 1
    assert world.catalog.serving_providers == {"acme": "Acme"}
    assert world.catalog.models_freshness() == Freshness(
        source="scripted", refreshed_at="2026-09-21T14:12:20Z", age_s=60, stale=False
    )
    assert world.catalog.endpoints_freshness("a/one").age_s == 30
    assert world.upstream.asked == []


async def test_on_a_first_start_the_snapshot_answers_and_says_so(world: World) -> None:
    world.snapshot = Snapshot(
        "2026-09-21", [model("a/one")], {"a/one": [endpoint("a/one", "acme")]}, [provider("acme")]
    )
    world.catalog.models_ttl_s = world.catalog.endpoints_ttl_s = 10**9
    await world.catalog.start()

    assert world.ids() == ["a/one"]
    assert tags(await world.catalog.endpoints("a/one")) == ["acme"]
    for freshness in (world.catalog.models_freshness(), world.catalog.endpoints_freshness("a/one")):
        assert freshness.source == "snapshot 2026-09-21"
        assert freshness.refreshed_at == "2026-09-21T00:00:00Z"
        assert freshness.stale  # at any age


async def test_the_snapshot_gives_way_to_what_the_network_sends(world: World) -> None:
    world.snapshot = Snapshot("2026-08-22", models(100), {}, [provider("acme")])
    await world.catalog.start()
    world.sends("models", model("a/one"))
    world.sends("providers", provider("bolt"))
    world.catalog.touch_models()
    await world.settle()

    assert world.ids() == ["a/one"]  # so few are no sign of a cut answer: the snapshot is no measure
    assert list(world.catalog.providers) == [provider("bolt")]
    assert world.catalog.models_freshness().source == "scripted"
    assert not world.catalog.models_freshness().stale


async def test_the_snapshot_stands_in_only_for_what_the_store_lacks(world: World) -> None:
    world.snapshot = Snapshot(
        "2026-08-22", [model("a/old")], {"a/old": [endpoint("a/old", "acme")]}, [provider("acme")]
    )
    world.store.save_models([model("a/one")], NOW_S)
    await world.catalog.start()

    assert world.ids() == ["a/one"]
    assert list(world.catalog.providers) == [provider("acme")]


async def test_the_bundled_snapshot_is_the_one_that_stands_in() -> None:
    catalog = WarmCatalog(ScriptedImporter(), MemoryStore(), FakeClock())
    await catalog.start()
    await catalog.aclose()

    assert len(catalog.models) > 400
    assert catalog.models_freshness().source == "snapshot 2026-08-22"


class BrokenStore(MemoryStore):
    """Raises wherever it can, which a store should not."""

    def load_models(self) -> Stored[ModelRecord] | None:
        raise RuntimeError("broken")

    def save_models(self, *_: object) -> None:
        raise RuntimeError("broken")


def broken_snapshot() -> Snapshot:
    raise FileNotFoundError("snapshot.json.gz")


async def test_neither_a_broken_store_nor_a_broken_snapshot_keeps_it_from_serving() -> None:
    upstream = ScriptedImporter()
    catalog = WarmCatalog(upstream, BrokenStore(), FakeClock(), read_snapshot=broken_snapshot)
    await catalog.start()
    assert list(catalog.models) == []
    assert catalog.models_freshness() == Freshness(source="none")

    upstream.answers["models"] = Batch([model("a/one")])
    assert (await catalog.refresh_models()).outcome == "updated"
    assert list(catalog.models) == [model("a/one")]
    await catalog.aclose()


# stale while revalidating


async def test_fresh_rows_are_not_fetched_again(world: World) -> None:
    await world.knows(one=[endpoint("a/one", "acme")])
    world.clock.advance(ENDPOINTS_TTL_S - 1)
    world.catalog.touch_models()
    await world.catalog.endpoints("a/one")
    await world.settle()

    assert world.upstream.asked == []


async def test_stale_models_answer_at_once_and_one_refresh_follows(world: World) -> None:
    await world.knows(models=[model("a/one"), model("a/two")])
    world.sends("models", model("a/three"), model("a/two"))
    world.sends("providers", provider("acme"))
    world.clock.advance(MODELS_TTL_S)
    for _ in range(3):
        world.catalog.touch_models()
    assert world.ids() == ["a/one", "a/two"]
    assert world.catalog.models_freshness().stale

    await world.settle()
    assert world.upstream.asked == ["models", "providers"]
    assert world.ids() == ["a/three", "a/two"]
    models_changed, providers_changed = world.changes
    assert (models_changed.kind, models_changed.outcome, models_changed.count) == ("models", "updated", 2)
    assert (models_changed.added, models_changed.removed) == (["a/three"], ["a/one"])
    assert not models_changed.freshness.stale
    assert (providers_changed.kind, providers_changed.outcome) == ("providers", "unchanged")


async def test_stale_endpoints_answer_at_once_and_one_refresh_follows(world: World) -> None:
    await world.knows(one=[endpoint("a/one", "acme")])
    world.sends("a/one", endpoint("a/one", "acme"), endpoint("a/one", "bolt/fp8"))
    world.clock.advance(ENDPOINTS_TTL_S)
    for _ in range(3):
        assert tags(await world.catalog.endpoints("a/one")) == ["acme"]

    await world.settle()
    assert world.upstream.asked == ["a/one"]
    assert tags(await world.catalog.endpoints("a/one")) == ["acme", "bolt/fp8"]
    (change,) = world.changes
    assert (change.kind, change.model, change.added, change.removed) == ("endpoints", "a/one", ["bolt/fp8"], [])
    assert world.catalog.serving_providers == {"acme": "Acme", "bolt": "Bolt"}


async def test_each_model_has_endpoints_of_its_own_age(world: World) -> None:
    await world.knows(one=[endpoint("a/one", "acme")])
    world.clock.advance(ENDPOINTS_TTL_S - 60)
    world.sends("a/one:free", endpoint("a/one:free", "bolt"))
    await world.catalog.endpoints("a/one:free")
    world.clock.advance(60)
    await world.catalog.endpoints("a/one")
    await world.catalog.endpoints("a/one:free")
    await world.settle()

    assert world.upstream.asked == ["a/one:free", "a/one"]


async def test_the_time_to_live_may_change_while_it_runs(world: World) -> None:
    await world.knows()
    world.clock.advance(60)
    world.catalog.models_ttl_s = 60

    assert world.catalog.models_freshness().stale


async def test_rows_from_the_future_count_as_stale(world: World) -> None:
    """The machine's clock was wrong, then or now."""
    await world.knows()
    world.clock.set_wall_clock(NOW_S - 3600)
    freshness = world.catalog.models_freshness()
    assert (freshness.age_s, freshness.stale) == (0, True)

    await world.catalog.start()
    freshness = world.catalog.models_freshness()
    assert (freshness.refreshed_at, freshness.age_s, freshness.stale) == (None, None, True)


# one flight


async def test_a_refresh_by_hand_joins_the_one_behind_an_answer(world: World) -> None:
    await world.knows()
    world.clock.advance(MODELS_TTL_S)
    world.sends("models", model("a/two"))
    world.upstream.gate.clear()
    world.catalog.touch_models()
    waiting = [asyncio.create_task(world.catalog.refresh_models()) for _ in range(3)]
    await asyncio.sleep(0)
    world.upstream.gate.set()
    results = await asyncio.gather(*waiting)

    assert world.upstream.asked.count("models") == 1
    assert [result.outcome for result in results] == ["updated"] * 3
    await world.settle()
    assert [change.kind for change in world.changes].count("models") == 1


async def test_all_who_expand_a_new_model_wait_for_one_fetch(world: World) -> None:
    await world.knows()
    world.sends("a/one", endpoint("a/one", "acme"))
    answers = await asyncio.gather(*(world.catalog.endpoints("a/one") for _ in range(5)))

    assert [tags(rows) for rows in answers] == [["acme"]] * 5
    assert world.upstream.asked == ["a/one"]


async def test_one_who_stops_waiting_does_not_end_the_fetch_for_the_others(world: World) -> None:
    await world.knows()
    world.sends("a/one", endpoint("a/one", "acme"))
    world.upstream.gate.clear()
    impatient, patient = (asyncio.create_task(world.catalog.endpoints("a/one")) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    world.upstream.gate.set()

    assert tags(await patient) == ["acme"]
    assert world.upstream.asked == ["a/one"]


async def test_a_fetch_that_nobody_waits_for_any_more_still_lands(world: World) -> None:
    await world.knows()
    world.sends("a/one", endpoint("a/one", "acme"))
    world.upstream.gate.clear()
    only_one = asyncio.create_task(world.catalog.endpoints("a/one"))
    await asyncio.sleep(0)
    only_one.cancel()
    world.upstream.gate.set()
    await world.settle()

    assert world.catalog.endpoints_now("a/one") == [endpoint("a/one", "acme")]


# last good


async def test_a_failed_refresh_keeps_the_rows_and_says_why(world: World) -> None:
    await world.knows()
    world.clock.advance(60)
    world.fails("models", "OpenRouter cannot be reached; check the network.")
    refreshed = await world.catalog.refresh_models()

    assert (refreshed.outcome, refreshed.count, refreshed.added, refreshed.removed) == ("failed", 1, [], [])
    assert refreshed.message == refreshed.freshness.error == "OpenRouter cannot be reached; check the network."
    assert world.changes == [refreshed]
    assert world.ids() == ["a/one"]
    freshness = world.catalog.models_freshness()
    assert (freshness.source, freshness.age_s) == ("scripted", 60)

    world.sends("models", model("a/one"))
    await world.catalog.refresh_models()
    assert world.catalog.models_freshness().error is None


async def test_an_empty_answer_replaces_nothing(world: World) -> None:
    await world.knows(one=[endpoint("a/one", "acme")])
    for key in ("models", "providers", "a/one"):
        world.sends(key)
    results = [
        await world.catalog.refresh_models(),
        await world.catalog.refresh_providers(),
        await world.catalog.refresh_endpoints("a/one"),
    ]

    assert [result.outcome for result in results] == ["failed"] * 3
    assert [result.message for result in results] == [
        "scripted sent no models. The 1 known before are kept.",
        "scripted sent no providers. The 1 known before are kept.",
        "scripted sent no endpoints of a/one. The 1 known before are kept.",
    ]
    assert (world.ids(), len(world.catalog.providers), world.catalog.endpoint_count) == (["a/one"], 1, 1)


async def test_an_empty_model_list_is_no_answer_even_to_an_empty_catalog(world: World) -> None:
    await world.catalog.start()
    world.sends("models")

    assert (await world.catalog.refresh_models()).outcome == "failed"


async def test_a_model_may_have_no_endpoints_of_its_own(world: World) -> None:
    await world.knows()
    world.sends("~a/latest")

    assert list(await world.catalog.endpoints("~a/latest")) == []
    assert list(await world.catalog.endpoints("~a/latest")) == []
    assert world.upstream.asked == ["~a/latest"]
    assert not world.catalog.endpoints_freshness("~a/latest").stale


@pytest.mark.parametrize(
    ("known", "sent", "believed"), [(100, 49, False), (100, 50, True), (39, 19, False), (38, 19, True), (25, 6, True)]
)
async def test_an_answer_that_lacks_most_models_is_taken_for_a_cut_one(
    world: World, known: int, sent: int, believed: bool
) -> None:
    """Few models may go from a short list, and half of a long one; more than that is no news but an accident."""
    await world.knows(models=models(known))
    world.sends("models", *models(sent))
    refreshed = await world.catalog.refresh_models()

    assert (refreshed.outcome == "updated") is believed
    assert len(world.catalog.models) == (sent if believed else known)
    if not believed:
        assert f"sent only {sent} models where {known} were known" in str(refreshed.message)


async def test_the_same_cut_answer_is_believed_when_a_person_asks_again(world: World) -> None:
    await world.knows(models=models(100))
    outcomes = []
    for sent in (30, 31, 31):
        world.sends("models", *models(sent))
        outcomes.append((await world.catalog.refresh_models()).outcome)

    assert outcomes == ["failed", "failed", "updated"]
    assert len(world.catalog.models) == 31


async def test_the_same_cut_answer_is_never_believed_behind_peoples_backs(world: World) -> None:
    await world.knows(models=models(100))
    world.sends("models", *models(30))
    for _ in range(5):
        world.clock.advance(MODELS_TTL_S)
        world.catalog.touch_models()
        await world.settle()

    assert world.upstream.asked.count("models") == 5
    assert len(world.catalog.models) == 100


async def test_rows_that_could_not_be_read_are_counted(world: World) -> None:
    await world.knows()
    world.sends("models", model("a/two"), skipped=2, problems=("row 1 was skipped: no id",))
    refreshed = await world.catalog.refresh_models()

    assert (refreshed.outcome, refreshed.skipped) == ("updated", 2)
    assert refreshed.message == "2 of 3 rows could not be read: row 1 was skipped: no id"


async def test_a_bug_in_an_importer_is_a_failed_refresh(world: World) -> None:
    await world.knows()
    world.upstream.answers["models"] = KeyError("pricing")
    refreshed = await world.catalog.refresh_models()

    assert refreshed.outcome == "failed"
    assert "bug in ploked" in str(refreshed.message)
    assert world.ids() == ["a/one"]


# backing off


async def test_after_each_failure_the_next_try_waits_longer(world: World) -> None:
    await world.knows()
    world.clock.advance(MODELS_TTL_S)
    waits = []
    for failure in range(1, 10):
        world.catalog.touch_models()
        await world.settle()
        waited = 0
        while world.upstream.asked.count("models") == failure:
            world.clock.advance(5)
            waited += 5
            world.catalog.touch_models()
            await world.settle()
        waits.append(waited)

    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]


async def test_a_success_forgets_the_failures_before(world: World) -> None:
    """Neither the pause that they called for nor their number counts any more."""
    await world.knows()
    world.catalog.models_ttl_s = 40
    await world.catalog.refresh_models()
    await world.catalog.refresh_models()
    world.sends("models", model("a/two"))
    await world.catalog.refresh_models()
    world.fails("models")
    for seconds in (40, 30):
        world.clock.advance(seconds)
        world.catalog.touch_models()
        await world.settle()

    assert world.upstream.asked.count("models") == 5


async def test_a_person_need_not_wait(world: World) -> None:
    await world.knows()
    await world.catalog.refresh_models()
    world.sends("models", model("a/two"))

    assert (await world.catalog.refresh_models()).outcome == "updated"


async def test_an_upstream_that_asks_for_a_pause_gets_it_for_everything(world: World) -> None:
    await world.knows(one=[endpoint("a/one", "acme")])
    world.clock.advance(MODELS_TTL_S)
    world.fails("a/one", "too many requests", retry_after_s=3600)
    await world.catalog.endpoints("a/one")
    await world.settle()
    world.upstream.asked.clear()

    world.clock.advance(3599)
    world.catalog.touch_models()
    assert tags(await world.catalog.endpoints("a/one")) == ["acme"]
    with pytest.raises(UpstreamUnavailable) as refused:
        await world.catalog.endpoints("a/new")
    await world.settle()
    assert world.upstream.asked == []
    assert refused.value.data.next_step == "Expand the model again in 1 s."
    assert refused.value.data.details == {"retryAfterS": 1}

    world.clock.advance(1)
    world.catalog.touch_models()
    await world.settle()
    assert world.upstream.asked == ["models", "providers"]


@pytest.mark.parametrize("retry_after_s", [1e9, float("inf")])
async def test_no_pause_lasts_longer_than_six_hours(world: World, retry_after_s: float) -> None:
    await world.knows()
    world.fails("models", retry_after_s=retry_after_s)
    await world.catalog.refresh_models()
    world.clock.advance(6 * 3600)
    world.catalog.touch_models()
    await world.settle()

    assert world.upstream.asked.count("models") == 2


@pytest.mark.parametrize("retry_after_s", [-5.0, 0.0, float("nan")])
async def test_a_pause_that_makes_no_sense_is_none(world: World, retry_after_s: float) -> None:
    await world.knows()
    world.fails("models", retry_after_s=retry_after_s)
    await world.catalog.refresh_models()
    world.sends("a/one", endpoint("a/one", "acme"))

    assert tags(await world.catalog.endpoints("a/one")) == ["acme"]


# endpoints that are not known yet


async def test_without_memory_and_network_the_error_says_what_to_do(world: World) -> None:
    await world.knows()
    world.fails("a/one", "OpenRouter cannot be reached (no route to host).")
    with pytest.raises(UpstreamUnavailable) as refused:
        await world.catalog.endpoints("a/one")

    assert refused.value.message == (
        "The endpoints of a/one are not known yet, and fetching them failed: "
        "OpenRouter cannot be reached (no route to host)."
    )
    assert refused.value.data.next_step == "Check the network and expand it again."
    assert world.catalog.endpoints_freshness("a/one").source == "none"
    assert world.catalog.endpoints_now("a/one") is None

    world.sends("a/one", endpoint("a/one", "acme"))
    assert tags(await world.catalog.endpoints("a/one")) == ["acme"]


@pytest.mark.parametrize("ask", [WarmCatalog.endpoints, WarmCatalog.refresh_endpoints])
async def test_what_is_no_id_is_not_sent(world: World, ask: Any) -> None:
    await world.knows()
    with pytest.raises(InvalidKeyError):
        await ask(world.catalog, "providers")

    assert world.upstream.asked == []


# generation


async def test_the_generation_tells_when_models_differ(world: World) -> None:
    await world.knows()
    seen = [world.catalog.generation]

    async def after(refresh: Any) -> None:
        await refresh
        seen.append(world.catalog.generation)

    world.sends("models", model("a/one"), model("a/two"))
    world.sends("a/one", endpoint("a/one", "acme"))
    world.sends("providers", provider("bolt"))
    await after(world.catalog.refresh_models())  # other models
    await after(world.catalog.refresh_models())  # the same
    await after(world.catalog.refresh_endpoints("a/one"))  # new endpoints, of which `on_change` tells
    await after(world.catalog.refresh_providers())
    await after(world.catalog.refresh_endpoints("a/two"))  # fails

    assert [later - before for before, later in pairwise(seen)] == [1, 0, 0, 0, 0]


# the store


async def test_what_came_is_in_the_store_after_closing(world: World) -> None:
    await world.knows()
    world.clock.advance(60)
    world.sends("models", model("a/one"))  # unchanged, and fresh again all the same
    world.sends("a/one", endpoint("a/one", "acme"))
    world.sends("providers", provider("bolt"))
    await world.catalog.refresh_models()
    await world.catalog.refresh_endpoints("a/one")
    await world.catalog.refresh_providers()
    await world.catalog.aclose()

    assert world.store.load_models() == Stored([model("a/one")], NOW_S + 60)
    assert world.store.load_all_endpoints() == {"a/one": Stored([endpoint("a/one", "acme")], NOW_S + 60)}
    assert world.store.load_providers() == Stored([provider("bolt")], NOW_S + 60)


async def test_a_failed_refresh_does_not_put_the_snapshot_into_the_store(world: World) -> None:
    world.snapshot = Snapshot("2026-08-22", [model("a/one")], {}, [])
    await world.catalog.start()
    await world.catalog.refresh_models()
    await world.catalog.aclose()

    assert world.store.load_models() is None


async def test_closing_ends_what_is_in_the_air(world: World) -> None:
    await world.knows()
    world.upstream.gate.clear()
    waiting = asyncio.create_task(world.catalog.endpoints("a/one"))
    await asyncio.sleep(0)
    await world.catalog.aclose()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert world.upstream.closed
    await world.settle()


async def test_a_refresh_of_the_models_marks_the_endpoints_that_are_known_and_keeps_it(world: World) -> None:
    await world.catalog.start()
    world.upstream.answers["a/b"] = Batch([endpoint("a/b", "keeps"), endpoint("a/b", "forgets")])
    await world.catalog.refresh_endpoints("a/b")
    world.upstream.zdr, world.upstream.answers["models"] = {"forgets"}, Batch([model("a/b")])
    generation = world.catalog.generation
    await world.catalog.refresh_models()
    known = world.catalog.endpoints_now("a/b") or ()
    assert [row.zdr for row in known] == [False, True]
    assert world.catalog.generation > generation
    await world.catalog.aclose()
    assert world.store.load_all_endpoints()["a/b"].rows == known


async def test_a_refresh_of_the_models_that_fails_marks_nothing(world: World) -> None:
    await world.catalog.start()
    world.upstream.answers["a/b"] = Batch([endpoint("a/b", "keeps")])
    await world.catalog.refresh_endpoints("a/b")
    world.upstream.zdr = set()
    await world.catalog.refresh_models()
    assert [row.zdr for row in world.catalog.endpoints_now("a/b") or ()] == [None]
