"""The copy of the catalog that comes with ploked."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

from ploked.importers.snapshot import PATH, load_snapshot, make_snapshot, write_snapshot
from ploked_fixtures.catalog import PAYLOADS
from ploked_protocol.wire import encode


def test_the_snapshot_says_what_the_payloads_say() -> None:
    taken_on = load_snapshot().taken_on

    assert gzip.decompress(PATH.read_bytes()) == encode(make_snapshot(PAYLOADS, taken_on)), (
        f"the snapshot is older than its payloads: run `python -m ploked.importers.snapshot {PAYLOADS} DATE`"
    )


def test_the_snapshot_holds_models_endpoints_and_providers_of_a_day() -> None:
    snapshot = load_snapshot()

    assert date.fromisoformat(snapshot.taken_on) >= date(2026, 8, 22)
    listed = {model.id for model in snapshot.models}
    assert len(listed) == len(snapshot.models) > 400
    assert snapshot.providers
    assert snapshot.endpoints.keys() <= listed
    assert all(row.key.model == model for model, rows in snapshot.endpoints.items() for row in rows)


def test_writing_it_again_changes_no_byte(tmp_path: Path) -> None:
    once, again = tmp_path / "once.gz", tmp_path / "again.gz"
    write_snapshot(load_snapshot(), once)
    write_snapshot(load_snapshot(), again)

    assert once.read_bytes() == again.read_bytes()


def test_it_is_small_enough_to_ship() -> None:
    assert PATH.stat().st_size < 250_000
