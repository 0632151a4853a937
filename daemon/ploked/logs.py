"""Logging: to stderr, or to the file that `PLOKED_LOG` names, never to stdout, and without secrets."""

from __future__ import annotations

import logging
import os
import re
import select
from collections.abc import Mapping

log = logging.getLogger(__name__)

STDERR = 2
CHUNK_BYTES = 4096
"""PIPE_BUF of Linux: a pipe that is ready takes this much without waiting."""

_SECRETS = re.compile(
    r"""(?ix)
      \b (?:sk|pk|ghp|gho|key) [-_] [\w-]{8,}
    | (?P<before>
          (?: authorization ["']? \s* [:=] \s* ["']? )? \b (?:bearer|basic) \s+
        | (?: api[-_]?key | token | secret | password | authorization ) ["']? \s* [:=] \s* ["']?
        | [?&] key=
        | :// [^\s/:@]* :
      ) [^\s"',}&@]+
    """
)


def configure(environ: Mapping[str, str]) -> None:
    """Send the log to stderr or `$PLOKED_LOG`. Libraries are heard from warnings on: below, they log what passes."""
    path = environ.get("PLOKED_LOG", "")
    handler: logging.Handler = StderrHandler()
    problem = None
    try:
        handler = logging.FileHandler(path, encoding="utf-8") if path else handler
    except OSError as error:
        problem = error
    handler.setFormatter(Redactor(environ.get("OPENROUTER_API_KEY", "").strip()))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("ploked").setLevel(logging.INFO if path else logging.WARNING)
    if problem is not None:
        log.warning("PLOKED_LOG cannot be written, the log goes to stderr: %s", problem)


def redact(text: str) -> str:
    """Return `text` with whatever looks like a secret replaced by `***`."""
    return _SECRETS.sub(lambda match: f"{match['before'] or ''}***", text)


class Redactor(logging.Formatter):
    """Formats records, tracebacks included, without secrets."""

    def __init__(self, known_secret: str = "") -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._known = known_secret

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines to write."""
        text = super().format(record)
        return redact(text.replace(self._known, "***") if self._known else text)


class StderrHandler(logging.Handler):
    """Writes to stderr as long as somebody reads it; drops what nobody does, for a full pipe would stop everything."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`, or as much of it as is taken at once."""
        data = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
        try:
            while data and select.select([], [STDERR], [], 0)[1]:
                data = data[os.write(STDERR, data[:CHUNK_BYTES]) :]
        except OSError:  # stderr is closed: there is nobody to tell
            return
