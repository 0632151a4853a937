"""What a mistyped name may have meant."""

from __future__ import annotations

from collections.abc import Sequence

from ..suggest import Slips


def nearest(text: str, known: Sequence[str]) -> str | None:
    """Return the one of `known` that begins with `text`, or else is a slip or two away; None when none is."""
    if not text:
        return None
    begun = [name for name in known if name.startswith(text)]
    if begun:
        return min(begun, key=len)
    close = Slips(known).words_close_to(text)
    return close[0] if close else None
