"""`schema.json`: the method table as JSON Schema, for generators of client types."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from .methods import METHODS
from .money import Money


def _hook(kind: type) -> dict[str, Any]:
    """Return the schema of the one type msgspec does not know."""
    if kind is Money:
        return {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "description": "US dollars, plain notation"}
    raise NotImplementedError(kind.__name__)


def schema() -> dict[str, Any]:
    """Return `{"methods": {name: {direction, since, params, result}}, "$defs": {...}}`."""
    kinds = [kind for method in METHODS for kind in (method.params, method.result)]
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=_hook, ref_template="#/$defs/{name}")
    for component in components.values():  # Python 3.13 takes the indentation off docstrings, older ones do not
        component["description"] = cleandoc(component.get("description", ""))
    described = {
        method.name: {
            "direction": method.direction,
            "since": method.since,
            "description": method.summary,
            "params": schemas[2 * at],
            "result": schemas[2 * at + 1],
        }
        for at, method in enumerate(METHODS)
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ploked protocol",
        "methods": described,
        "$defs": components,
    }
