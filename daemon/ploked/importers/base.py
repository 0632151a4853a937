"""What every importer offers, and how one fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, ProviderRecord
from ploked_protocol.keys import ModelKey

from ..secret import hide

T = TypeVar("T")


class Batch(msgspec.Struct, Generic[T], frozen=True):
    """One answer of an upstream, normalised."""

    rows: list[T]
    skipped: int = 0
    """Rows that could not be read; one bad row never costs the others."""
    problems: tuple[str, ...] = ()
    """What was wrong with the first few of them, for people; no secrets, no long excerpts."""
    answers_for: str | None = None
    """The id that an answer about endpoints is about, where that is another than was asked for."""


class ImportFailedError(Exception):
    """An upstream gave no usable answer. The message says what happened and what to do, without secrets."""

    def __init__(self, message: str, *, retry_after_s: float | None = None, status: int | None = None) -> None:
        # An upstream's words may be in it: where it sends us, what of its answer is no HTTP, which row is no model.
        super().__init__(hide(message))
        self.retry_after_s = retry_after_s
        self.status = status
        """HTTP status, where one came."""


class CatalogImporter(Protocol):
    """Brings facts from one upstream. Every method may raise ImportFailedError and nothing else."""

    source: str
    """Name that the rows carry, e.g. "openrouter"."""
    base_url: str

    async def refresh_models(self) -> Batch[ModelRecord]:
        """Return the whole model list."""

    async def refresh_endpoints(self, model: ModelKey) -> Batch[EndpointRecord]:
        """Return the endpoints of `model`; an empty batch when it has none of its own (aliases, routers)."""

    def marked(self, rows: Iterable[EndpointRecord]) -> list[EndpointRecord]:
        """Return endpoints with what the last refresh of the models brought about them."""

    async def refresh_providers(self) -> Batch[ProviderRecord]:
        """Return all providers."""

    async def aclose(self) -> None:
        """Close connections."""
