"""Edits of single preferences, such as those of a relaxation: all of them together, or none."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from ploked_protocol.errors import ConfigNotEditable, ErrorData, InvalidParams
from ploked_protocol.plans import PreferenceEdit
from ploked_protocol.preferences import ConfigProblem, RegistryPrefs

from .address import NAMED_BY, Address, Name, address_of, by_name
from .draft import Draft
from .edit import made_entry_of
from .load import load
from .positions import KeyPath, Positions, dotted
from .shapes import entry_kind, kind_at
from .wording import expected, shown

LONGEST_VALUE = 4_096
"""Characters of a value; no preference is as long."""


def models_named(edits: Sequence[PreferenceEdit]) -> list[str]:
    """Return the ids by which `edits` add to or set something of a model; raises InvalidParams as the edit does."""
    models = (_model_named(address_of(edit.path)) for edit in edits if edit.verb != "remove")
    return [model for model in models if model is not None]


def edit_preferences(text: str, edits: Sequence[PreferenceEdit], counted: RegistryPrefs | None = None) -> str:
    """Return `text` with all of `edits` made. Indexes in their paths count the entries of `counted`.

    Without it they count those that `text` is read with. What is so already stays as it is: an entry to add that is
    there, one to remove that is not. Raises InvalidParams for an edit that no preferences could hold, ConfigNotEditable
    for one that this text cannot.
    """
    draft, loaded = Draft(text), load(text, "config.toml")
    changes = [_Change(edit, draft, loaded.positions, counted) for edit in edits]
    for change in sorted(changes, key=_Change.turn):
        change.make()
    edited = draft.text()
    _refuse_unread(text, edited)
    return edited


class _Change:
    """One edit, found in the text as it was before all of them."""

    def __init__(self, edit: PreferenceEdit, draft: Draft, positions: Positions, counted: RegistryPrefs | None) -> None:
        self._edit = edit
        self._draft = draft
        address = address_of(edit.path)
        self._address = address if counted is None else by_name(address, counted)
        self._kind = _kind_of(edit, self._address)
        self._value = None if edit.value is None else _value_of(edit, self._kind)
        self._path = _place(self._address, draft, positions)

    def turn(self) -> tuple[int, int]:
        """Return when this edit is made: entries go last, the last one first, for then no index of another moves."""
        last = self._path[-1] if self._path else ""
        goes = self._edit.verb == "remove" and self._edit.value is None
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
        model, below = _model_named(self._address), self._address[3:]
        if model is None or any(isinstance(step, Name) for step in below):
            raise _missing(self._edit.path)
        return (*made_entry_of(self._draft, model), *_plain(below))


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
    """Return the path in the text; None when that lacks an entry which the address names."""
    path: KeyPath = ()
    for step in address:
        at: str | int | None = step if isinstance(step, str) else None
        if isinstance(step, Name):
            at = draft.find(path, NAMED_BY[str(path[-1])], step.name)
        elif isinstance(step, int):
            at = _index_in_text(path, step, draft, positions)
        if at is None:
            return None
        path = (*path, at)
    return path


def _index_in_text(path: KeyPath, index: int, draft: Draft, positions: Positions) -> int:
    """Return the index in the text of an entry that was read."""
    kept = positions.kept.get(path, range(len(_list_at(draft, path))))
    if index < len(kept):
        return kept[index]
    raise _missing(dotted((*path, index)))


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
    """Return the steps without names: where one stands, any entry has the same shape."""
    return tuple(0 if isinstance(step, Name) else step for step in address)


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


def _model_named(address: Address) -> str | None:
    """Return the id by which an address names a model; None when it does not."""
    step = address[2] if len(address) > 2 and address[1] == "models" else None
    return step.name if isinstance(step, Name) else None


def _missing(path: str) -> ConfigNotEditable:
    return ConfigNotEditable(
        f"config.toml was left as it is: it has no {path}.",
        ErrorData(path=path, next_step="The file has changed meanwhile: plan again."),
    )


def _refused(edit: PreferenceEdit, why: str) -> InvalidParams:
    return InvalidParams(f"config.toml was left as it is: {why}.", ErrorData(path=edit.path))
