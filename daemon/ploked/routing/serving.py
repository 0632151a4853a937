"""Who serves a model, as far as it is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord


class Serving(NamedTuple):
    """The model that serves an id (an alias's target, else the model itself) and what is known of it."""

    model: ModelRecord
    endpoints: Sequence[EndpointRecord]
    """None where the upstream chooses them."""
    freshness: Freshness

    @property
    def bundled(self) -> bool:
        """Return whether the endpoints are those bundled with ploked, which may be months old."""
        return self.freshness.source.startswith("snapshot")
