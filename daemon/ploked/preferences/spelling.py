"""How values and keys are written as TOML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class UnspeakableError(ValueError):
    """A value that TOML has no words for; the message says which."""


def spelled(value: object) -> str:
    """Return `value` on one line, numbers in their shortest decimal form (0.8); raises UnspeakableError."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        pairs = [f"{spelled_key([str(key)])} = {spelled(part)}" for key, part in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(spelled, value))}]"
    raise UnspeakableError("null" if value is None else f"a value of type {type(value).__name__}")


def spelled_key(parts: Iterable[str]) -> str:
    """Return a key, dotted when it has several parts, each quoted only where it must be."""
    return ".".join(part if _BARE.fullmatch(part) else _quoted(part) for part in parts)


def _quoted(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UnspeakableError("half a surrogate pair, which is no Unicode text")
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
