"""The catalog cache on disk: records as JSON in one table for each kind, each refresh one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, ProviderRecord, SuccessorRecord
from ploked_protocol.keys import EndpointKey
from ploked_protocol.wire import decoder, encode

from .base import SCHEMA_VERSION, Stored
from .disposable import DisposableFile
from .transactions import writing

T = TypeVar("T")
Row = dict[str, str | int]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS models (key_id TEXT PRIMARY KEY, record JSON, last_refreshed_s INT, schema_version INT);
CREATE TABLE IF NOT EXISTS endpoints
    (key_id TEXT PRIMARY KEY, model_id TEXT, record JSON, last_refreshed_s INT, schema_version INT);
CREATE INDEX IF NOT EXISTS endpoints_model_id ON endpoints (model_id);
CREATE TABLE IF NOT EXISTS providers (key_id TEXT PRIMARY KEY, record JSON, last_refreshed_s INT, schema_version INT);
CREATE TABLE IF NOT EXISTS successors (key_id TEXT PRIMARY KEY, record JSON, last_refreshed_s INT, schema_version INT);
"""
_ONE_GROUP = "''"
"""All but endpoints are loaded as one group; those by the column `model_id`."""

_MODEL = decoder(ModelRecord)
_ENDPOINT = decoder(EndpointRecord)
_PROVIDER = decoder(ProviderRecord)
_SUCCESSOR = decoder(SuccessorRecord)


class SqliteStore:
    """The cache at `path`; implements `base.CatalogStore`. Nothing is opened before the first call.

    Rows of another schema version are passed over, and go with the next save.
    """

    def __init__(self, path: Path) -> None:
        self._file = DisposableFile(path, _SCHEMA)

    @property
    def trouble(self) -> str:
        """Return why nothing is kept, and what that means, for people; empty while all is."""
        return self._file.trouble

    def load_models(self) -> Stored[ModelRecord] | None:
        """Return the models of the last refresh, in its order; None when there are none that can be read."""
        return self._load("models", _ONE_GROUP, _MODEL).get("")

    def load_all_endpoints(self) -> dict[str, Stored[EndpointRecord]]:
        """Return the endpoints of every model that was expanded, by model id, each in upstream's order."""
        return self._load("endpoints", "model_id", _ENDPOINT)

    def load_providers(self) -> Stored[ProviderRecord] | None:
        """Return the providers of the last refresh."""
        return self._load("providers", _ONE_GROUP, _PROVIDER).get("")

    def save_models(self, rows: list[ModelRecord], refreshed_s: int) -> None:
        """Replace all models.

        Endpoints of models that are gone stay: an id often comes back, and finds its last good endpoints.
        """
        self._replace("models", [_row(record.id, record, refreshed_s) for record in rows])

    def save_endpoints(self, model: str, rows: list[EndpointRecord], refreshed_s: int) -> None:
        """Replace the endpoints of one model."""
        table = [
            _row(str(EndpointKey(model, record.key.tag, record.key.ordinal)), record, refreshed_s, model_id=model)
            for record in rows
        ]
        self._replace("endpoints", table, "model_id = ?", model)

    def save_providers(self, rows: list[ProviderRecord], refreshed_s: int) -> None:
        """Replace all providers."""
        self._replace("providers", [_row(record.slug, record, refreshed_s) for record in rows])

    def load_successors(self) -> Stored[SuccessorRecord] | None:
        """Return what took the place of ids that are listed no more, in the order in which it became known."""
        return self._load("successors", _ONE_GROUP, _SUCCESSOR).get("")

    def save_successors(self, rows: list[SuccessorRecord], refreshed_s: int) -> None:
        """Replace all successors."""
        self._replace("successors", [_row(record.id, record, refreshed_s) for record in rows])

    def close(self) -> None:
        """Release the file; a later call opens it again."""
        self._file.close()

    def _load(self, table: str, group: str, records: msgspec.json.Decoder[T]) -> dict[str, Stored[T]]:
        nothing: dict[str, Stored[T]] = {}
        return self._file.read(lambda db: _groups(db, table, group, records), nothing)

    def _replace(self, table: str, rows: list[Row], where: str = "true", *values: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            from sqlite_utils import Database  # imported late: it takes 80 ms, and the first answers only read

            database = Database(db, execute_plugins=False)
            with writing(database):
                gone = f"({where}) OR schema_version IS NOT ?"
                database.table(table).delete_where(gone, [*values, SCHEMA_VERSION])
                database.table(table).insert_all(rows)

        self._file.write(work)


def _row(key: str, record: msgspec.Struct, refreshed_s: int, **more: str) -> Row:
    return {
        "key_id": key,
        **more,
        "record": encode(record).decode(),
        "last_refreshed_s": refreshed_s,
        "schema_version": SCHEMA_VERSION,
    }


def _groups(db: sqlite3.Connection, table: str, group: str, records: msgspec.json.Decoder[T]) -> dict[str, Stored[T]]:
    """Return the rows of `table` by the column `group`, in the order they were written.

    Cells are cast so that a flipped bit cannot change their type, and read as bytes so that it cannot break the query.
    A row that cannot be decoded is dropped, and the rest of its group counts as never refreshed, so that it is soon.
    """
    cells: Iterable[tuple[bytes | None, bytes | None, int | None]] = db.execute(
        f"SELECT CAST({group} AS BLOB), CAST(record AS BLOB), CAST(last_refreshed_s AS INT) FROM {table}"  # noqa: S608  our own names
        " WHERE schema_version = ? ORDER BY rowid",  # the names are our own constants
        [SCHEMA_VERSION],
    )
    rows: dict[bytes, list[T]] = {}
    oldest_s: dict[bytes, int] = {}
    for name, record, written_s in cells:
        name, refreshed_s = name or b"", written_s or 0
        try:
            rows.setdefault(name, []).append(records.decode(record or b""))
        except ValueError:
            refreshed_s = 0
        oldest_s[name] = min(refreshed_s, oldest_s.get(name, refreshed_s))
    return {name.decode(errors="replace"): Stored(kept, oldest_s[name]) for name, kept in rows.items() if kept}
