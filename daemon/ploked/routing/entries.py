"""Lists of slugs and whole tags: what they cover, and where they are written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ploked_protocol.keys import is_tier

from .names import KeyPath
from .profile import LayerName


@dataclass(frozen=True)
class Entries:
    """A list that a preference holds: of slugs and whole tags, or of parameters."""

    name: str
    entries: tuple[str, ...]
    path: str
    """Where edits go: dotted path in config.toml, or the field "of the call"."""
    layer: LayerName
    keys: KeyPath | None
    """Where it is written in config.toml."""

    @property
    def origin(self) -> str:
        """Return the dotted path in config.toml, or "call"."""
        return "call" if self.keys is None else self.path

    @cached_property
    def known(self) -> frozenset[str]:
        """Return the entries, to look them up."""
        return frozenset(self.entries)

    def covers(self, tag: str) -> bool:
        """Return whether an entry covers the endpoint `tag`: by the whole tag, or by its slug unless it is a tier."""
        return tag in self.known or (tag.partition("/")[0] in self.known and not is_tier(tag))
