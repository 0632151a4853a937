"""API keys that stand in config.toml, where they do not belong: people share that file, and keep it in repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from ploked_protocol.preferences import ConfigProblem

from ..secret import SHORTEST, Secret
from .positions import KeyPath, Positions, problem_at

CODE = "leakedKey"

_OURS = re.compile(r"\s*sk-or-[\w-]{8,}\s*")
"""A key of OpenRouter, whatever it is called."""
_NAMES = re.compile(r"(?:.*[_-])?api[_-]?key|(?:auth[_-]|access[_-])?token", re.IGNORECASE)
"""Names under which a key stands, whatever it looks like."""
_NO_KEY = re.compile(r".*\s.*|[$%{<].*|env:.*", re.DOTALL)
"""Words, and references to a place outside the file."""


class LeakedKey(NamedTuple):
    """A value that looks like a key, and its path in the text."""

    path: KeyPath
    key: Secret
    is_ours: bool
    """Whether it is meant for OpenRouter: it looks like that, or no other program's table holds it."""


def leaked_keys(document: dict[str, Any]) -> list[LeakedKey]:
    """Return what looks like a key in a parsed file."""
    return [
        LeakedKey(path, Secret(value.strip(), sent=False), _is_ours(path, value))
        for path, value in _texts(document)
        if _OURS.fullmatch(value) or (_is_named(path) and len(value) >= SHORTEST and not _NO_KEY.fullmatch(value))
    ]


def leaked_problems(found: Sequence[LeakedKey], positions: Positions) -> list[ConfigProblem]:
    """Return a problem for each of them that does not repeat it."""
    return [_problem(each, positions) for each in found]


def silenced(problems: Sequence[ConfigProblem], found: Sequence[LeakedKey]) -> list[ConfigProblem]:
    """Return `problems` without the keys that their words may repeat, and without the offers to write them anew."""
    if not found:
        return list(problems)
    # A message may cut a long value short: the start of one is enough.
    starts = "|".join(re.escape(each.key.reveal()[:SHORTEST]) for each in found)
    pattern = re.compile(rf"""(?:{starts})[^\s"']*""")
    return [
        msgspec.structs.replace(
            problem,
            message=pattern.sub("***", problem.message),
            suggestion=None if pattern.search(problem.suggestion or "") else problem.suggestion,
        )
        for problem in problems
    ]


def _texts(document: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield every text of the file; a stack, for tables may nest deeper than Python calls."""
    stack: list[tuple[KeyPath, Any]] = [((), document)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, dict):
            stack.extend(((*path, name), each) for name, each in value.items())
        elif isinstance(value, list):
            stack.extend(((*path, index), each) for index, each in enumerate(value))


def _is_ours(path: KeyPath, value: str) -> bool:
    return bool(_OURS.fullmatch(value)) or path[0] == "registry" or len(path) == 1


def _is_named(path: KeyPath) -> bool:
    return bool(_NAMES.fullmatch(next((part for part in reversed(path) if isinstance(part, str)), "")))


def _problem(found: LeakedKey, positions: Positions) -> ConfigProblem:
    whose = "An API key" if found.is_ours else "What looks like a secret of another program"
    advice = (
        "It is not read from here. Move it by the quick fix, or run `ploked keys set openrouter` and remove the line; "
        "if the file was ever shared, have the key replaced."
        if found.is_ours
        else "See whether that program can read it from elsewhere."
    )
    return problem_at(
        positions.nearest_in_text(found.path),
        "error" if found.is_ours else "warning",
        CODE,
        f"{whose} stands here, for everyone who reads this file. {advice}",
    )
