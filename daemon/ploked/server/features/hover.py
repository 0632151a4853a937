"""Hover in config.toml: what a model id, a provider, a profile or a key means."""

from __future__ import annotations

from typing import Any

import msgspec
from lsprotocol import types
from ploked_protocol.errors import PlokedError
from ploked_protocol.keys import ProviderKey, entry_matches
from ploked_protocol.preferences import RegistryPrefs

from ... import routing
from ...preferences.meanings import meaning_of
from ...preferences.positions import KeyPath
from ...preferences.shapes import keys_of, shape_at
from ...preferences.spelling import spelled
from ...preferences.wording import expected
from ...threads import think
from ..documents.toml import Cursor
from ..session import Session
from .candidates import PROFILE_KEYS, PROVIDER_LISTS, model_at, prefs_of
from .cards import escaped, model_card, plain, provider_card
from .places import cursor_at, readable_config, want_endpoints, word_range


async def hover(session: Session, params: types.HoverParams) -> types.Hover | None:
    """Answer `textDocument/hover`; None where there is nothing to say."""
    document = readable_config(session, params.text_document.uri)
    if document is None:
        return None
    await session.ready()
    at = await cursor_at(document, params.position)
    model_id = await model_at(document.source, at.key_path)
    card = await _card(session.service, document.source, at, model_id)
    if model_id:
        session.service.catalog.touch_successor(model_id)  # the answer that names it comes too late for this card
    if card is None:
        return None
    want_endpoints(session, model_id)
    return types.Hover(_markup(session, card), word_range(document, at))


def _markup(session: Session, card: str) -> types.MarkupContent:
    """Return `card` in a format that the client renders."""
    text = session.client_capabilities.text_document
    formats = text.hover.content_format if text and text.hover else None
    if formats and types.MarkupKind.Markdown not in formats:
        return types.MarkupContent(types.MarkupKind.PlainText, plain(card))
    return types.MarkupContent(types.MarkupKind.Markdown, card)


async def _card(service: Any, text: str, at: Cursor, model_id: str | None) -> str | None:
    name = next((part for part in reversed(at.key_path) if isinstance(part, str)), "")
    if at.place == "key":
        kind = keys_of(shape_at(at.key_path[:-1])).get(name)
        says = f"`{name}`: {escaped(expected(kind))}"
        return None if kind is None else await _key(service, text, at.key_path, says, model_id)
    if at.place != "value" or not at.text:
        return None
    if at.key_path[:2] == ("registry", "models") and name == "model":
        return _model(service, at.text, await prefs_of(service, text, at.line))
    if name in PROVIDER_LISTS:
        return _provider(service, at.text, model_id)
    return await _profile(service, text, at, model_id) if name in PROFILE_KEYS else None


async def _key(service: Any, text: str, path: KeyPath, card: str, model_id: str | None) -> str:
    """Return what a key takes and means, and what is in effect for the model whose routing it is."""
    more = [
        escaped(meaning) if (meaning := meaning_of(path)) else None,
        await _in_effect(service, text, path, model_id),
    ]
    return "\n\n".join([card, *(each for each in more if each is not None)])


async def _in_effect(service: Any, text: str, path: KeyPath, model_id: str | None) -> str | None:
    if model_id is None or "routing" not in path:
        return None
    leaf = ".".join(str(part) for part in path[path.index("routing") + 1 :])
    resolved = await think(service.routing_now, model_id, text)
    if resolved is None or leaf not in resolved.origins:
        return None
    value, origin = resolved.values, resolved.origins[leaf]
    for part in leaf.split("."):
        value = getattr(value, part)
    return f"In effect for `{model_id}`: `{spelled(msgspec.to_builtins(value))}` (`{origin.key}`, line {origin.line})"


def _model(service: Any, model_id: str, prefs: RegistryPrefs) -> str | None:
    record = service.facts.find_model(model_id)
    if record is None:
        successor = service.facts.successor(model_id)
        card = _model(service, successor, prefs) if successor else None
        return card and f"{escaped(model_id)} is not listed any more. In its place:\n\n{card}"
    plan = service.plan_now(model_id, prefs)
    return model_card(record, plan, service.catalog.models_freshness())


def _provider(service: Any, entry: str, model_id: str | None) -> str | None:
    slug = ProviderKey.of_tag(entry).slug
    if not service.facts.has_provider(slug):
        return None
    record = next((provider for provider in service.catalog.providers if provider.slug == slug), None)
    endpoints = service.facts.endpoints_now(model_id) or () if model_id else ()
    return provider_card(slug, record, [one for one in endpoints if entry_matches(entry, one.key.tag)])


async def _profile(service: Any, text: str, at: Cursor, model_id: str | None) -> str | None:
    prefs = await prefs_of(service, text, at.line)
    try:
        known = routing.find_profile(prefs, model_id, at.text)
    except PlokedError:
        return None
    values = known.profile.params.set_values()
    lines = [f"- `{name} = {value}`" for name, value in values.items()] or ["- sets nothing"]
    return "\n".join([f"**{escaped(at.text)}** ({known.scope} profile)", "", *lines])
