"""Secrets: values that never print, and texts without them."""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORTEST = 8
"""Characters of the shortest value that is taken for a secret: what stands in for a key where none is asked for, as
`x` or `test`, is part of ordinary words."""

_known: set[str] = set()
"""Every secret that this process holds or held, whoever found it."""

_SECRETS = re.compile(
    r"""(?ix)
      \b (?:sk|pk|ghp|gho|key) [-_] [\w-]{8,}
    | (?P<before>
          (?: authorization ["']? \s* [:=] \s* ["']? )? \b (?:bearer|basic) \s+
        | (?: api[-_]?key | token | secret | password | authorization ) ["']? \s* [:=] \s* ["']?
        | [?&] key=
        | :// [^\s/:@]* :
      ) [^\s"',}&@]+
    """
)


class Secret:
    """Holds a secret; `repr` and `str` are `***`, and only `reveal()` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= SHORTEST:
            _known.add(value)

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


def redact(text: str) -> str:
    """Return `text` with `***` in place of the secrets that were met, and of whatever looks like one."""
    for value in sorted(_known, key=len, reverse=True):  # one may be part of another
        text = text.replace(value, "***")
    return _SECRETS.sub(lambda match: f"{match['before'] or ''}***", text)


def openrouter_key(environ: Mapping[str, str]) -> Secret | None:
    """Return the key of `$OPENROUTER_API_KEY`; None when it is unset or blank."""
    value = environ.get("OPENROUTER_API_KEY", "").strip()
    return Secret(value) if value else None
