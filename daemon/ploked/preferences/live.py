"""The preferences in force: read from config.toml, kept while it is broken, and edited without losing anything."""

from __future__ import annotations

import asyncio
import logging
import operator
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from ploked_protocol.errors import ConfigNotEditable, ErrorData
from ploked_protocol.preferences import RegistryPrefs
from ploked_protocol.queries import ConfigEdited, ConfigStatus

from ..memory import uncollected_if
from .disk import Reading, read, read_settled, write_atomic
from .load import LARGE, LAST_GOOD, Loaded, load
from .problems import foremost
from .watch import Attention, watch

_log = logging.getLogger(__name__)

EDIT_ATTEMPTS = 50
"""How often an edit starts anew because the file changed under it."""


class LivePreferences:
    """Holds what config.toml said last. Its methods belong to one event loop; files are touched in threads."""

    def __init__(
        self,
        path: Path,
        *,
        on_change: Callable[[bool], None] = lambda _changed: None,
        attention: Attention | None = None,
    ) -> None:
        self.path = path
        self.attention = attention or Attention()
        self.on_change = on_change
        """Called after every reading that differs from the one before: with whether `prefs` differ too."""
        self.prefs = RegistryPrefs()
        """The last good ones; defaults without a file, and until the first good reading."""
        self.loaded: Loaded | None = None
        """What `prefs` come from, with their places in the file; None for defaults."""
        self._state = ConfigStatus(path=str(path), state="absent", problems=[])
        self._reading: Reading | None = None
        self._lock = asyncio.Lock()
        self._look: asyncio.Task[None] | None = None
        """The last reading that `catch_up` has begun."""

    @property
    def text(self) -> str | None:
        """Return the text of the file as it is now, without a byte order mark; None when there is none to read."""
        text = self._reading.text if self._reading else None
        return None if text is None else text.removeprefix("\ufeff")

    def status(self) -> ConfigStatus:
        """Return what became of the file, with what is wrong in it as far as the file alone shows."""
        return self._state

    async def reload(self) -> bool:
        """Read the file now; return whether `prefs` differ from before. The first reading calls no one."""
        async with self._lock:
            return await self._take(await asyncio.to_thread(read, self.path))

    async def catch_up(self) -> None:
        """Return once what the file held when this was called is in force.

        However many ask, one thread reads the file at a time: where the file system hangs, none but that is lost.
        """
        under_way = self._look
        if under_way is not None:  # it may have begun before the save that is asked about
            await asyncio.wait([under_way])
        if self._look is under_way:
            self._look = asyncio.create_task(self._look_again())
        if self._look is not None:
            await asyncio.shield(self._look)

    async def _look_again(self) -> None:
        if await asyncio.to_thread(read, self.path) != self._reading:
            async with self._lock:
                await self._take(await asyncio.to_thread(read_settled, self.path))

    async def run(self) -> None:
        """Read the file again whenever it changes, until cancelled."""
        async with aclosing(watch(self.path, asyncio.Event(), lambda: self._reading, self.attention)) as changes:
            async for reading in changes:
                async with self._lock:  # an edit may have come in between: what counts is what is there now
                    now = await asyncio.to_thread(read, self.path)
                    await self._take(now if now == reading else await asyncio.to_thread(read_settled, self.path))

    async def edit(self, change: Callable[[str], str]) -> ConfigEdited:
        """Write what `change` makes of the file's text, and take it in; edits wait for one another.

        When the file changes meanwhile, `change` is asked again with the new text. Raises ConfigNotEditable, and what
        `change` raises.
        """
        async with self._lock:
            for _ in range(EDIT_ATTEMPTS):
                outcome = await asyncio.to_thread(self._attempt, change)
                if outcome is not None:
                    changed, reading = outcome
                    await self._take(reading)
                    message = f"Saved {self.path}." if changed else f"{self.path} says so already."
                    return ConfigEdited(changed=changed, via="disk", path=str(self.path), message=message)
        raise ConfigNotEditable(
            f"{self.path} was left as it is: something else keeps writing to it.",
            ErrorData(path=str(self.path), next_step="Find what saves the file all the time, then try again."),
        )

    def _attempt(self, change: Callable[[str], str]) -> tuple[bool, Reading] | None:
        """Return whether the file was changed and what it holds now; None when it changed under the edit."""
        reading = read(self.path)
        if not reading.text and not reading.trouble:  # an editor may be about to write it
            reading = read_settled(self.path)
        if reading.trouble:
            message = f"{self.path} was left as it is: it {reading.trouble}."
            raise ConfigNotEditable(
                message, ErrorData(path=str(self.path), next_step="Put that right, then try again.")
            )
        old = reading.text or ""
        new = change(old)
        if new == old:
            return False, reading
        return (True, Reading(new)) if write_atomic(self.path, reading.text, new) else None

    async def _take(self, reading: Reading) -> bool:
        """Put a reading into force; return whether `prefs` differ."""
        if reading == self._reading:
            return False
        latest = None if reading.text is None else await asyncio.to_thread(_loaded, reading.text, self.path)
        is_first, before = self._reading is None, self.prefs
        after = before
        if reading.text is None and not reading.trouble:
            after, kept = RegistryPrefs(), None
        elif latest is not None and latest.prefs is not None:
            after, kept = latest.prefs, latest
        else:
            kept = self.loaded
        changed: bool = await asyncio.to_thread(operator.ne, after, before)  # takes a while, too, of a large file
        self._reading, self.prefs, self.loaded = reading, after, kept
        self._state = self._status_of(reading, latest)
        if not is_first:
            self._tell(changed)
        return changed

    def _status_of(self, reading: Reading, latest: Loaded | None) -> ConfigStatus:
        path, kept = str(self.path), LAST_GOOD if self.loaded else "Defaults apply until that is mended."
        if reading.trouble:
            return ConfigStatus(path, "unreadable", [], f"{path} {reading.trouble}. {kept}")
        if latest is None:
            return ConfigStatus(path, "absent", [], f"There is no {path}: defaults apply. It is read once it is there.")
        if latest.prefs is None:
            where = f"line {latest.problems[0].line}, column {latest.problems[0].column}"
            return ConfigStatus(path, "broken", latest.problems, f"{path} is broken at {where}. {kept}")
        return ConfigStatus(path, "loaded", foremost(latest.problems))

    def _tell(self, changed: bool) -> None:
        try:
            self.on_change(changed)
        except Exception:  # noqa: BLE001 - a listener's fault must not end the watch
            _log.exception("A listener to changes of %s failed.", self.path)


def _loaded(text: str, path: Path) -> Loaded:
    """Return what `load` does, with places found already: the first plan would pay milliseconds for them."""
    with uncollected_if(len(text) > LARGE):
        loaded = load(text, path)
        if loaded.prefs is not None:
            loaded.positions.find(("registry",))
    return loaded
