"""What config.toml may hold at a key path, read off the preference records."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

import msgspec
from msgspec import inspect
from ploked_protocol.preferences import RegistryPrefs

from .positions import KeyPath

Shape = inspect.Type


def shape_at(path: KeyPath) -> Shape | None:
    """Return the type of the value at `path`, e.g. of `("registry", "models", 0, "model")`; None outside our tables."""
    if not path or path[0] != "registry":
        return None
    shape: Shape | None = inspect.type_info(RegistryPrefs)
    for part in path[1:]:
        shape = _inside(shape, part)
    return shape


def keys_of(shape: Shape | None) -> dict[str, Any]:
    """Return the keys of the table `shape` and the annotation of each; none when it is no table."""
    return {
        name: kind
        for member in _members(shape)
        if isinstance(member, inspect.StructType)
        for name, kind in _fields(member.cls)
    }


def kind_at(path: KeyPath) -> Any:
    """Return the annotation of the value at `path`, an entry of a list included; None outside our tables."""
    kind: Any = RegistryPrefs if path[:1] == ("registry",) else None
    for part in path[1:]:
        kind = entry_kind(kind) if isinstance(part, int) else _annotations(kind).get(part)
    return kind


def entry_kind(kind: Any) -> Any:
    """Return the annotation of the entries of a list; None when `kind` is no list."""
    return next((get_args(each)[0] for each in _alternatives(kind) if get_origin(each) is list), None)


def _annotations(kind: Any) -> dict[str, Any]:
    records = (each for each in _alternatives(kind) if isinstance(each, type) and issubclass(each, msgspec.Struct))
    return {name: annotation for record in records for name, annotation in _fields(record)}


def _alternatives(kind: Any) -> list[Any]:
    """Return the members of a union without their bounds; a kind by itself is the only one."""
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [each for member in get_args(kind) for each in _alternatives(member)]
    return [kind]


def literals_of(shape: Shape | None) -> list[str]:
    """Return the values of an enumeration, and true and false for a flag."""
    found: list[str] = []
    for member in _members(shape):
        if isinstance(member, inspect.LiteralType):
            found += [str(value) for value in member.values]
        elif isinstance(member, inspect.BoolType):
            found += ["true", "false"]
    return found


def is_list(shape: Shape | None) -> bool:
    """Return whether a value is written in brackets."""
    return any(map(_is_list, _members(shape)))


def is_table(shape: Shape | None, *, array: bool) -> bool:
    """Return whether a header `[...]` can open the value; with `array`, whether `[[...]]` can open an entry of it."""
    if array:
        return any(is_table(member.item_type, array=False) for member in _members(shape) if _is_list(member))
    return any(isinstance(member, inspect.StructType | inspect.DictType) for member in _members(shape))


def _is_list(member: Shape) -> TypeGuard[inspect.ListType]:
    return isinstance(member, inspect.ListType)


@cache
def _fields(record: type[msgspec.Struct]) -> list[tuple[str, Any]]:
    return [(field.name, field.type) for field in msgspec.structs.fields(record)]


def _inside(shape: Shape | None, part: str | int) -> Shape | None:
    for member in _members(shape):
        if isinstance(part, int) and isinstance(member, inspect.ListType):
            return member.item_type
        if isinstance(part, str) and isinstance(member, inspect.StructType):
            return next((field.type for field in member.fields if field.name == part), None)
    return None


def _members(shape: Shape | None) -> list[Shape]:
    """Return the alternatives of a union; a type by itself is the only one."""
    if isinstance(shape, inspect.Metadata):
        return _members(shape.type)
    if isinstance(shape, inspect.UnionType):
        return [member for each in shape.types for member in _members(each)]
    return [] if shape is None else [shape]
