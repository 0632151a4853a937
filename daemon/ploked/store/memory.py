"""A store that forgets: for tests, and for a machine without a disk to write to."""

from __future__ import annotations

from ploked_protocol.catalog import EndpointRecord, ModelRecord, ProviderRecord, SuccessorRecord

from .base import Stored


class MemoryStore:
    """Keeps rows for the life of the process; implements `base.CatalogStore`."""

    trouble = ""

    def __init__(self) -> None:
        self._models: Stored[ModelRecord] | None = None
        self._endpoints: dict[str, Stored[EndpointRecord]] = {}
        self._providers: Stored[ProviderRecord] | None = None
        self._successors: Stored[SuccessorRecord] | None = None

    def load_models(self) -> Stored[ModelRecord] | None:
        """Return the models last saved."""
        return self._models

    def save_models(self, rows: list[ModelRecord], refreshed_s: int) -> None:
        """Replace all models."""
        self._models = Stored(list(rows), refreshed_s) if rows else None

    def load_all_endpoints(self) -> dict[str, Stored[EndpointRecord]]:
        """Return the endpoints of every model, by model id."""
        return dict(self._endpoints)

    def save_endpoints(self, model: str, rows: list[EndpointRecord], refreshed_s: int) -> None:
        """Replace the endpoints of one model."""
        self._endpoints.pop(model, None)
        if rows:
            self._endpoints[model] = Stored(list(rows), refreshed_s)

    def load_providers(self) -> Stored[ProviderRecord] | None:
        """Return the providers last saved."""
        return self._providers

    def save_providers(self, rows: list[ProviderRecord], refreshed_s: int) -> None:
        """Replace all providers."""
        self._providers = Stored(list(rows), refreshed_s) if rows else None

    def load_successors(self) -> Stored[SuccessorRecord] | None:
        """Return the successors last saved."""
        return self._successors

    def save_successors(self, rows: list[SuccessorRecord], refreshed_s: int) -> None:
        """Replace all successors."""
        self._successors = Stored(list(rows), refreshed_s) if rows else None

    def close(self) -> None:
        """Do nothing: there is no file."""
