"""LuaCATS types of every record and method, from the schema: `python -m ploked_protocol.lua_types FILE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .schema import schema

HEAD = """---@meta
-- Written by `python -m ploked_protocol.lua_types`, from the method table of the protocol. JSON's null is nil here.

"""
NAMES = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "nil"}


def lua_types() -> str:
    """Return `types.lua`: one class per record, then the names of the methods."""
    described = schema()
    records = [_class(name, record) for name, record in sorted(described["$defs"].items())]
    return HEAD + "\n".join(records) + "\n" + _methods(described["methods"])


def _class(name: str, record: dict[str, Any]) -> str:
    if "properties" not in record:
        return f"---@alias ploked.{name} {_type(record)}\n"
    required = record.get("required", [])
    fields = [_field(key, kind, optional=key not in required) for key, kind in record["properties"].items()]
    return "".join([*_comment(record), f"---@class ploked.{name}\n", *fields])


def _comment(record: dict[str, Any]) -> list[str]:
    text = record.get("description", "")
    return [f"---{line.strip()}\n" for line in text.splitlines()]


def _field(key: str, kind: dict[str, Any], *, optional: bool) -> str:
    types = _alternatives(kind)
    absent = optional or "nil" in types
    return f"---@field {key}{'?' if absent else ''} {'|'.join(name for name in types if name != 'nil')}\n"


def _type(kind: dict[str, Any]) -> str:
    return "|".join(_alternatives(kind))


def _alternatives(kind: dict[str, Any]) -> list[str]:
    """Return the types that `kind` allows, without duplicates."""
    if "anyOf" in kind:
        return list(dict.fromkeys(name for part in kind["anyOf"] for name in _alternatives(part)))
    if "$ref" in kind:
        return ["ploked." + kind["$ref"].rpartition("/")[2]]
    if "enum" in kind:
        return [f'"{value}"' for value in kind["enum"]]
    if kind.get("type") == "array":
        return [_list(kind)]
    if kind.get("type") == "object":
        return [_table(kind)]
    return [NAMES[kind["type"]]] if "type" in kind else ["any"]


def _list(kind: dict[str, Any]) -> str:
    item = _type({"anyOf": kind["prefixItems"]} if "prefixItems" in kind else kind.get("items") or {})
    return f"({item})[]" if "|" in item else f"{item}[]"


def _table(kind: dict[str, Any]) -> str:
    values = kind.get("additionalProperties")
    return f"table<string, {_type(values) if isinstance(values, dict) else 'any'}>"


def _methods(described: dict[str, dict[str, Any]]) -> str:
    names = "".join(f"---| '{name}' # {method['description']}\n" for name, method in described.items())
    return f"---@alias ploked.Method\n{names}"


def main() -> None:
    """Write the file named on the command line."""
    Path(sys.argv[1]).write_text(lua_types(), encoding="utf-8")


if __name__ == "__main__":
    main()
