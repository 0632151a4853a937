"""`ploked serve --stdio`: the language server."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--stdio", action="store_true", required=True, help="speak LSP on stdin and stdout")


def run(_options: argparse.Namespace) -> int:
    """Serve one editor until it leaves; does not return."""
    gc.disable()  # importing makes much and frees nothing; the server turns it on again once it has started
    from .. import logs

    logs.configure(os.environ)
    if sys.stdin.isatty():
        sys.stderr.write("ploked: waiting for an editor to speak LSP on stdin; Ctrl-C ends it\n")
    from ..server import stdio
    from ..server.features import FEATURES
    from ..service import RegistryService
    from ..settings import Settings

    settings = Settings.from_environ(os.environ, Path.home())
    stdio.serve(lambda: RegistryService.create(settings), FEATURES)
