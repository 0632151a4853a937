"""How a command ends, wherever what it prints goes: with an exit code and in words, never with a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout, suppress
from io import StringIO, TextIOWrapper
from typing import Any, TextIO, cast


class _UnwritableError(Exception):
    """What was printed cannot be written. It is no OSError: those are about what a command does, and are told apart."""

    def __init__(self, error: OSError) -> None:
        super().__init__((error.strerror or type(error).__name__).lower())
        self.is_unwanted = isinstance(error, BrokenPipeError)
        """Whether who reads has had enough."""


class _Output:
    """Stdout, but that its methods raise _UnwritableError."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Print a text; returns its length."""
        try:
            return self._stream.write(text)
        except OSError as error:
            raise _UnwritableError(error) from None

    def writelines(self, lines: Iterable[str]) -> None:
        """Print several."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Have all that was printed leave."""
        try:
            self._stream.flush()
        except OSError as error:
            raise _UnwritableError(error) from None


class _Closed(StringIO):
    """Stands in for a stdout that is closed. It fails only when what was printed is to leave: work is not cut short."""

    def flush(self) -> None:
        """Raise OSError if anything was printed."""
        if self.getvalue():
            raise OSError(errno.EBADF, "It is closed")


def exit_code(run: Callable[[], int]) -> int:
    r"""Return the exit code of a command, also of one that is interrupted, or whose output nobody takes.

    What the encoding of stdout does not have, as a path that is no UTF-8, is printed as `\udcff`, as on stderr.
    """
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with redirect_stdout(cast("TextIO", _Output(sys.stdout or _Closed()))):
            try:
                return run()
            finally:
                sys.stdout.flush()
    except KeyboardInterrupt:
        return 130  # as shells say it
    except _UnwritableError as error:
        _print_no_more()
        return 0 if error.is_unwanted else _failed(f"the output cannot be written: {error}. Send it elsewhere")
    except OSError as error:
        return _failed(str(error))


def _print_no_more() -> None:
    """Have Python drop what was printed, of which it would complain once more at its end."""
    if sys.stdout is not None:
        with suppress(OSError):  # what stands in for it may have no descriptor
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(text: str) -> int:
    sys.stderr.write(f"ploked: {text}.\n")
    return 1
