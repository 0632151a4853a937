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
    """The last findings against the preferences in force. Both they and the facts change: who changes them, checks.

    One check at a time: one of an older text must not have the last word.
    """

    def __init__(
        self, preferences: LivePreferences, catalog: WarmCatalog, facts: CatalogFacts, now: Callable[[], datetime]
    ) -> None:
        self._preferences = preferences
        self._catalog = catalog
        self._facts = facts
        self._now = now
        self._problems: list[ConfigProblem] = []
        self._checked: ConfigStatus | None = None
        """The state that they are about."""
        self._turn = asyncio.Lock()

    def status(self) -> ConfigStatus:
        """Return the state of config.toml, with what the catalog says against it."""
        status = self._preferences.status()
        unread = (
            [problem_at(START, "error", "unreadable", status.message or "")] if status.state == "unreadable" else []
        )
        problems = sorted([*unread, *status.problems, *self._problems], key=lambda each: (each.line, each.column))
        return msgspec.structs.replace(status, problems=problems)

    async def check(self) -> None:
        """Hold config.toml against the facts, which have changed; in a thread, for a large one takes a while.

        A broken one is let be.
        """
        async with self._turn:
            await self._check()

    async def check_if_new(self) -> None:
        """Do so where config.toml has changed since."""
        async with self._turn:
            if self._checked is not self._preferences.status():
                await self._check()

    async def _check(self) -> None:
        status = self._preferences.status()
        loaded = self._preferences.loaded if status.state == "loaded" else None
        self._problems, unlisted = await asyncio.to_thread(self._found, loaded) if loaded else ([], [])
        self._checked = status
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
