"""Lines of the log that others can bring about as often as they like."""

from __future__ import annotations

import asyncio
import logging

EVERY_S = 60.0
"""How long after a line the next of its kind may come. What comes meanwhile is counted."""


class Seldom:
    """Logs the first of each kind at once, and after that once a minute the last one and how many there were.

    A flood would otherwise drive all else out of a log that keeps 4 MB.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._unsaid: dict[str, tuple[int, str]] = {}
        """By kind, which is the text before its arguments: how many lines were not written, and the last of them."""

    def say(self, level: int, text: str, *args: object) -> None:
        """Log a line, or count it."""
        if text in self._unsaid:
            count, _ = self._unsaid[text]
            self._unsaid[text] = (count + 1, text % args)
            return
        self._log.log(level, text, *args)
        self._wait(level, text)

    def _wait(self, level: int, text: str) -> None:
        self._unsaid[text] = (0, "")
        asyncio.get_running_loop().call_later(EVERY_S, self._look, level, text)

    def _look(self, level: int, text: str) -> None:
        count, last = self._unsaid.pop(text)
        if count:
            self._log.log(level, "%s (%d such within %g s)", last, count, EVERY_S)
            self._wait(level, text)
