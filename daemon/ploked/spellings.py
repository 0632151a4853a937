"""How else a text may be spelled: an upstream that repeats a key may escape any of its characters on the way."""

from __future__ import annotations

import re
from functools import cache

_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_ESCAPE = re.compile(r"[\\%&]")
"""What every escape begins with."""


def has_escapes(text: str) -> bool:
    """Return whether anything in `text` may be spelled otherwise than plainly."""
    return _ESCAPE.search(text) is not None


@cache
def spelled(value: str) -> re.Pattern[str]:
    r"""Return what matches `value`, each character plain or as JSON (`\/`, `\u002f`), URLs (`%2F`) or HTML have it.

    Escapes may be escaped a few times over: no repetition is without a bound, so that no text takes long. To compile
    the pattern takes some milliseconds, once for each value.
    """
    return re.compile("".join(map(_character, value)))


def _character(one: str) -> str:
    # Each branch begins with a plain character, which is what makes the search fast. The longer ones come first: of a
    # value that ends with the sign that escapes begin with, half an escape would stay behind.
    plain, in_json = re.escape(one), _escapes(one, "utf-16-be", 2, r"\\{1,8}u")
    in_url = "(?:25){0,3}" + _escapes(one, "utf-8", 1, "%(?:25){0,3}")
    name = f"|{_NAMES[one]}" if one in _NAMES else ""
    in_html = f"(?:amp;){{0,3}}(?:#0{{0,4}}{ord(one)}|#[xX]0{{0,4}}(?i:{ord(one):x}){name});?"
    escaped = rf"\\{{0,7}}(?:{plain}|u{in_json}|u0025{in_url}|u0026{in_html})"
    if one == "\\":  # or a row of them could be divided up in more ways than anyone can try
        escaped = rf"(?:\\|u{in_json}|u0025{in_url}|u0026{in_html})"
    return rf"(?:%{in_url}|&{in_html}|\\{escaped}|{plain})"


def _escapes(one: str, encoding: str, unit: int, between: str) -> str:
    """Return what matches the units of a character in hexadecimal digits, of either case."""
    units = one.encode(encoding, "surrogatepass").hex("-", unit).split("-")
    return between.join(f"(?i:{each})" for each in units)
