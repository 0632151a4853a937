"""What only the store on disk promises. What becomes of damaged files and full disks: tests/chaos/test_store.py."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ploked.store.base import SCHEMA_VERSION, Stored
from ploked.store.sqlite import SqliteStore
from records import NOW_S, endpoint, model, provider


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "catalog.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    opened.close()


def run_sql(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Look into the file as any other program would."""
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(sql).fetchall()


def test_rows_survive_a_restart(store: SqliteStore, path: Path) -> None:
    store.save_models([model("a/two"), model("a/one")], NOW_S)
    store.save_endpoints("a/one", [endpoint("a/one", "acme")], NOW_S)
    store.save_providers([provider("acme")], NOW_S)
    store.close()

    with closing(SqliteStore(path)) as again:
        assert again.load_models() == Stored([model("a/two"), model("a/one")], NOW_S)
        assert again.load_all_endpoints() == {"a/one": Stored([endpoint("a/one", "acme")], NOW_S)}
        assert again.load_providers() == Stored([provider("acme")], NOW_S)


def test_the_tables_can_be_read_by_other_programs(store: SqliteStore, path: Path) -> None:
    store.save_models([model("a/one", "One")], NOW_S)
    store.save_endpoints("a/one", [endpoint("a/one", "acme/fp8")], NOW_S)

    columns = "key_id, json_extract(record, '$.name'), last_refreshed_s, schema_version"
    assert run_sql(path, f"SELECT {columns} FROM models") == [("a/one", "One", NOW_S, SCHEMA_VERSION)]
    columns = "key_id, model_id, json_extract(record, '$.provider')"
    assert run_sql(path, f"SELECT {columns} FROM endpoints") == [("a/one|acme/fp8", "a/one", "acme")]
    assert run_sql(path, "SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%(model_id)'") == [
        ("endpoints",)
    ]
    assert run_sql(path, "PRAGMA journal_mode") == [("wal",)]


def test_rows_of_another_schema_version_are_passed_over_and_go_with_the_next_save(
    store: SqliteStore, path: Path
) -> None:
    store.save_models([model("a/one")], NOW_S)
    store.save_endpoints("a/one", [endpoint("a/one", "acme")], NOW_S)
    store.save_endpoints("a/two", [endpoint("a/two", "acme")], NOW_S)
    run_sql(path, f"UPDATE models SET schema_version = {SCHEMA_VERSION - 1}")
    run_sql(path, f"UPDATE endpoints SET schema_version = {SCHEMA_VERSION + 1} WHERE model_id = 'a/one'")

    assert store.load_models() is None
    assert list(store.load_all_endpoints()) == ["a/two"]

    store.save_endpoints("a/two", [endpoint("a/two", "bolt")], NOW_S)
    assert run_sql(path, "SELECT key_id FROM endpoints") == [("a/two|bolt",)]


@pytest.mark.parametrize("garbage", ["'{'", "'{}'", "x'ff'", "NULL", "7"])
def test_a_row_that_cannot_be_decoded_is_dropped_and_the_rest_counts_as_never_refreshed(
    store: SqliteStore, path: Path, garbage: str
) -> None:
    store.save_models([model("a/one"), model("a/two"), model("a/three")], NOW_S)
    run_sql(path, f"UPDATE models SET record = {garbage} WHERE key_id = 'a/two'")

    assert store.load_models() == Stored([model("a/one"), model("a/three")], 0)


def test_a_save_that_fails_midway_leaves_the_rows_before(store: SqliteStore, caplog: pytest.LogCaptureFixture) -> None:
    store.save_models([model("a/one")], NOW_S)
    store.save_models([model("a/two"), model("a/two")], NOW_S + 60)  # ids are unique: the second is refused

    assert store.load_models() == Stored([model("a/one")], NOW_S)
    assert "cannot be used (UNIQUE constraint failed" in caplog.text


def test_the_folder_is_for_the_user_alone(store: SqliteStore, path: Path) -> None:
    store.load_models()

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nothing_is_opened_before_the_first_call(store: SqliteStore, path: Path) -> None:
    assert not path.parent.exists()


def test_reading_does_not_pay_for_sqlite_utils(path: Path) -> None:
    """Every start reads before it writes, and the library takes longer to import than the catalog to load."""
    program = (
        "import sys, pathlib; from ploked.store.sqlite import SqliteStore;"
        "store = SqliteStore(pathlib.Path(sys.argv[1]));"
        "store.load_models(); store.load_all_endpoints(); store.load_providers(); store.close();"
        "sys.exit('sqlite_utils' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, path], timeout=60, check=False).returncode == 0
