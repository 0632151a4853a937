"""What stands at the cursor of a half-typed document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ploked.preferences.positions import KeyPath


@dataclass(frozen=True)
class Cursor:
    """What stands at the cursor, and what to replace there."""

    place: Literal["key", "value", "header", "none"]
    """"none" in comments, and where nothing can be typed (after a value)."""
    table: KeyPath
    """The table around the cursor, inline tables and dotted keys counted in."""
    key_path: KeyPath
    """Of the value or the whole key under the cursor, as `("registry", "models", 0, "allowed_providers", 1)`.

    Where no key is typed yet, the table's; empty where nothing can be typed.
    """
    line: int
    column: int
    start: int
    end: int
    """Columns of what to replace, exclusive: the word under the cursor, without quotes where `quote` is set."""
    text: str
    """The whole word under the cursor, without its quotes."""
    quote: str | None = None
    """The quote that stands before the word; None when new text must bring its own."""
    closed: bool = False
    """Whether the closing quote (in a header: bracket) stands after the word."""
    assigned: bool = False
    """Whether a key is followed by `=` or `.` already."""

    @property
    def prefix(self) -> str:
        """Return what is typed so far: from `start` to the cursor."""
        return self.text[: self.column - self.start]

    @property
    def in_list(self) -> bool:
        """Return whether the cursor is at an entry of a list, whose index ends `key_path`."""
        return self.place == "value" and isinstance(self.key_path[-1], int)


def nothing_at(line: int, column: int) -> Cursor:
    """Return the cursor of a place where nothing can be typed."""
    return Cursor("none", (), (), line, column, column, column, "")
