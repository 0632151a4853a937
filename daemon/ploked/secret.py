"""Secrets: values that never print, and texts without them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from .spellings import has_escapes, spelled

SHORTEST = 8
"""Characters of the shortest value that is taken for a secret: what stands in for a key where none is asked for, as
`x` or `test`, is part of ordinary words."""
LONGEST = 4096
"""Characters of the longest key, many times as many as any upstream's has: to look for its escapes takes time."""

_known: set[str] = set()
"""Every secret that this process holds or held, whoever found it."""
_sent: set[str] = set()
"""Those of them that an upstream may be told: what repeats them may have escaped them."""

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
    """Holds a secret; `repr` and `str` are `***`, and only `reveal()` gives it away.

    One that is not `sent` to anybody is looked for only as it stands: there may be thousands of them.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, *, sent: bool = True) -> None:
        self._value = value
        if len(value) >= SHORTEST:
            _known.add(value)
            if sent and len(value) <= LONGEST:
                _sent.add(value)

    def __repr__(self) -> str:
        """Return `***`, whatever is held."""
        return "***"

    __str__ = __repr__

    def reveal(self) -> str:
        """Return the value; call it only where the value leaves for its own upstream."""
        return self._value


def hide(text: str) -> str:
    """Return `text` with `***` in place of every secret that was met, also of one that is escaped.

    Those too short to be one stay.
    """
    if has_escapes(text):  # before the others: a plain one may be part of it
        for value in _longest_first(_sent):
            text = spelled(value).sub("***", text)
    for value in _longest_first(_known):
        text = text.replace(value, "***")
    return text


def _longest_first(values: set[str]) -> list[str]:
    """Return the values in an order in which none goes before another that it is part of."""
    return sorted(values, key=len, reverse=True)


def make_ready() -> None:
    """Do what `hide` would else do when it first meets an escape; call it in a thread: it may take a while."""
    for value in _longest_first(_sent):
        spelled(value)


def redact(text: str) -> str:
    """Return `hide(text)` with `***` also in place of whatever looks like a secret."""
    return _SECRETS.sub(lambda match: f"{match['before'] or ''}***", hide(text))


def password_of(url: str) -> Secret | None:
    """Return the password in a URL; None where it has none."""
    try:
        value = unquote(urlsplit(url).password or "")
    except ValueError:
        return None
    return Secret(value) if value else None


def openrouter_key(environ: Mapping[str, str]) -> Secret | None:
    """Return the key of `$OPENROUTER_API_KEY`; None when it is unset or blank."""
    value = environ.get("OPENROUTER_API_KEY", "").strip()
    return Secret(value) if value else None
