"""The thread in which the catalog talks to its store: loads once, saves in order, and never makes a refresh fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, ProviderRecord, SuccessorRecord

from .importers.snapshot import Snapshot
from .store.base import CatalogStore, Stored

_log = logging.getLogger(__name__)


class OnDisk(msgspec.Struct):
    """What the disk holds when the daemon starts."""

    models: Stored[ModelRecord] | None = None
    endpoints: dict[str, Stored[EndpointRecord]] = {}
    providers: Stored[ProviderRecord] | None = None
    successors: Stored[SuccessorRecord] | None = None
    snapshot: Snapshot | None = None
    """Read only where the store lacks models or providers."""


class Disk:
    """One thread for one store, so that two saves of the same rows cannot overtake each other."""

    def __init__(self, store: CatalogStore, read_snapshot: Callable[[], Snapshot]) -> None:
        self._store = store
        self._read_snapshot = read_snapshot
        self._thread = ThreadPoolExecutor(1, "ploked-store")

    async def load(self) -> OnDisk:
        """Return what the store holds, and the snapshot if that is not all; what cannot be read is left out."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    def save(self, save: Callable[..., None], *arguments: Any) -> None:
        """Call `save`, a method of the store, in its turn; a failure is logged, for memory has the rows."""
        self._thread.submit(save, *arguments).add_done_callback(_log_failure)

    async def aclose(self) -> None:
        """Wait for the saves, then close the store."""
        await asyncio.to_thread(self._thread.shutdown)
        await asyncio.to_thread(self._store.close)

    def _load(self) -> OnDisk:
        found = OnDisk()
        try:
            found.models, found.providers = self._store.load_models(), self._store.load_providers()
            found.endpoints = self._store.load_all_endpoints()
            found.successors = self._store.load_successors()
        except Exception:  # noqa: BLE001  whatever a store does, the daemon starts
            _log.exception("The catalog cache could not be read.")
        if found.models is None or found.providers is None:
            try:
                found.snapshot = self._read_snapshot()
            except Exception:  # noqa: BLE001  a broken installation: the network still answers
                _log.exception("The bundled snapshot could not be read; installing ploked again brings it back.")
        return found


def _log_failure(saved: Future[None]) -> None:
    if error := saved.exception():
        _log.error("The catalog cache could not be written.", exc_info=error)
