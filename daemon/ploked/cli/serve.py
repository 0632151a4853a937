"""`ploked serve --stdio`: the language server."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..service import RegistryService


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--stdio", action="store_true", required=True, help="speak LSP on stdin and stdout")


def run(_options: argparse.Namespace) -> int:
    """Serve one editor until it leaves; does not return."""
    gc.disable()  # importing makes much and frees nothing; the server turns it on again once it has started
    from .. import logs

    logs.configure(os.environ)
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write("ploked: waiting for an editor to speak LSP on stdin; Ctrl-C ends it\n")
    from ..server import features, stdio

    stdio.serve(_service, [features.register])


def _service() -> RegistryService:
    """Return the service. Its modules are imported only now: `initialize` is answered before they are needed."""
    from ..service import RegistryService
    from ..settings import Settings

    return RegistryService.create(Settings.from_environ(os.environ, Path.home()))
