"""`ploked keys`: where the API key is, and the file that keeps it. No key is ever shown."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ploked_protocol.errors import PlokedError

from .. import paths
from ..keys import ring
from ..keys.file import KeyFile
from ..keys.store import OPENROUTER, VARIABLES
from ..lifecycle.find import home
from ..secret import LONGEST, SHORTEST, Secret, openrouter_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the commands below this one."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    verbs.add_parser("list", help="show where keys are, never what they are")
    for verb, summary in (
        ("set", "read a key from a prompt that does not show it, or from a pipe, and keep it in the file"),
        ("remove", "remove a key from the file"),
    ):
        command = verbs.add_parser(verb, help=summary)
        command.add_argument("upstream", choices=sorted(VARIABLES))
        if verb == "set":
            command.add_argument("key", nargs="*", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Do what was asked; returns 0, or 1 where it could not be done."""
    file = KeyFile(Path(paths.keys_path(os.environ, home())))
    try:
        if options.verb == "list":
            return _list(file)
        return _set(file, options) if options.verb == "set" else _remove(file, options.upstream)
    except PlokedError as error:
        return _fail(f"{error.message} {error.data.next_step or ''}".rstrip())


def _list(file: KeyFile) -> int:
    in_use = False
    for source, where, nothing in _sources(file):
        state = nothing or ("found, not in use: another comes before it" if in_use else "found, in use")
        in_use = in_use or not nothing
        print(f"{OPENROUTER}  {source:<11}  {state}  {where}".rstrip())
    print("A daemon that runs has the environment it was started in: `ploked restart` gives it that of now.")
    return 0


def _sources(file: KeyFile) -> list[tuple[str, str, str]]:
    """Return each source in the order in which they are asked: its name, its place, and why it has no key ("")."""
    answer = ring.ask(OPENROUTER)
    try:
        in_file = "" if file.get(OPENROUTER) else "no key"
    except PlokedError as error:
        in_file = f"refused: {error.message} {error.data.next_step}"
    return [
        ("environment", VARIABLES[OPENROUTER], "" if openrouter_key(os.environ) else "not set"),
        ("keyring", f"{ring.SERVICE}/{OPENROUTER}" if answer.key else "", answer.nothing),
        ("file", "" if in_file.startswith("refused") else str(file.path), in_file),
    ]


def _set(file: KeyFile, options: argparse.Namespace) -> int:
    if options.key:
        return _fail(
            "A key on the command line stays in the shell's history, and others see it in the list of processes: "
            "nothing was stored. Have that key replaced, and run the command without it; you are asked for it."
        )
    text = _asked(options.upstream)
    if text is None:
        return _fail("Nothing was stored.")
    if problem := _problem(text):
        return _fail(f"Nothing was stored: that is no key. {problem}")
    file.set(options.upstream, Secret(text))
    print(f"Stored in {file.path}. The next sweep takes it; the daemon need not be restarted.")
    if not text.startswith("sk-or-"):
        print("It does not begin with sk-or-, as OpenRouter's keys do.")
    if openrouter_key(os.environ):
        print(f"{VARIABLES[options.upstream]} is set, and comes before it wherever it is.")
    return 0


def _asked(upstream: str) -> str | None:
    """Return what was typed at the hidden prompt, or the first line of a pipe; None when it was called off."""
    if sys.stdin is None:  # it is closed
        return ""
    try:
        if sys.stdin.isatty():
            import getpass

            return getpass.getpass(f"Key for {upstream} (it is not shown): ").strip()
        return sys.stdin.readline(2 * LONGEST).strip()  # a pipe may have no end, and no line may have one
    except (EOFError, KeyboardInterrupt, UnicodeDecodeError):
        return None
    except OSError:  # it is open for writing alone
        return ""


def _problem(text: str) -> str:
    if not text:
        return "There was nothing to read."
    if not (text.isascii() and text.isprintable()) or " " in text:
        return "It has blanks or signs that no key has."
    return f"It has fewer than {SHORTEST} characters." if len(text) < SHORTEST else ""


def _remove(file: KeyFile, upstream: str) -> int:
    if not file.remove(upstream):
        return _fail(f"{file.path} has no key for {upstream}.")
    print(f"Removed from {file.path}.")
    return 0


def _fail(text: str) -> int:
    sys.stderr.write(f"ploked: {text}\n")
    return 1
