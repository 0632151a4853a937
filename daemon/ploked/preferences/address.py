"""Where an edit of the preferences goes: `registry.models[0].routing.max_price.prompt`, as a plan writes it.

A model may be named by its id instead, and a profile by its name: `registry.models["author/slug"].banned_providers`.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, NamedTuple

from ploked_protocol.errors import ErrorData, InvalidParams
from ploked_protocol.preferences import RegistryPrefs

LONGEST = 1_000
"""Characters of a path; a longer one is no path of a preference."""

_STRING = r""""(?:[^"\\\n]|\\[^\n])*"|'[^'\n]*'"""
_STEP = re.compile(rf"""\[(?P<index>[0-9]{{1,9}})\]|\[(?P<id>{_STRING})\]|\.?(?P<key>[A-Za-z0-9_-]+|{_STRING})""")
_OF_THE_CALL = "of the call"


NAMED_BY = {"models": "model", "profiles": "name"}
"""The lists whose entries have names, and the key that holds them."""


class Name(NamedTuple):
    """A step that names an entry of a list by what is in it."""

    name: str


Address = tuple[str | int | Name, ...]
"""Keys, indexes that count the entries that are read, and names."""


def address_of(path: str) -> Address:
    """Return what `path` names; raises InvalidParams when it is of the call, or no path below `registry`."""
    if path.endswith(_OF_THE_CALL):
        raise InvalidParams(
            f"{path} is not in config.toml: it is part of the call that was planned.",
            ErrorData(
                path=path, next_step="Plan again with that part of the call changed; apply only the other edits."
            ),
        )
    steps = _steps(path)
    if len(steps) < 2 or steps[0] != "registry" or any(_out_of_place(steps, at) for at in range(len(steps))):
        raise InvalidParams(
            f"{path[:80]!r} is not the path of a preference.",
            ErrorData(path=path[:80], next_step="Write it as in registry.models[0].banned_providers."),
        )
    return steps


def by_name(address: Address, prefs: RegistryPrefs) -> Address:
    """Return `address` with names in place of the indexes that count models and profiles of `prefs`."""
    found: list[str | int | Name] = []
    here: Any = prefs
    for step in address[1:]:
        key = NAMED_BY.get(str(found[-1]), "") if found else ""
        if isinstance(step, str):
            here = getattr(here, step, None)
        elif isinstance(step, Name):
            here = next((each for each in here or () if getattr(each, key) == step.name), None)
        else:
            here = here[step] if isinstance(here, list) and step < len(here) else None
            step = Name(getattr(here, key)) if key and here is not None else step
        found.append(step)
    return ("registry", *found)


def _steps(path: str) -> Address:
    """Return the steps of `path`; none when it is malformed."""
    steps: list[str | int | Name] = []
    at = 0
    while at < len(path) <= LONGEST:
        step = _STEP.match(path, at)
        if step is None or (step["key"] and (path[at] == ".") != bool(steps)):
            return ()
        steps.append(_step(step))
        at = step.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> str | int | Name:
    if found["index"]:
        return int(found["index"])
    return Name(_text(found["id"])) if found["id"] else _text(found["key"])


def _text(written: str) -> str:
    """Return a key or an id without its quotes."""
    if written[0] not in "\"'":
        return written
    try:
        return str(tomllib.loads(f"_ = {written}")["_"])
    except tomllib.TOMLDecodeError:
        return written[1:-1]


def _out_of_place(steps: Address, at: int) -> bool:
    return isinstance(steps[at], Name) and (at == 0 or steps[at - 1] not in NAMED_BY)
