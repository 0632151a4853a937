"""One edit of config.toml in the making: its text and, beside it, what it is meant to say."""

from __future__ import annotations

import copy
import math
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from ploked_protocol.errors import ConfigNotEditable, ErrorData

from . import splice
from .layout import UnreadLayoutError, sites
from .lines import insert_below
from .load import MAX_BYTES, VERSION, load
from .positions import KeyPath, dotted
from .spelling import UnspeakableError

BOM = "\ufeff"


class Draft:
    """Applies each change to the text and to the data it stands for; `text` compares the two."""

    def __init__(self, text: str) -> None:
        """Take the text to edit; raises ConfigNotEditable, with line and column, when it is not valid TOML."""
        self._bom = BOM if text.startswith(BOM) else ""
        text = text.removeprefix(BOM)
        _refuse_broken(text)
        self._source = text.encode()
        self._data: dict[str, Any] = tomllib.loads(text)

    def text(self) -> str:
        """Return the text; raises ConfigNotEditable unless it says what was meant and nothing else."""
        if len(self._source) > MAX_BYTES:
            raise _not_safe(f"it would grow beyond the {MAX_BYTES:,} bytes that are read")
        text = self._source.decode()
        try:
            agrees = alike(tomllib.loads(text), self._data)
        except (tomllib.TOMLDecodeError, RecursionError):
            agrees = False
        if not agrees:
            raise _not_safe("the result would say something else too")
        return self._bom + text

    def get(self, path: KeyPath) -> Any:
        """Return what is at `path`, None when nothing is; raises ConfigNotEditable when a part is no table or list."""
        value: Any = self._data
        for depth, part in enumerate(path):
            if isinstance(part, int) and isinstance(value, list):
                value = value[part] if part < len(value) else None
            elif isinstance(part, str) and isinstance(value, dict):
                value = value.get(part)
            else:
                raise _misshapen(path[:depth], "a list" if isinstance(part, int) else "a table")
            if value is None:
                return None
        return value

    def find(self, path: KeyPath, key: str, name: str) -> int | None:
        """Return the index of the first table in the list at `path` whose `key` is `name`; None when there is none."""
        entries = self.get(path)
        if not isinstance(entries, list | None):
            raise _misshapen(path, "a list")
        named = (index for index, each in enumerate(entries or []) if isinstance(each, dict) and each.get(key) == name)
        return next(named, None)

    def put(self, path: KeyPath, value: Any) -> None:
        """Make `path` say `value`. A table is changed key by key, a list item by item, an equal value not at all."""
        old = self.get(path)
        if old is not None and alike(old, value):
            return
        if isinstance(old, dict) and isinstance(value, dict):
            for key, part in value.items():
                self.put((*path, key), part)
            for key in [key for key in old if key not in value]:
                self.drop((*path, key))
            return
        self._splice(lambda source: splice.put(source, path, old, value))
        _table_at(self._data, path)[path[-1]] = copy.deepcopy(value)

    def append(self, path: KeyPath, table: Mapping[str, Any]) -> int:
        """Add `table` to the list at `path` and return its index."""
        self._splice(lambda source: splice.append(source, path, table))
        entries = _table_at(self._data, path).setdefault(path[-1], [])
        entries.append(copy.deepcopy(dict(table)))
        return len(entries) - 1

    def drop(self, path: KeyPath) -> None:
        """Remove what is at `path`, and the tables and lists around it that only it implied."""
        self._splice(lambda source: splice.drop(source, path))
        del self.get(path[:-1])[path[-1]]
        named = {site.path for site in sites(self._source)}
        while (path := path[:-1]) and not self.get(path) and path not in named:
            del self.get(path[:-1])[path[-1]]

    def _splice(self, change: Callable[[bytes], bytes]) -> None:
        if not self._data:
            self._source, self._data = _begun(self._source), {"version": VERSION}
        try:
            self._source = change(self._source)
        except UnreadLayoutError:
            raise _not_safe("its layout is beyond what ploked can follow") from None
        except (UnspeakableError, UnicodeEncodeError) as error:
            raise ConfigNotEditable(
                f"TOML cannot hold {error}.", ErrorData(next_step="Leave that value out.")
            ) from None


def alike(one: Any, other: Any) -> bool:
    """Return whether two values are the same to a reader of TOML: 1 and 1.0 are, true and 1 are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    numbers = [each for each in (one, other) if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) == 2:
        return one == other or (math.isnan(one) and math.isnan(other))
    return type(one) is type(other) and one == other


def _table_at(data: dict[str, Any], path: KeyPath) -> Any:
    """Return the table or list around `path`; tables that are missing are made."""
    around: Any = data
    for part in path[:-1]:
        around = around[part] if isinstance(part, int) else around.setdefault(part, {})
    return around


def _refuse_broken(text: str) -> None:
    loaded = load(text, "config.toml")
    if loaded.prefs is None:
        problem = loaded.problems[0]
        where = f"line {problem.line}, column {problem.column}"
        details = {"line": problem.line, "column": problem.column}
        raise ConfigNotEditable(
            f"{where.capitalize()}: {problem.message}", ErrorData(next_step=f"Mend {where}.", details=details)
        )


def _begun(source: bytes) -> bytes:
    """Return a text that says nothing yet with a `version` in it; comments stay above."""
    end = len(source.rstrip())
    version = f"version = {VERSION}".encode()
    return insert_below(source, end, [version]) if end else version + b"\n" + source


def _not_safe(why: str) -> ConfigNotEditable:
    return ConfigNotEditable(
        f"config.toml was left as it is: {why}.",
        ErrorData(next_step="Make this change by hand; the [registry] table may need a plainer layout first."),
    )


def _misshapen(path: KeyPath, wanted: str) -> ConfigNotEditable:
    name = dotted(path)
    return ConfigNotEditable(
        f"config.toml was left as it is: {name} should be {wanted} and is not.",
        ErrorData(path=name, next_step=f"Mend {name} by hand, then try again."),
    )
