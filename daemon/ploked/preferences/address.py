"""Where an edit of the preferences goes: `registry.models[0].routing.max_price.prompt`, as a plan writes it.

A model's table may be named by its id instead: `registry.models["author/slug"].banned_providers`.
"""

from __future__ import annotations

import re
import tomllib
from typing import NamedTuple

from ploked_protocol.errors import ErrorData, InvalidParams

LONGEST = 1_000
"""Characters of a path; a longer one is no path of a preference."""

_STRING = r""""(?:[^"\\\n]|\\[^\n])*"|'[^'\n]*'"""
_STEP = re.compile(rf"""\[(?P<index>[0-9]{{1,9}})\]|\[(?P<id>{_STRING})\]|\.?(?P<key>[A-Za-z0-9_-]+|{_STRING})""")
_OF_THE_CALL = "of the call"


class ModelId(NamedTuple):
    """A step that names an entry of `registry.models` by the id in it."""

    id: str


Address = tuple[str | int | ModelId, ...]
"""Keys, indexes that count the entries that are read, and ids."""


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


def _steps(path: str) -> Address:
    """Return the steps of `path`; none when it is malformed."""
    steps: list[str | int | ModelId] = []
    at = 0
    while at < len(path) <= LONGEST:
        step = _STEP.match(path, at)
        if step is None or (step["key"] and (path[at] == ".") != bool(steps)):
            return ()
        steps.append(_step(step))
        at = step.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> str | int | ModelId:
    if found["index"]:
        return int(found["index"])
    return ModelId(_text(found["id"])) if found["id"] else _text(found["key"])


def _text(written: str) -> str:
    """Return a key or an id without its quotes."""
    if written[0] not in "\"'":
        return written
    try:
        return str(tomllib.loads(f"_ = {written}")["_"])
    except tomllib.TOMLDecodeError:
        return written[1:-1]


def _out_of_place(steps: Address, at: int) -> bool:
    return isinstance(steps[at], ModelId) and (at != 2 or steps[:2] != ("registry", "models"))
