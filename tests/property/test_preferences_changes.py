"""Whatever a config.toml looks like, edits of its preferences do what they say, together, and touch nothing else."""

from __future__ import annotations

import copy
import tomllib
from typing import Any, NamedTuple

import msgspec
from config_texts import MODELS, TAGS, Config, configs
from hypothesis import given
from hypothesis import strategies as st
from ploked.preferences.changes import edit_preferences
from ploked.preferences.load import load
from ploked_protocol.plans import PreferenceEdit
from ploked_protocol.preferences import RegistryPrefs

Json = dict[str, Any]


class Change(NamedTuple):
    """An edit of one preference; `model` is where it is in the file, an id, or None for all models."""

    model: int | str | None
    key: str
    verb: Any
    value: Any = None

    def edit(self) -> PreferenceEdit:
        """Return the edit as it goes over the wire."""
        where = {int: f".models[{self.model}]", str: f'.models["{self.model}"]'}.get(type(self.model), "")
        value = self.value if isinstance(self.value, str | None) else str(self.value).lower()
        return PreferenceEdit(self.verb, f"registry{where}.{self.key}", value)

    def owner(self, prefs: RegistryPrefs) -> str:
        """Return the part of the text that the edit may rewrite."""
        first = {"banned_providers": "banned"}.get(self.key, self.key.split(".")[0])
        if self.model is None:
            return first
        model = self.model if isinstance(self.model, str) else prefs.models[self.model].model
        return f"models.{model}.{first}"


CHANGES = [
    ("banned_providers", "add", st.sampled_from(TAGS)),
    ("banned_providers", "remove", st.sampled_from(TAGS)),
    ("routing.only", "add", st.sampled_from(TAGS)),
    ("routing.only", "remove", st.sampled_from(TAGS)),
    ("routing.sort", "set", st.sampled_from(["throughput", '"latency"'])),
    ("routing.sort", "remove", st.none()),
    ("routing.zdr", "set", st.booleans()),
    ("routing.max_price.prompt", "set", st.sampled_from(["0.25", "12"])),
    ("routing.max_price.completion", "set", st.sampled_from(["0.25", "12"])),
    ("routing.max_price.prompt", "remove", st.none()),
    ("routing.max_price", "remove", st.none()),
    ("routing", "remove", st.none()),
]


@st.composite
def changes_of(draw: st.DrawFn, config: Config) -> list[Change]:
    """Draw changes, no two of which are of the same table of preferences."""
    places: list[int | str | None] = [None, *range(len(config.prefs.models)), *MODELS]

    @st.composite
    def one(draw: st.DrawFn) -> Change:
        key, verb, values = draw(st.sampled_from(CHANGES))
        model = draw(st.sampled_from(places if key != "banned_providers" else places[1:]))
        return Change(model, key, verb, draw(values))

    return draw(st.lists(one(), min_size=1, max_size=4, unique_by=lambda each: each.owner(config.prefs)))


def changed(prefs: RegistryPrefs, changes: list[Change]) -> RegistryPrefs:
    """Return `prefs` after the changes, the slow and obvious way."""
    data: Json = msgspec.to_builtins(prefs)
    at = {model.model: index for index, model in enumerate(prefs.models)}
    for change in changes:
        table = data
        if isinstance(change.model, int):
            table = data["models"][change.model]
        elif change.model is not None:
            if change.model not in at:
                if change.verb == "remove":
                    continue
                at[change.model] = len(data.setdefault("models", []))
                data["models"].append({"model": change.model})
            table = data["models"][at[change.model]]
        _apply(table, change.key.split("."), change)
    return plain(msgspec.convert(data, RegistryPrefs))


def _apply(table: Json, keys: list[str], change: Change) -> None:
    for key in keys[:-1]:
        if change.verb == "remove" and key not in table:
            return
        table = table.setdefault(key, {})
    if change.verb == "add":
        entries = table.setdefault(keys[-1], [])
        entries += [] if change.value in entries else [change.value]
    elif change.verb == "set":
        value = change.value
        numeric = isinstance(value, str) and value[0].isdigit()
        table[keys[-1]] = float(value) if numeric else value.strip('"') if isinstance(value, str) else value
    elif change.value is None:
        table.pop(keys[-1], None)
    elif keys[-1] in table:
        table[keys[-1]] = [entry for entry in table[keys[-1]] if entry != change.value]


def plain(prefs: RegistryPrefs) -> RegistryPrefs:
    """Return `prefs` without price caps that cap nothing: a table that an edit empties may stay or go."""
    data: Json = copy.deepcopy(msgspec.to_builtins(prefs))
    for table in (data, *data.get("models", [])):
        if table.get("routing", {}).get("max_price") == {}:
            del table["routing"]["max_price"]
    return msgspec.convert(data, RegistryPrefs)


def read(text: str) -> RegistryPrefs:
    loaded = load(text, "config.toml")
    assert loaded.prefs is not None, loaded.problems
    return plain(loaded.prefs)


def data_of(text: str) -> Json:
    return tomllib.loads(text.removeprefix("\ufeff"))


def others(text: str) -> Json:
    return {key: value for key, value in data_of(text).items() if key != "registry"}


def lines_of(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


@given(configs().flatmap(lambda config: st.tuples(st.just(config), changes_of(config))))
def test_edits_together_give_exactly_the_preferences_with_these_edits(case: tuple[Config, list[Change]]) -> None:
    config, changes = case
    edits = [change.edit() for change in changes]
    edited = edit_preferences(config.text, edits)
    intended = changed(config.prefs, changes)
    assert read(edited) == intended
    assert edit_preferences(edited, edits) == edited, "the second time changes something"
    assert others(edited) == others(config.text)
    assert edited == config.text or data_of(edited) != data_of(config.text), "nothing to change, and yet it did"

    owners = [change.owner(config.prefs) for change in changes]
    rest = iter(lines_of(edited))
    for line, owner in config.lines:
        if line.strip() and not any(owner.startswith(own) or own.startswith(f"{owner}.") for own in owners):
            assert line in rest, f"{line!r} is none of the edits' business"
