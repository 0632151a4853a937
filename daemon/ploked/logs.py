"""Logging: to stderr, or to the file that `PLOKED_LOG` names, never to stdout, and without secrets.

In a file each line is a JSON object; the daemon that editors share has one of its own where none is named.
"""

from __future__ import annotations

import json
import logging
import os
import select
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

from . import paths, system
from .log_file import LogFile
from .secret import openrouter_key, redact

log = logging.getLogger(__name__)

SESSION: ContextVar[int | None] = ContextVar("session", default=None)
"""The number of the session at work, of those that share a daemon."""
STDERR = 2
CHUNK_BYTES = 4096
"""PIPE_BUF of Linux: a pipe that is ready takes this much without waiting."""


def configure(environ: Mapping[str, str]) -> None:
    """Send the log to stderr or `$PLOKED_LOG`. Libraries are heard from warnings on: below, they log what passes."""
    if path := paths.log_path(environ):
        _configure(environ, JsonLines, lambda: FileHandler(path), True)
    else:
        _configure(environ, Redactor, StderrHandler, False)


def configure_daemon(environ: Mapping[str, str], path: str) -> None:
    """Send the log to the file at `path`, whose folder is made where there is none."""

    def open_file() -> logging.Handler:
        paths.make_private(str(Path(path).parent))
        return FileHandler(path)

    _configure(environ, JsonLines, open_file, True)


def _configure(
    environ: Mapping[str, str],
    formatter: type[Redactor],
    make_handler: Callable[[], logging.Handler],
    in_full: bool,
) -> None:
    openrouter_key(environ)  # from here on it is known, and redacted
    try:
        handler = make_handler()
    except OSError as error:
        what = "PLOKED_LOG" if environ.get("PLOKED_LOG") else "The log"
        handler = Substitute(f"{what} cannot be written: {error}.")
    handler.setFormatter(formatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("ploked").setLevel(logging.INFO if in_full else logging.WARNING)
    if problem := trouble():
        log.warning("%s It goes to stderr.", problem)


def trouble() -> str:
    """Return why the log is not where it should be, for people; empty where it is."""
    return next((each.why for each in logging.getLogger().handlers if isinstance(each, Substitute)), "")


class Redactor(logging.Formatter):
    """Formats records, tracebacks included, without secrets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines to write."""
        return redact(super().format(record))


class JsonLines(Redactor):
    """Formats each record as one JSON object: time, level, logger, message, and what else is known of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line to write."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        more = {"session": SESSION.get(), "incident": getattr(record, "incident", None)}
        line |= {name: value for name, value in more.items() if value is not None}
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class _Lines(logging.Handler):
    """Hands over records as lines. What cannot be formatted is said so; it must cost no answer."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`."""
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001  # whatever the record holds
            what = f"this cannot be written ({type(error).__name__}): {record.msg!r}"
            known = {"name": record.name, "levelno": record.levelno, "levelname": record.levelname, "msg": what}
            line = self.format(logging.makeLogRecord(known))
        self.put(line.encode("utf-8", "backslashreplace") + b"\n")

    def put(self, line: bytes) -> None:
        """Write a line; never raises."""
        raise NotImplementedError


class StderrHandler(_Lines):
    """Writes to stderr as long as somebody reads it; drops what nobody does, for a full pipe would stop everything."""

    def put(self, line: bytes) -> None:
        """Write a line, or as much of it as is taken at once."""
        _tell_stderr(line)


class Substitute(StderrHandler):
    """Writes to stderr instead of to a file, which cannot be written, and knows why."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class FileHandler(_Lines):
    """Writes to a file; what it does not take goes to stderr. Raises OSError where it cannot be opened."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = LogFile(path)

    def put(self, line: bytes) -> None:
        """Write a line."""
        try:
            self._file.write(line)
        except OSError:  # the disk is full
            _tell_stderr(line)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        super().close()


def _tell_stderr(data: bytes) -> None:
    try:
        while data and (system.WINDOWS or select.select([], [STDERR], [], 0)[1]):  # which cannot be asked there
            data = data[os.write(STDERR, data[:CHUNK_BYTES]) :]
    except OSError:  # stderr is closed: there is nobody to tell
        return
