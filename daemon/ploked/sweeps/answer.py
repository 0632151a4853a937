"""An answer of the chat completions as JSON, and what it says of who served it. Whatever came, nothing raises.

`openrouter_metadata` is asked for and read leniently: its fields may change at any time, by its own documentation.
All is pure, but that secrets which this process has met are hidden.
"""

from __future__ import annotations

from typing import Any

import msgspec
from ploked_protocol.money import Money, money

from ..importers.readers import strict, text, whole
from ..secret import hide


class Usage(msgspec.Struct, frozen=True):
    """What `usage` says; None where it says nothing."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0
    written_tokens: int = 0
    """Of the prompt: read from the cache, and written to it."""
    reasoning_tokens: int = 0
    cost: Money | None = None
    """What was billed, USD."""
    own_key: bool = False
    """Whether the provider bills another account (BYOK), so that `cost` is not its price."""
    other_media: bool = False
    """Whether tokens of images, audio or video are in it, which have prices of their own."""


class Served(msgspec.Struct, frozen=True):
    """Who an answer says has served, as it says so."""

    model: str | None = None
    provider: str | None = None
    """Display name."""
    tag: str | None = None
    """One of the tags known, where the metadata name one."""
    attempts: tuple[str, ...] = ()
    """The endpoints that were tried, in their order: a tag that is known, else the display name."""
    attempt: int = 1
    """Which of the tries answered."""


def decoded(body: bytes) -> Any:
    """Return the JSON of a body, None where there is none; half a surrogate pair, which models do write, is mended."""
    for mend in (bytes, strict):
        try:
            return msgspec.json.decode(mend(body))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
    return None


def without_secrets(body: bytes) -> bytes:
    """Return a body without the secrets that were met. JSON is written anew, each character as plainly as JSON can."""
    answer = decoded(body)
    plain = body if answer is None else msgspec.json.encode(answer)
    return hide(plain.decode(errors="replace")).encode()


def at(value: Any, *path: str | int) -> Any:
    """Return what stands at `path`; None where it leads nowhere."""
    for step in path:
        if isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def usage_of(answer: Any) -> Usage:
    """Return what an answer says of tokens and money."""
    usage = at(answer, "usage")
    cost = money(at(usage, "cost"))
    details, written = at(usage, "prompt_tokens_details"), at(usage, "completion_tokens_details")
    media = [(details, "audio_tokens"), (details, "video_tokens"), (written, "image_tokens"), (written, "audio_tokens")]
    return Usage(
        prompt_tokens=_count(at(usage, "prompt_tokens")),
        completion_tokens=_count(at(usage, "completion_tokens")),
        cached_tokens=_count(at(details, "cached_tokens")) or 0,
        written_tokens=_count(at(details, "cache_write_tokens")) or 0,
        reasoning_tokens=_count(at(written, "reasoning_tokens")) or 0,
        cost=cost if cost is not None and cost >= 0 else None,
        own_key=True in (at(usage, "is_byok"), at(answer, "openrouter_metadata", "is_byok")),
        other_media=any(_count(at(where, name)) for where, name in media),
    )


def served_by(answer: Any, tags: frozenset[str]) -> Served:
    """Return who served; `tags` are those that can be recognised."""
    metadata = at(answer, "openrouter_metadata")
    selected = next((each for each in _entries(at(metadata, "endpoints")) if each.get("selected") is True), {})
    tries = [_name(each, tags) for each in _entries(at(metadata, "attempts"))]
    return Served(
        model=text(at(answer, "model")),
        provider=text(at(answer, "provider")) or text(selected.get("provider")),
        tag=_tag(selected, tags),
        attempts=tuple(name for name in tries if name is not None),
        attempt=max(_count(at(metadata, "attempt")) or 1, len(tries)),
    )


def _entries(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, also of one that an object holds, as `endpoints.available` is held."""
    lists = [value, *value.values()] if isinstance(value, dict) else [value]
    found = next((each for each in lists if isinstance(each, list)), [])
    return [each for each in found if isinstance(each, dict)]


def _name(entry: dict[str, Any], tags: frozenset[str]) -> str | None:
    return _tag(entry, tags) or text(entry.get("provider"))


def _tag(entry: dict[str, Any], tags: frozenset[str]) -> str | None:
    """Return the known tag that some field of `entry` holds; which field it is, nobody has written down."""
    return next((each for each in entry.values() if isinstance(each, str) and each in tags), None)


def _count(value: Any) -> int | None:
    tokens = whole(value)
    return tokens if tokens is not None and tokens >= 0 else None
