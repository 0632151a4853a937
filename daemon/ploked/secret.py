"""Secrets: values that never print."""

from __future__ import annotations

from collections.abc import Mapping

SHORTEST = 8
"""Characters of the shortest value that is taken for a secret: what stands in for a key where none is asked for, as
`x` or `test`, is part of ordinary words."""


class Secret:
    """Holds a secret; `repr` and `str` are `***`, and only `reveal()` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        """Return `***`, whatever is held."""
        return "***"

    __str__ = __repr__

    def reveal(self) -> str:
        """Return the value; call it only where the value leaves for its own upstream."""
        return self._value

    def redact(self, text: str) -> str:
        """Return `text` with `***` in place of the value, unless that is too short to be secret."""
        return text if len(self._value) < SHORTEST else text.replace(self._value, "***")


def openrouter_key(environ: Mapping[str, str]) -> Secret | None:
    """Return the key of `$OPENROUTER_API_KEY`; None when it is unset or blank."""
    value = environ.get("OPENROUTER_API_KEY", "").strip()
    return Secret(value) if value else None
