"""Edits of single preferences, such as those of a relaxation: all of them together, or none."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from ploked_protocol.errors import ConfigNotEditable, ErrorData, InvalidParams
from ploked_protocol.plans import PreferenceEdit
from ploked_protocol.preferences import ConfigProblem

from .address import Address, ModelId, address_of
from .draft import Draft
from .edit import entry_of, made_entry_of
from .load import load
from .positions import KeyPath, Positions, dotted
from .shapes import entry_kind, kind_at
from .wording import expected, shown

LONGEST_VALUE = 4_096
"""Characters of a value; no preference is as long."""


def models_named(edits: Sequence[PreferenceEdit]) -> list[str]:
    """Return the ids by which `edits` add to or set something of a model; raises InvalidParams as the edit does."""
    steps = [step for edit in edits for step in address_of(edit.path) if edit.verb != "remove"]
    return [step.id for step in steps if isinstance(step, ModelId)]


def edit_preferences(text: str, edits: Sequence[PreferenceEdit]) -> str:
    """Return `text` with all of `edits` made. Indexes in their paths count the entries that `text` is read with.

    What is so already stays as it is: an entry to add that is there, one to remove that is not. Raises InvalidParams
    for an edit that no preferences could hold, ConfigNotEditable for one that this text cannot.
    """
    draft, loaded = Draft(text), load(text, "config.toml")
    changes = [_Change(edit, draft, loaded.positions) for edit in edits]
    for change in sorted(changes, key=_Change.turn):
        change.make()
    edited = draft.text()
    _refuse_unread(text, edited)
    return edited


class _Change:
    """One edit, found in the text as it was before all of them."""

    def __init__(self, edit: PreferenceEdit, draft: Draft, positions: Positions) -> None:
        self._edit = edit
        self._draft = draft
        self._address = address_of(edit.path)
        self._kind = _kind_of(edit, self._address)
        self._value = None if edit.value is None else _value_of(edit, self._kind)
        self._path = _place(self._address, draft, positions)

    def turn(self) -> tuple[int, int]:
        """Return when this edit is made: entries go last, the last one first, for then no index of another moves."""
        last = self._address[-1]
        goes = self._edit.verb == "remove" and self._edit.value is None and isinstance(last, int)
        return (1, -last) if goes and isinstance(last, int) else (0, 0)

    def make(self) -> None:
        """Change the draft."""
        if self._edit.verb == "remove":
            self._remove()
            return
        path = self._path_made()
        if self._edit.verb == "set":
            self._draft.put(path, self._value)
        elif self._value not in (entries := _list_at(self._draft, path)):
            self._draft.put(path, [*entries, self._value])

    def _remove(self) -> None:
        path = self._path
        if path is None or self._draft.get(path) is None:
            return
        if self._edit.value is None:
            self._draft.drop(path)
        else:
            self._draft.put(path, [entry for entry in _list_at(self._draft, path) if entry != self._value])

    def _path_made(self) -> KeyPath:
        """Return the path in the text; the entry of a model that the text does not name is made."""
        if self._path is not None:
            return self._path
        named = self._address[2]
        assert isinstance(named, ModelId)  # noqa: S101 - nothing else may be missing
        return (*made_entry_of(self._draft, named.id), *_plain(self._address[3:]))


def _kind_of(edit: PreferenceEdit, address: Address) -> Any:
    """Return the annotation of the value in the edit: of an entry where a list gains or loses one."""
    kind = kind_at(_plain(address))
    if kind is None:
        raise _refused(edit, f"there is no preference {edit.path}")
    if edit.verb != "remove" and edit.value is None:
        raise _refused(edit, f"there is nothing to {edit.verb}: the edit has no value")
    if edit.verb == "set" or edit.value is None:
        return kind
    entry = entry_kind(kind)
    if entry is not str:
        raise _refused(edit, f"{edit.path} is no list of names: set it, or remove it as a whole")
    return entry


def _value_of(edit: PreferenceEdit, kind: Any) -> Any:
    """Return the value as data: what TOML reads in it where that fits, else the text itself."""
    text = edit.value or ""
    for value in _readings(text):
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError:
            continue
        return value
    raise _refused(edit, f"{edit.path} takes {expected(kind)}, and this is {shown(text)}")


def _readings(text: str) -> Iterator[object]:
    if len(text) > LONGEST_VALUE:
        return
    try:
        document = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # of TOMLDecodeError's kin, or a number that is too long
        document = {}
    if document.keys() == {"value"}:
        yield document["value"]
    yield text


def _place(address: Address, draft: Draft, positions: Positions) -> KeyPath | None:
    """Return the path in the text; None for a model that the text does not name."""
    if len(address) > 2 and isinstance(address[2], ModelId):
        entry = entry_of(draft, address[2].id)
        return None if entry is None else (*entry, *_plain(address[3:]))
    path: KeyPath = ()
    for step in _plain(address):
        path = (*path, _index_in_text(path, step, draft, positions) if isinstance(step, int) else step)
    return path


def _index_in_text(path: KeyPath, index: int, draft: Draft, positions: Positions) -> int:
    """Return the index in the text of an entry that was read."""
    kept = positions.kept.get(path, range(len(_list_at(draft, path))))
    if index < len(kept):
        return kept[index]
    raise ConfigNotEditable(
        f"config.toml was left as it is: it has no {dotted((*path, index))}.",
        ErrorData(path=dotted((*path, index)), next_step="The file has changed meanwhile: plan again."),
    )


def _list_at(draft: Draft, path: KeyPath) -> list[Any]:
    entries = draft.get(path)
    if isinstance(entries, list | None):
        return entries or []
    name = dotted(path)
    raise ConfigNotEditable(
        f"config.toml was left as it is: {name} should be a list and is {shown(entries)}.",
        ErrorData(path=name, next_step=f"Mend {name} by hand, then try again."),
    )


def _plain(address: Address) -> KeyPath:
    """Return the steps without ids: where one stands, any entry has the same shape."""
    return tuple(0 if isinstance(step, ModelId) else step for step in address)


def _refuse_unread(before: str, after: str) -> None:
    """Raise ConfigNotEditable when an edit would leave something in the file that is not read."""
    old, new = _errors(before), _errors(after)
    more = Counter(problem.code for problem in new) - Counter(problem.code for problem in old)
    known = {problem.message for problem in old}
    for problem in sorted(new, key=lambda each: each.message in known):  # an index in an old one may have moved
        if problem.code in more:
            raise ConfigNotEditable(
                f"config.toml was left as it is: {problem.message}",
                ErrorData(next_step="Make a change that the file can be read with."),
            )


def _errors(text: str) -> list[ConfigProblem]:
    return [problem for problem in load(text, "config.toml").problems if problem.severity == "error"]


def _refused(edit: PreferenceEdit, why: str) -> InvalidParams:
    return InvalidParams(f"config.toml was left as it is: {why}.", ErrorData(path=edit.path))
