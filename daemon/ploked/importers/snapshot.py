"""The copy of the catalog that comes with ploked: it answers on a first start, until the network does.

    python -m ploked.importers.snapshot PAYLOADS_DIR TAKEN_ON

writes `snapshot.json.gz` from payloads in wire format (those in `fixtures/ploked_fixtures/openrouter`), read by the
OpenRouter importer. `TAKEN_ON` is the ISO date of the facts. A test fails when the file is older than its payloads.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, ProviderRecord
from ploked_protocol.wire import decode, encode

PATH = Path(__file__).with_name("snapshot.json.gz")


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that was known on one day."""

    taken_on: str
    """ISO date."""
    models: list[ModelRecord]
    endpoints: dict[str, list[EndpointRecord]]
    """By id of a listed model; an empty list where the upstream sent one (aliases, routers)."""
    providers: list[ProviderRecord]


def load_snapshot() -> Snapshot:
    """Return the bundled snapshot; takes some tens of milliseconds, so call it in a thread."""
    import gzip  # imported late: only a first start needs it

    return decode(gzip.decompress(PATH.read_bytes()), Snapshot)


def make_snapshot(payloads: Path, taken_on: str) -> Snapshot:
    """Return what the importer reads from `models.json`, `endpoints.json` and `providers.json` in `payloads`.

    `endpoints.json` holds the `data` object of one answer for each model id. Raises ImportFailedError.
    """
    from .openrouter import parse_endpoints, parse_models, parse_providers  # imported late: loading needs no importer

    models = parse_models((payloads / "models.json").read_bytes()).rows
    answers = json.loads((payloads / "endpoints.json").read_bytes())
    return Snapshot(
        taken_on=taken_on,
        models=models,
        endpoints={
            model.id: parse_endpoints(encode({"data": answers[model.id]}), model.key).rows
            for model in models
            if model.id in answers
        },
        providers=parse_providers((payloads / "providers.json").read_bytes()).rows,
    )


def write_snapshot(snapshot: Snapshot, path: Path = PATH) -> int:
    """Write `snapshot`, the same bytes whenever it is the same, and return how many."""
    import gzip

    return path.write_bytes(gzip.compress(encode(snapshot), mtime=0))


if __name__ == "__main__":
    size = write_snapshot(make_snapshot(Path(sys.argv[1]), sys.argv[2]))
    sys.stderr.write(f"{PATH.name}: {size} bytes\n")
