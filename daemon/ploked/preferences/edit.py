"""Edits of config.toml, from text to text. Every byte that an edit does not own stays: see `draft` and `splice`.

Each function raises ConfigNotEditable, and none writes to disk. Doing an edit twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Sequence

from ploked_protocol.errors import ErrorData, InvalidParams
from ploked_protocol.preferences import ModelProfile

from ..secret import Secret
from .draft import Draft
from .positions import KeyPath, dotted

_REGISTRY: KeyPath = ("registry",)
_MODELS: KeyPath = ("registry", "models")


def set_default_profile(text: str, name: str, model: str | None = None) -> str:
    """Return `text` with the profile `name` as the default of `model`, or of all models without one.

    Whether there is such a profile is the caller's to ask.
    """
    draft = Draft(text)
    _set_default(draft, name, model)
    return draft.text()


def save_profile(text: str, profile: ModelProfile, model: str | None = None, *, set_default: bool = False) -> str:
    """Return `text` with `profile` saved for `model`, or for all models; `set_default` makes it the default too.

    A profile of that name gets exactly these parameters; those that it has already keep their lines.
    """
    draft = Draft(text)
    if set_default:
        _set_default(draft, profile.name, model)
    profiles: KeyPath = (*(_REGISTRY if model is None else made_entry_of(draft, model)), "profiles")
    params = profile.params.set_values()
    index = draft.find(profiles, "name", profile.name)
    if index is None:
        draft.append(profiles, {"name": profile.name, "params": params} if params else {"name": profile.name})
    elif params or draft.get((*profiles, index, "params")) is not None:
        draft.put((*profiles, index, "params"), params)
    return draft.text()


def delete_profile(text: str, name: str, model: str | None = None) -> str:
    """Return `text` without the profile `name` of `model`, or without the global one.

    Comments inside the profile's lines go with it. A default that names it stays, and shows up as a problem.
    """
    draft = Draft(text)
    owner = _REGISTRY if model is None else _entry(draft, model)
    while owner is not None and (index := draft.find((*owner, "profiles"), "name", name)) is not None:
        draft.drop((*owner, "profiles", index))
    return draft.text()


def select_endpoints(text: str, model: str, endpoints: Sequence[str]) -> str:
    """Return `text` with `endpoints` (tags or slugs) as the selection of `model`; none of them selects all again.

    An empty selection leaves the key with an empty list, so that it keeps its place and its comments.
    """
    draft = Draft(text)
    entry = _entry(draft, model)
    if entry is None and not endpoints:
        return text
    selection = (*(entry or made_entry_of(draft, model)), "selected_endpoints")
    if endpoints or draft.get(selection) is not None:
        draft.put(selection, list(dict.fromkeys(endpoints)))
    return draft.text()


def take_key(text: str, path: KeyPath) -> tuple[str, Secret]:
    """Return `text` without the API key at `path`, and the key; raises InvalidParams where no text stands there."""
    draft = Draft(text)
    value = draft.get(path) if path else None
    if not isinstance(value, str) or not value.strip():
        raise InvalidParams(f"{dotted(path) or 'config.toml itself'} is no key (any more).", ErrorData(path="$.path"))
    draft.drop(path)
    return draft.text(), Secret(value.strip())


def _set_default(draft: Draft, name: str, model: str | None) -> None:
    if model is None:
        draft.put((*_REGISTRY, "global_default_profile"), name)
    else:
        draft.put((*made_entry_of(draft, model), "default_profile"), name)


def _entry(draft: Draft, model: str) -> KeyPath | None:
    index = draft.find(_MODELS, "model", model)
    return None if index is None else (*_MODELS, index)


def made_entry_of(draft: Draft, model: str) -> KeyPath:
    """Return the path of the model's entry, which is made when the file has none."""
    return _entry(draft, model) or (*_MODELS, draft.append(_MODELS, {"model": model}))
