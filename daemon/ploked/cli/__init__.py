"""The command line. Each command is a module of this package with `add_arguments(parser)` and `run(args) -> int`.

Only the module of the command that was asked for is imported: an editor waits for `serve`, and for `connect`, whose
start is counted in milliseconds and which therefore does without argparse.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "connect": "answer an editor on stdin and stdout, through the daemon that all editors share",
    "serve": "answer an editor, as a language server on stdin and stdout, or be the daemon",
    "status": "show the daemon: its sessions, its catalog, its speed",
    "stop": "end the daemon once its sweeps are done",
    "restart": "put a new daemon in the place of the one that runs",
    "log": "show the log of the daemon",
    "keys": "show where the API key is, set it, remove it",
    "demo": "show what ploked does, on a catalog of its own or on OpenRouter",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    _keep_standard_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["connect"]:
        from . import connect

        return connect.main(arguments[1:])
    from .output import exit_code

    return exit_code(lambda: _parsed(arguments))


def _keep_standard_streams() -> None:
    """Keep the numbers of closed ones taken: the next files or sockets would get them, and what is said there."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number there is


def _parsed(arguments: list[str]) -> int:
    import argparse
    from importlib import import_module

    from .. import __version__

    parser = argparse.ArgumentParser(prog="ploked", description="The catalog of language models, for editors.")
    parser.add_argument("--version", action="version", version=f"ploked {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked_for = next((word for word in arguments if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == asked_for:
            try:
                module = import_module(f".{name}", __name__)
            except ModuleNotFoundError as error:
                missing = (error.name or "").partition(".")[0]
                if missing.startswith("ploked"):
                    raise
                parser.exit(1, f"ploked: `ploked {name}` needs {missing}. Install it: pip install 'ploked[demo]'\n")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    code: int = args.run(args)
    return code
