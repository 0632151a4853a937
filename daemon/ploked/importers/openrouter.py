"""The OpenRouter importer: what the catalog endpoints answer, as batches of records.

Sources: the OpenAPI description of `GET /models`, `GET /models/{author}/{slug}/endpoints`, `GET /endpoints/zdr` and
`GET /providers`, and what was seen to come. No key is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, ProviderRecord
from ploked_protocol.keys import ModelKey

from ..secret import hide
from .base import Batch, ImportFailedError
from .http import Fetcher
from .normalise import SOURCE, Normaliser, RowError, other_model_id
from .payloads import EndpointAnswer, EndpointPayload, ModelList, ModelPayload, ProviderList, ProviderPayload
from .readers import strict
from .zdr import ZdrFacts

MAX_PROBLEMS = 5

P = TypeVar("P")
R = TypeVar("R")

_MODELS = msgspec.json.Decoder(ModelList)
_ENDPOINTS = msgspec.json.Decoder(EndpointAnswer)
_PROVIDERS = msgspec.json.Decoder(ProviderList)


class OpenRouterImporter:
    """Fetches and normalises; implements `base.CatalogImporter`.

    Answers are read in a thread: the model list takes some 6 ms, which the event loop has not.
    """

    source = SOURCE

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._zdr = ZdrFacts(fetcher)
        self.base_url = fetcher.base_url

    async def refresh_models(self) -> Batch[ModelRecord]:
        """Return the whole model list; raises ImportFailedError, also when it is empty or cut.

        The list of endpoints that keep no data is fetched beside it, see `marked`.
        """
        zdr = asyncio.create_task(self._zdr.refresh())
        try:
            body = await self._fetcher.get_json_bytes("models")
            await zdr
        finally:
            zdr.cancel()
        return await asyncio.to_thread(parse_models, body)

    async def refresh_endpoints(self, model: ModelKey) -> Batch[EndpointRecord]:
        """Return the endpoints of `model`, variant included: `:free` has others than its base."""
        listed = model.listed
        if listed is None:
            return Batch(rows=[])  # a bare `@preset/x` names no model
        path = f"models/{quote(str(listed), safe='/:~')}/endpoints"  # a plain `:` is known to work, `%3A` is not
        batch = await asyncio.to_thread(parse_endpoints, await self._fetcher.get_json_bytes(path), model)
        await self._zdr.ensure()
        return msgspec.structs.replace(batch, rows=self.marked(batch.rows))

    def marked(self, rows: Iterable[EndpointRecord]) -> list[EndpointRecord]:
        """Return `rows` with whether they keep data, by the list that came with the models."""
        return self._zdr.marked(rows)

    async def refresh_providers(self) -> Batch[ProviderRecord]:
        """Return all providers."""
        return await asyncio.to_thread(parse_providers, await self._fetcher.get_json_bytes("providers"))

    async def aclose(self) -> None:
        """Close connections."""
        await self._fetcher.aclose()


def parse_models(data: bytes) -> Batch[ModelRecord]:
    """Return the rows of a `/models` answer; of a repeated id the first.

    Raises ImportFailedError when it is no such answer, holds no readable row, or fewer rows than it says there are.
    """
    answer = _decoded(data, _MODELS, "models")
    if type(answer.total_count) is int and answer.total_count > len(answer.data):
        raise ImportFailedError(
            f"OpenRouter sent {len(answer.data)} of its {answer.total_count} models; try again, or see whether a newer "
            "ploked reads the list in pages."
        )
    normaliser = Normaliser()
    batch = _batch(answer.data, ModelPayload, normaliser.model, lambda record: record.id, normaliser.notes)
    return _not_empty(batch, "models")


def parse_endpoints(data: bytes, asked: ModelKey) -> Batch[EndpointRecord]:
    """Return the endpoints in an answer, in its order, under the id that was asked for.

    An alias or a router has none: the batch is empty. For an id that is listed no more another one may answer,
    which the batch names. Raises ImportFailedError when it is no such answer, or when none of its rows is readable.
    """
    answer = _decoded(data, _ENDPOINTS, "endpoints").data
    rows = answer.endpoints
    normaliser, model = Normaliser(), str(asked)
    batch = _batch(
        rows, EndpointPayload, lambda row: normaliser.endpoint(row, model), lambda record: record.key, normaliser.notes
    )
    batch = msgspec.structs.replace(batch, answers_for=other_model_id(answer.id, asked))
    return _not_empty(batch, "endpoints") if rows else batch


def parse_providers(data: bytes) -> Batch[ProviderRecord]:
    """Return the rows of a `/providers` answer; raises ImportFailedError when there are none."""
    normaliser = Normaliser()
    rows = _decoded(data, _PROVIDERS, "providers").data
    return _not_empty(
        _batch(rows, ProviderPayload, normaliser.provider, lambda record: record.slug, normaliser.notes), "providers"
    )


def _decoded(data: bytes, decoder: msgspec.json.Decoder[R], what: str) -> R:
    try:
        try:
            return decoder.decode(data)
        except (msgspec.MsgspecError, ValueError):
            return decoder.decode(strict(data))  # one odd number must not cost the other rows
    except msgspec.ValidationError as error:
        raise ImportFailedError(f"OpenRouter's answer holds no {what} ({error}); is the base URL right?") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ImportFailedError(f"OpenRouter's answer about {what} is not JSON ({error}); try again later.") from error


def _batch(
    rows: list[Any], kind: type[P], read: Callable[[P], R], key: Callable[[R], object], notes: list[str]
) -> Batch[R]:
    """Return every row that `read` takes; the others are counted and the first few described."""
    records: dict[object, R] = {}
    skipped: list[str] = []
    for index, row in enumerate(rows):
        try:
            if not isinstance(row, kind):
                raise RowError("it is not an object")
            record = read(row)
            if records.setdefault(key(record), record) is not record:
                raise RowError(f"it repeats {str(key(record))[:80]}")
        except RowError as error:
            skipped.append(f"row {index} was skipped: {error}")
    return Batch(list(records.values()), len(skipped), tuple(map(hide, (skipped + notes)[:MAX_PROBLEMS])))


def _not_empty(batch: Batch[R], what: str) -> Batch[R]:
    if not batch.rows:
        why = f": {batch.problems[0]}" if batch.problems else ""
        raise ImportFailedError(f"OpenRouter sent no readable {what}{why}. What was known before is kept.")
    return batch
