"""What a proxy does when its daemon has gone: it finds or starts another, else serves its editor alone.

Standard library only.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from .find import CannotStartError, Found, find_or_start
from .place import Place, UnusablePlaceError

MOST_CRASHES, WITHIN_S = 5, 60.0
ALONE = "ploked serves this editor alone, for its daemon is gone and another cannot be had: {why}"


class Recovery:
    """The way of one proxy to the next daemon. `gone` says whether its editor has left; `say` is heard on stderr."""

    def __init__(self, place: Place, gone: Callable[[], bool], say: Callable[[str], None]) -> None:
        self._place = place
        self._gone = gone
        self._say = say
        self._crashes: deque[float] = deque(maxlen=MOST_CRASHES + 1)
        self.alone = ""
        """What to tell the user where the last one found serves nobody else; empty where it is shared."""

    def crashed(self) -> None:
        """Take note of a daemon that has gone without a word; those that were stopped or replaced are no matter."""
        self._crashes.append(time.monotonic())

    def another(self) -> Found:
        """Return another daemon, or a server of this editor's own; raises CannotStartError when both are in vain."""
        if len(self._crashes) > MOST_CRASHES and time.monotonic() - self._crashes[0] < WITHIN_S:
            raise CannotStartError(f"it ended {MOST_CRASHES} times within {WITHIN_S:g} s. Its log: {self._place.log}")
        self.alone = ""
        try:
            return find_or_start(self._place, self._gone, self._say)
        except (CannotStartError, UnusablePlaceError) as error:
            if self._gone():
                raise CannotStartError(str(error)) from None
            return self._own(str(error))

    def _own(self, why: str) -> Found:
        from .spawn import spawn_alone  # its imports cost what most editors never need

        try:
            connection = spawn_alone()
        except OSError as error:
            raise CannotStartError(f"{why} Nor can a process for this editor alone be started: {error}.") from None
        self.alone = ALONE.format(why=why)
        self._say(self.alone)
        return Found(connection, {})
