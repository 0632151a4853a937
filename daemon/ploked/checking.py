"""What is wrong in config.toml: by itself, and held against the facts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from itertools import islice

import msgspec
from ploked_protocol.preferences import ConfigProblem, RegistryPrefs
from ploked_protocol.queries import ConfigStatus

from .catalog import MOST_SOUGHT, WarmCatalog
from .memory import uncollected_if
from .preferences.check import check
from .preferences.live import LivePreferences
from .preferences.load import LARGE, Loaded
from .preferences.positions import START, problem_at
from .preferences.problems import foremost
from .view import CatalogFacts

_log = logging.getLogger(__name__)


class Checking:
    """The last findings against the preferences in force. Both they and the facts change: who changes them, checks."""

    def __init__(
        self, preferences: LivePreferences, catalog: WarmCatalog, facts: CatalogFacts, now: Callable[[], datetime]
    ) -> None:
        self._preferences = preferences
        self._catalog = catalog
        self._facts = facts
        self._now = now
        self._problems: list[ConfigProblem] = []

    def status(self) -> ConfigStatus:
        """Return the state of config.toml, with what the catalog says against it."""
        status = self._preferences.status()
        unread = (
            [problem_at(START, "error", "unreadable", status.message or "")] if status.state == "unreadable" else []
        )
        problems = sorted([*unread, *status.problems, *self._problems], key=lambda each: (each.line, each.column))
        return msgspec.structs.replace(status, problems=problems)

    async def catch_up(self) -> None:
        """Return once what config.toml holds now is in force and checked, whatever the watch has seen of it so far."""
        before = self._preferences.status()
        await self._preferences.reload()
        if self._preferences.status() is not before:
            await self.check()

    async def check(self) -> None:
        """Hold config.toml against the facts; in a thread, for a large one takes a while. A broken one is let be."""
        loaded = self._preferences.loaded if self._preferences.status().state == "loaded" else None
        self._problems, unlisted = await asyncio.to_thread(self._found, loaded) if loaded else ([], [])
        for model_id in unlisted:
            self._catalog.touch_successor(model_id)

    def _found(self, loaded: Loaded) -> tuple[list[ConfigProblem], list[str]]:
        """Return what the facts say against `loaded`, and ids in it that are not listed, as many as may be sought."""
        prefs = loaded.prefs or RegistryPrefs()
        unlisted = (model.model for model in prefs.models if not self._facts.has_model(model.model))
        try:
            with uncollected_if(len(self._preferences.text or "") > LARGE):
                return foremost(check(loaded, self._facts, self._now())), list(islice(unlisted, MOST_SOUGHT))
        except Exception:  # noqa: BLE001  # a fault of ours in one check must cost neither the start nor the preferences
            _log.exception("config.toml could not be held against the facts")
            return [], []
