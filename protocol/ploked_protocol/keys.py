"""Names of models, endpoints and providers, in every form that people and upstreams write."""

from __future__ import annotations

import re

import msgspec

VIRTUAL_VARIANTS = frozenset({"nitro", "floor", "exacto", "online"})
"""Suffixes the API takes on most ids though no row of the catalog carries them."""

SERVICE_TIERS = frozenset({"flex", "priority", "default"})
"""Last parts of a tag that name a service tier; a base slug never matches those."""

SLUGS_OF_AUTHORS = {
    "x-ai": ("xai",),
    "mistralai": ("mistral",),
    "google": ("google-vertex", "google-ai-studio"),
    "meta-llama": ("meta",),
}
"""Author part of a model id -> provider slugs, where the two differ and people mix them up."""

_PART = r"(?!\.{1,2}(?:[/:@]|$))[^\s/:@~]+"  # no "." or "..": ids become paths of URLs
_MODEL = re.compile(
    rf"(?P<alias>~?)(?P<author>{_PART})/(?P<slug>{_PART})(?::(?P<variant>{_PART}))?(?:@preset/(?P<preset>{_PART}))?"
)
_PRESET = re.compile(rf"@preset/(?P<preset>{_PART})")


class InvalidKeyError(ValueError):
    """A text that is not an id; the message says what an id looks like."""


class ModelKey(msgspec.Struct, frozen=True, order=True):
    """A model id taken apart: `author/slug[:variant]`, `~author/family-latest`, `@preset/x`, `id@preset/x`.

    `str(ModelKey.parse(text)) == text` for every valid text.
    """

    author: str
    slug: str
    variant: str | None = None
    alias: bool = False
    preset: str | None = None

    @classmethod
    def parse(cls, text: str) -> ModelKey:
        """Return the key that `text` names; raises InvalidKeyError when it has none of the forms."""
        if only_preset := _PRESET.fullmatch(text):
            return cls("", "", preset=only_preset["preset"])
        match = _MODEL.fullmatch(text)
        if match is None:
            shown = repr(text[:80])
            raise InvalidKeyError(
                f"{shown} is not a model id: write author/slug, with an optional :variant, as in moonshotai/kimi-k2"
            )
        return cls(match["author"], match["slug"], match["variant"], bool(match["alias"]), match["preset"])

    def __str__(self) -> str:
        """Return the id as the API takes it."""
        head = f"{'~' if self.alias else ''}{self.author}/{self.slug}" if self.author else ""
        variant = f":{self.variant}" if self.variant else ""
        preset = f"@preset/{self.preset}" if self.preset else ""
        return f"{head}{variant}{preset}"

    @property
    def is_router(self) -> bool:
        """Whether the id names one of OpenRouter's routers (`openrouter/auto` and its kin)."""
        return self.author == "openrouter"

    @property
    def is_virtual(self) -> bool:
        """Whether the variant only steers routing (`:nitro`), so that the catalog lists the base id alone."""
        return self.variant in VIRTUAL_VARIANTS

    @property
    def listed(self) -> ModelKey | None:
        """Return the key under which the catalog lists this model; None for a bare `@preset/x`.

        Virtual variants and presets are taken off; `:free` and its kin stay, for they have endpoints of their own.
        """
        if not self.author:
            return None
        return ModelKey(self.author, self.slug, None if self.is_virtual else self.variant, self.alias)


class EndpointKey(msgspec.Struct, frozen=True, order=True):
    """One serving of a model: the model id, the whole tag, and an ordinal where both repeat.

    Provider and quantization alone collide: three `google-vertex` endpoints of one model all say "unknown".
    """

    model: str
    tag: str
    ordinal: int = 0

    def __str__(self) -> str:
        """Return `model|tag`, with `#ordinal` from the second endpoint of the same tag on."""
        return f"{self.model}|{self.tag}" + (f"#{self.ordinal}" if self.ordinal else "")

    @property
    def provider(self) -> ProviderKey:
        """Return the provider that the tag names."""
        return ProviderKey.of_tag(self.tag)


class ProviderKey(msgspec.Struct, frozen=True, order=True):
    """A provider by its slug, the first part of a tag (`google-vertex` of `google-vertex/us-east5`)."""

    slug: str

    @classmethod
    def of_tag(cls, tag: str) -> ProviderKey:
        """Return the provider of a whole tag, or of a bare slug."""
        return cls(tag.partition("/")[0])

    def __str__(self) -> str:
        """Return the slug."""
        return self.slug


def is_tier(tag: str) -> bool:
    """Return whether a tag names a service tier, which must be asked for by its whole tag."""
    return "/" in tag and tag.rpartition("/")[2] in SERVICE_TIERS


def as_entry(endpoint: str | EndpointKey) -> str:
    """Return an endpoint as preferences write it: a slug or a tag as it is, a key by its tag."""
    return endpoint if isinstance(endpoint, str) else endpoint.tag


def entry_matches(entry: str, tag: str) -> bool:
    """Return whether a preference `entry` (slug or whole tag) covers the endpoint `tag`.

    Base slug matching: a slug covers its regions and kinds but never a tier; a whole tag covers itself alone.
    """
    if entry == tag:
        return True
    return "/" not in entry and tag.startswith(f"{entry}/") and not is_tier(tag)
