"""Reads a parsed `[registry]` table into records, key by key: one that does not fit costs itself alone."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from ploked_protocol.preferences import ConfigProblem, LLMParameters, ModelPrefs, ModelProfile, Prefs

from .positions import KeyPath, Part, Positions, dotted, problem_at
from .wording import closest, did_you_mean, expected, quoted, shown

P = TypeVar("P", bound=Prefs)

OTHER_NAMES = {
    "allow": ("only", "allowed_providers"),
    "only": ("allowed_providers",),
    "deny": ("ignore", "banned_providers"),
    "ignore": ("banned_providers",),
    "id": ("model", "name"),
    "prompt_tokens": ("prompt",),
    "completion_tokens": ("completion",),
}
"""What people write who know another tool or the request body -> the keys here, which are spelled too differently."""

OTHER_VALUES: dict[str, dict[object, str]] = {
    "data_collection": {
        "disallow": "deny", "disallowed": "deny", "forbid": "deny", "block": "deny", "never": "deny", "no": "deny",
        "none": "deny", False: "deny", "permit": "allow", "always": "allow", "yes": "allow", True: "allow",
    },
}  # fmt: skip
"""Values that mean one of a key's own, which are spelled too differently, or would pass for the opposite."""


class UnfitError(Exception):
    """A value that was reported and is left out."""


class Reader:
    """Reads tables of one file; `problems` grows as it goes, and `positions` learn which entries were kept."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions
        self.problems: list[ConfigProblem] = []

    def table(self, kind: type[P], values: dict[str, Any], path: KeyPath) -> P:
        """Return what fits of `values` as `kind`; raises UnfitError when a required key is missing or unfit."""
        fields = _fields(kind)
        read: dict[str, Any] = {}
        for key, value in values.items():
            try:
                if key in fields:
                    read[key] = self.value(fields[key].type, value, (*path, key), required=fields[key].required)
                else:
                    self._unknown(kind, key, path)
            except UnfitError:
                continue
        for name, field in fields.items():
            if field.required and name not in read:
                if name not in values:
                    message = f'{dotted(path)} has no "{name}", which it needs: the whole entry is ignored.'
                    self._report(path, "error", "missingKey", message, part="key")
                raise UnfitError
        return kind(**read)

    def value(self, kind: Any, value: object, path: KeyPath, *, required: bool = False) -> Any:
        """Return `value` as the annotation `kind` has it; raises UnfitError when no part of it fits."""
        for member in _members(kind):
            if isinstance(value, dict) and isinstance(member, type) and issubclass(member, Prefs):
                return self.table(member, value, path)
            if isinstance(value, list) and get_origin(member) is list:
                return self._list(get_args(member)[0], value, path)
        if _is_json(value):
            for form in _forms(value):
                try:
                    return msgspec.convert(form, kind)
                except msgspec.ValidationError:
                    continue
        self._unfit(kind, value, path, required=required)
        raise UnfitError

    def _list(self, item: Any, values: list[object], path: KeyPath) -> list[Any]:
        read: list[Any] = []
        kept = self._positions.kept.setdefault(path, [])
        seen: dict[str, int] = {}
        for index, value in enumerate(values):
            try:
                entry = self.value(item, value, (*path, index))
                self._first_of_its_name(entry, seen, (*path, index))
            except UnfitError:
                continue
            read.append(entry)
            kept.append(index)
        return read

    def _first_of_its_name(self, entry: object, seen: dict[str, int], path: KeyPath) -> None:
        """Pass the first model or profile of a name; raises UnfitError for a later one: it would never be reached."""
        key = "model" if isinstance(entry, ModelPrefs) else "name" if isinstance(entry, ModelProfile) else None
        if key is None:
            return
        name, index = getattr(entry, key), int(path[-1])
        if (first := seen.setdefault(name, index)) == index:
            return
        line = self._positions.nearest_in_text((*path[:-1], first, key)).line
        message = f"{quoted(name)} is there already, in line {line}, and the first one wins: this entry is ignored."
        self._report((*path, key), "error", "duplicate", message)
        raise UnfitError

    def _unknown(self, kind: type[Prefs], key: str, path: KeyPath) -> None:
        names = [name for name in OTHER_NAMES.get(key, ()) if name in _fields(kind)] or closest(key, _fields(kind))
        is_parameter = kind is LLMParameters
        message = f'{dotted(path)} has no {"parameter" if is_parameter else "key"} "{key}": it is ignored.'
        if key in _fields(LLMParameters):
            message = f'"{key}" is a parameter and belongs in params = {{ ... }} of a profile: it is ignored here.'
            names = []
        elif not names and len(_fields(kind)) <= 8:
            message += f" There are {', '.join(_fields(kind))}."
        code = "unknownParameter" if is_parameter else "unknownKey"
        message += did_you_mean(names)
        self._report((*path, key), "warning", code, message, names[0] if names else None, part="key")

    def _unfit(self, kind: Any, value: object, path: KeyPath, *, required: bool) -> None:
        lost = "the whole entry is ignored" if required else "it is ignored, and the rest of the file applies"
        suggestion, ask = _repair(kind, value, OTHER_VALUES.get(str(path[-1]), {}))
        entries = f"entries that each begin with [[{dotted(path, indexes=False)}]]"
        takes = entries if _lists_records(kind) else expected(kind)
        message = f"{dotted(path)} takes {takes}, and this is {shown(value)}: {lost}.{ask}"
        self._report(path, "error", "badValue", message, suggestion)

    def _report(
        self, path: KeyPath, severity: Any, code: str, message: str, suggestion: str | None = None, part: Part = "value"
    ) -> None:
        span = self._positions.nearest_in_text(path, part)
        self.problems.append(problem_at(span, severity, code, message, suggestion))


@lru_cache(maxsize=16)
def _fields(kind: type[Prefs]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(kind)}


def _members(kind: Any) -> tuple[Any, ...]:
    """Return the parts of a union, or `kind` alone. A list with a bound on its length is not taken apart."""
    return (kind,) if get_origin(kind) is list else get_args(kind) or (kind,)


def _lists_records(kind: Any) -> bool:
    entries = get_args(kind) if get_origin(kind) is list else ()
    return any(isinstance(entry, type) and issubclass(entry, Prefs) for entry in entries)


def _forms(value: object) -> Iterator[object]:
    """Yield `value`, and a whole float as the int that people mean by 40.0."""
    yield value
    if isinstance(value, float) and value.is_integer():
        yield int(value)


def _is_json(value: object) -> bool:
    """Return whether a request body can carry `value`: no dates, no nan or inf, integers of 64 bits at most."""
    if isinstance(value, dict):
        return all(_is_json(part) for part in value.values())
    if isinstance(value, list):
        return all(_is_json(part) for part in value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return math.isfinite(value) if isinstance(value, float) else isinstance(value, str)


def _repair(kind: Any, value: object, others: Mapping[object, str]) -> tuple[str | None, str]:
    """Return the text that should stand in place of `value` and the words that offer it; (None, "") if unknown."""
    meant = others.get(value.lower() if isinstance(value, str) else value) if isinstance(value, str | bool) else None
    if meant is not None:
        return quoted(meant), did_you_mean([meant])
    if not isinstance(value, str):
        return None, ""
    literals = [name for member in _members(kind) for name in (get_args(member) or (member,)) if isinstance(name, str)]
    if names := closest(value, literals):
        return quoted(names[0]), did_you_mean(names)
    if _fits(kind, [value]):
        return f"[{quoted(value)}]", f" Write [{quoted(value)}]."
    with contextlib.suppress(msgspec.DecodeError):
        plain = msgspec.json.decode(value.strip())
        if isinstance(plain, bool | int | float) and _fits(kind, plain):
            return value.strip(), f" Write {value.strip()}, without quotes."
    return None, ""


def _fits(kind: Any, value: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
