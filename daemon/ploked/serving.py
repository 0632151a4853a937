"""Who serves a model, and how long the first answers wait for the network."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from ploked_protocol.catalog import EndpointRecord, Freshness, ModelRecord

from .catalog import WarmCatalog
from .progress import Progress

FIRST_ANSWER_S = 3.0
"""How long a start without a store waits for the network before the bundled snapshot answers."""


async def first_models(catalog: WarmCatalog) -> None:
    """Give the network a moment where only the snapshot has models; it answers where the network has none to give."""
    if _from_snapshot(catalog.models_freshness()):
        await _patiently(catalog.refresh_models())


async def serving_endpoints(
    catalog: WarmCatalog, model: ModelRecord, progress: Progress
) -> tuple[ModelRecord, Sequence[EndpointRecord], Freshness]:
    """Return the model that serves `model` (an alias's target), its endpoints and their age.

    Raises UpstreamUnavailable when none are known and none come.
    """
    serving = (catalog.model(model.alias_target) if model.alias_target else None) or model
    if serving.key.listed is None:
        return serving, (), catalog.models_freshness()
    freshness = catalog.endpoints_freshness(serving.id)
    online = not _from_snapshot(catalog.models_freshness())  # else it would be waited for at every model
    if online and _from_snapshot(freshness) and freshness.error is None:
        await progress.report(f"fetching the endpoints of {serving.id}")
        await _patiently(catalog.refresh_endpoints(serving.id))
    elif catalog.endpoints_now(serving.id) is None:
        await progress.report(f"fetching the endpoints of {serving.id}")
    endpoints = await catalog.endpoints(serving.id)
    return serving, endpoints, catalog.endpoints_freshness(serving.id)


def _from_snapshot(freshness: Freshness) -> bool:
    """Return whether facts come from the copy bundled with ploked, and not from a store."""
    return freshness.source.startswith("snapshot")


async def _patiently(refresh: Coroutine[Any, Any, object]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(refresh, FIRST_ANSWER_S)
