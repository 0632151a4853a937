"""What may be typed at a place of config.toml, best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from ploked_protocol.catalog import EndpointRecord, ModelRecord
from ploked_protocol.preferences import RegistryPrefs

from ... import routing
from ...preferences.checks.context import QUANTIZATIONS
from ...preferences.checks.parameters import KNOWN_PARAMETERS
from ...preferences.checks.routing import SORTS
from ...preferences.load import load
from ...preferences.meanings import meaning_of
from ...preferences.positions import KeyPath, Positions
from ...preferences.shapes import is_table, keys_of, literals_of, shape_at
from ...preferences.wording import expected
from ...threads import think
from ..documents.toml import Cursor, model_ids
from ..open_files import split_lines
from .cards import price, tokens

MOST_MODELS = 60
"""The client asks again as more is typed; a longer list costs both sides more than it helps."""

PROVIDER_LISTS = frozenset({
    "allowed_providers", "banned_providers", "selected_endpoints", "order", "only", "ignore",
})  # fmt: skip
HEADERS = ("[registry]", "[registry.routing]", "[registry.cache]", "[[registry.profiles]]", "[[registry.models]]")
PROFILE_KEYS = frozenset({"default_profile", "global_default_profile", "extends"})
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


async def candidates(service: Any, text: str, at: Cursor, model_id: str | None) -> list[Candidate]:
    """Return what may stand at the cursor, what fits the text before it first; nothing where nothing of ours can.

    `model_id` is that of the entry around it. The text is read in threads, the facts in the loop.
    """
    if at.place == "value":
        found = list(await _values(service, text, at, model_id))
    else:
        found = await think({"key": _keys, "header": _headers, "none": _nothing}[at.place], text, at)
    return found if _is_model(at.key_path) else sorted(found, key=lambda each: _distance(each.text, at.prefix))


async def model_at(text: str, path: KeyPath) -> str | None:
    """Return the model id that the `[[registry.models]]` entry around `path` names."""
    entry = path[:3]
    if entry[:2] != ("registry", "models"):
        return None
    found = await think(model_ids, text)
    return next((each.id for each in found if each.key_path[:3] == entry), None)


async def prefs_of(service: Any, text: str, line: int) -> RegistryPrefs:
    """Return the preferences in the text as typed; while it is broken, those of all but `line`, else the last good."""
    return await think(_typed_prefs, text, line) or service.preferences.prefs


def _typed_prefs(text: str, line: int) -> RegistryPrefs | None:
    prefs = load(text, "config.toml").prefs
    if prefs is None:  # as a rule it is the line of the cursor that is not finished
        rows = split_lines(text)
        rows[line : line + 1] = ["\n"]
        prefs = load("".join(rows), "config.toml").prefs
    return prefs


def _distance(text: str, typed: str) -> int:
    """Return how far `text` is from what is typed: it begins with it, holds it, neither."""
    text, typed = text.casefold(), typed.casefold()
    return 0 if text.startswith(typed) else 1 if typed in text else 2


def _nothing(_text: str, _at: Cursor) -> list[Candidate]:
    return []


def _keys(text: str, at: Cursor) -> list[Candidate]:
    """Return the keys of the table around the cursor, without those that it has already."""
    positions = Positions(text)
    own = (at.line + 1, at.start + 1)
    keys = keys_of(shape_at(at.table)) if at.table else {"version": int}
    headers = () if at.table else HEADERS
    places = {name: positions.find_in_text((*at.table, name), "key") for name in keys}
    return [
        Candidate(name, Kind.Property, expected(kind), meaning_of((*at.table, name)) or "", quoted=False)
        for name, kind in keys.items()
        if (place := places[name]) is None or place[:2] == own
    ] + [Candidate(header, Kind.Module, "table of ploked", quoted=False) for header in headers]


def _headers(text: str, at: Cursor) -> list[Candidate]:
    """Return the tables that a header can open here: `[` those that there is one of, `[[` entries of lists."""
    if not at.table:
        return [Candidate("registry", Kind.Module, "table of ploked", quoted=False)]
    array = split_lines(text)[at.line].lstrip().startswith("[[")
    found = ((name, shape_at((*at.table, name))) for name in keys_of(shape_at(at.table)))
    return [
        Candidate(name, Kind.Module, "table", quoted=False) for name, shape in found if is_table(shape, array=array)
    ]


def _is_model(path: KeyPath) -> bool:
    return path[:2] == ("registry", "models") and path[-1] == "model"


async def _values(service: Any, text: str, at: Cursor, model_id: str | None) -> Iterable[Candidate]:
    path = at.key_path
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if _is_model(path):
        return await _models(service, at.prefix)
    if name in PROVIDER_LISTS:
        return _providers(service, model_id)
    if name in PROFILE_KEYS:
        prefs = await prefs_of(service, text, at.line)
        own = _own_name(prefs, path) if name == "extends" else None
        return (candidate for candidate in _profiles(prefs, model_id) if candidate.text != own)
    if name == "required_supported_params":
        return (Candidate(parameter, Kind.EnumMember, "parameter") for parameter in KNOWN_PARAMETERS)
    if name == "quantizations":
        seen = await think(lambda: service.facts.quantizations)  # of all endpoints
        return (Candidate(name, Kind.EnumMember) for name in dict.fromkeys([*seen, *QUANTIZATIONS]))
    if name == "sort" or path[-2:] == ("sort", "by"):
        return (Candidate(value, Kind.EnumMember) for value in SORTS)
    return _literals(path)


def _own_name(prefs: RegistryPrefs, path: KeyPath) -> str | None:
    """Return the name of the profile around `path`, which it cannot extend; None where another one has it too."""
    here: Any = prefs
    for part in path[1:-1]:
        if isinstance(part, int) and part >= len(here):  # an entry before it is not read
            return None
        here = here[part] if isinstance(part, int) else getattr(here, part)
    name: str = here.name
    return None if path[1] == "models" and any(each.name == name for each in prefs.profiles) else name


def _literals(path: KeyPath) -> Iterator[Candidate]:
    for value in literals_of(shape_at(path)):
        yield Candidate(value, Kind.EnumMember, quoted=value not in ("true", "false"))


async def _models(service: Any, prefix: str) -> Iterator[Candidate]:
    found = map(service.catalog.model, await service.find_models(prefix, MOST_MODELS))
    return (_model(record) for record in found if record is not None)


def _model(record: ModelRecord) -> Candidate:
    detail = f"{record.name} · {tokens(record.context_hint)} · {price(record.pricing)}"
    return Candidate(record.id, Kind.Value, detail, record.description)


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
