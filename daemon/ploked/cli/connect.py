"""`ploked connect`: what an editor starts. Only what the proxy needs is imported; nothing else may be."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

USAGE = """usage: ploked connect

Speak LSP on stdin and stdout with the daemon that all editors share; it is started where there is none.
Where none can be started, serve this editor alone, and say so.

options:
  -h, --help  show this help message and exit
"""


def main(arguments: Sequence[str]) -> int:
    """Serve one editor until it leaves; return the exit code that LSP asks for."""
    if arguments:
        from .output import exit_code

        return exit_code(lambda: _explained(arguments))
    from ..lifecycle import find, place, proxy

    here = place.Place.of(os.environ, find.home())
    if here.remark:
        _say(here.remark)
    try:
        code = proxy.serve(here, _say)
    except KeyboardInterrupt:
        return 130
    except (find.CannotStartError, place.UnusablePlaceError) as error:
        return _alone(str(error))
    except OSError as error:
        _say(f"an editor must hold stdin and stdout open: {error}")
        return 1
    os._exit(code)  # an ordinary exit takes some milliseconds more


def _explained(arguments: Sequence[str]) -> int:
    """Say how it is called; does not return."""
    wants_help = arguments[0] in ("-h", "--help")
    (sys.stdout if wants_help else sys.stderr).write(USAGE)
    raise SystemExit(0 if wants_help else 2)


def _alone(why: str) -> int:
    """Serve without the daemon; does not return."""
    _say(f"{why}\nploked: this editor is served by a process of its own.")
    from .serve import serve_alone

    return serve_alone(why)


def _say(text: str) -> None:
    """Tell whoever reads stderr; that nobody does must not cost an editor its server."""
    try:
        os.write(2, f"ploked: {text}\n".encode(errors="backslashreplace"))
    except OSError:
        return
