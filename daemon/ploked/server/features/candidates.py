"""What may be typed at a place of config.toml, best first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from ploked_protocol.catalog import EndpointRecord, ModelRecord
from ploked_protocol.preferences import RegistryPrefs

from ... import routing
from ...preferences.check import KNOWN_PARAMETERS
from ...preferences.load import load
from ...preferences.positions import KeyPath
from ...preferences.wording import expected
from ..documents.toml import Cursor, model_ids
from .cards import price, tokens
from .shapes import keys_of, literals_of, shape_at

MOST_MODELS = 60
"""The client asks again as more is typed; a longer list costs both sides more than it helps."""

PROVIDER_LISTS = frozenset({
    "allowed_providers", "banned_providers", "selected_endpoints", "order", "only", "ignore",
})  # fmt: skip
PROFILE_KEYS = frozenset({"default_profile", "global_default_profile"})
Kind = types.CompletionItemKind


@dataclass(frozen=True)
class Candidate:
    """One thing that may be typed."""

    text: str
    kind: types.CompletionItemKind
    detail: str = ""
    documentation: str = ""
    quoted: bool = True
    """Whether it is text, which TOML wants in quotes."""


def candidates(service: Any, text: str, at: Cursor) -> list[Candidate]:
    """Return what may stand at the cursor; nothing where nothing of ours can."""
    if at.place in ("key", "header"):
        return list(_keys(at))
    return list(_values(service, text, at)) if at.place == "value" else []


def model_at(text: str, path: KeyPath) -> str | None:
    """Return the model id that the `[[registry.models]]` entry around `path` names."""
    entry = path[:3]
    return next((found.id for found in model_ids(text) if found.key_path[:3] == entry), None)


def prefs_of(service: Any, text: str) -> RegistryPrefs:
    """Return the preferences in the text as typed; the last good ones while it is broken."""
    loaded = load(text, service.settings.config_path)
    prefs: RegistryPrefs = loaded.prefs or service.preferences.prefs
    return prefs


def _keys(at: Cursor) -> Iterator[Candidate]:
    if not at.table:
        yield from (Candidate(name, Kind.Module, "table of ploked", quoted=False) for name in ("registry",))
    for name, kind in keys_of(shape_at(at.table)).items():
        described = expected(kind)
        yield Candidate(name, Kind.Property, described, quoted=False)


def _values(service: Any, text: str, at: Cursor) -> Iterator[Candidate]:
    path = at.key_path
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if path[:2] == ("registry", "models") and name == "model":
        yield from _models(service, at.prefix)
    elif name in PROVIDER_LISTS:
        yield from _providers(service, model_at(text, path))
    elif name in PROFILE_KEYS:
        yield from _profiles(prefs_of(service, text), model_at(text, path))
    elif name == "required_supported_params":
        yield from (Candidate(parameter, Kind.EnumMember, "parameter") for parameter in KNOWN_PARAMETERS)
    elif name == "sort":
        yield from (Candidate(value, Kind.EnumMember) for value in ("price", "throughput", "latency"))
    else:
        yield from _literals(path)


def _literals(path: KeyPath) -> Iterator[Candidate]:
    for value in literals_of(shape_at(path)):
        yield Candidate(value, Kind.EnumMember, quoted=value not in ("true", "false"))


def _models(service: Any, prefix: str) -> Iterator[Candidate]:
    for model_id in service.find_models(prefix, MOST_MODELS):
        record: ModelRecord | None = service.catalog.model(model_id)
        if record is not None:
            detail = f"{record.name} · {tokens(record.context_hint)} · {price(record.pricing)}"
            yield Candidate(model_id, Kind.Value, detail, record.description)


def _providers(service: Any, model_id: str | None) -> Iterator[Candidate]:
    """Return the providers that serve the model of this entry, by whole tag too; all providers while unknown."""
    endpoints: list[EndpointRecord] = list(service.facts.endpoints_now(model_id) or ()) if model_id else []
    served = {endpoint.provider: endpoint.provider_name for endpoint in endpoints}
    names = served or service.facts.provider_names
    yield from (Candidate(slug, Kind.Value, name) for slug, name in names.items())
    for endpoint in endpoints:
        if endpoint.key.tag not in served:
            yield Candidate(endpoint.key.tag, Kind.Value, f"{endpoint.provider_name} · {price(endpoint.pricing)}")


def _profiles(prefs: RegistryPrefs, model_id: str | None) -> Iterator[Candidate]:
    seen: set[str] = set()
    for listed in routing.list_profiles(prefs, model_id):
        name = listed.profile.name
        if name not in seen:
            seen.add(name)
            values = ", ".join(f"{key} = {value}" for key, value in listed.profile.params.set_values().items())
            yield Candidate(name, Kind.Reference, f"{listed.scope}: {values or 'sets nothing'}")
