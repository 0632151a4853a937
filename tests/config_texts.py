"""Hypothesis strategies for config.toml: preferences, and a text that says them in one layout among many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from ploked_protocol.preferences import (
    LLMParameters,
    MaxPrice,
    ModelPrefs,
    ModelProfile,
    RegistryPrefs,
    RoutingPrefs,
    SortPrefs,
)

NAMES = ["balanced", "creative-0.8", 'odd "name"', "é日"]
MODELS = ["moonshotai/kimi-k2", "a/b:free", "~x/y-latest"]
TAGS = ["moonshotai", "deepinfra/fp8", "novita", "google-vertex/us-east5"]
OTHER_TABLES = [
    "[ui]\ntheme = 'dark'\ncolors.'a b' = [ 0x0F, # black\n  1_000 ]",
    '[plugins.one]\nnote = """\n[registry]\n# no comment\nmodels = [\n"""',
    "[[hosts]]\nip = [\n  1, # first\n]\n  [hosts.more]\nx.y = 1979-05-27",
]

params = st.builds(
    LLMParameters,
    temperature=st.none() | st.sampled_from([0.8, 0.1, 1.0, 1e-7]),
    seed=st.none() | st.integers(-5, 10**18),
    stop=st.none() | st.sampled_from(["#", ["a", "]\n"], ['"', "a", "'"]]),
    reasoning=st.none() | st.sampled_from([{"effort": "low"}, {"max_tokens": 5, "exclude": True}]),
    tools_required=st.none() | st.booleans(),
)
profiles = st.builds(ModelProfile, st.sampled_from(NAMES), params)
profile_lists = st.lists(profiles, max_size=3, unique_by=lambda profile: profile.name)
endpoints = st.lists(st.sampled_from(TAGS), max_size=3, unique=True)
routings = st.builds(
    RoutingPrefs,
    only=st.none() | endpoints,
    zdr=st.none() | st.booleans(),
    sort=st.none() | st.just("price") | st.builds(SortPrefs, st.just("latency"), st.none() | st.just("model")),
    max_price=st.none() | st.builds(MaxPrice, prompt=st.sampled_from([0.5, 3.0]), image=st.none() | st.just(1.5)),
)
model_prefs = st.builds(
    ModelPrefs,
    model=st.sampled_from(MODELS),
    default_profile=st.none() | st.sampled_from(NAMES),
    banned_providers=endpoints,
    selected_endpoints=endpoints,
    routing=routings,
    profiles=profile_lists,
)
registry_prefs = st.builds(
    RegistryPrefs,
    global_default_profile=st.none() | st.sampled_from(NAMES),
    strictness=st.sampled_from(["AllowCustom", "AllowAny"]),
    routing=routings,
    profiles=profile_lists,
    models=st.lists(model_prefs, max_size=3, unique_by=lambda prefs: prefs.model),
)


class Config(msgspec.Struct):
    """A text, what it says, and which part of the preferences each of its lines says."""

    text: str
    prefs: RegistryPrefs
    lines: list[tuple[str, str]]
    """A line without its ending and the key it belongs to, "" for none of ours."""

    def lines_beside(self, key: str) -> list[str]:
        """Return the lines that an edit of `key` has to leave as they are."""
        return [line for line, owner in self.lines if not (owner.startswith(key) or key.startswith(f"{owner}."))]


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Draw preferences and a text: header, dotted, implicit or inline tables, comments, endings, odd spacing."""
    prefs = draw(registry_prefs)
    pen = _Pen(draw)
    others = draw(st.permutations(OTHER_TABLES))[: draw(st.integers(0, 3))]
    form = draw(st.sampled_from(["header", "lists inline", "dotted", "header last"]))
    pen.write("version = 1")
    if form != "header last":
        pen.registry(prefs, dotted=form == "dotted", inline=form == "lists inline")
    blocks: list[Callable[[], None]] = [lambda text=text: pen.write(text) for text in others]  # type: ignore[misc]  # a loop's lambda
    if form in ("header", "header last"):
        blocks.insert(draw(st.integers(0, len(blocks))), lambda: pen.routing_table("registry.routing", prefs.routing))
    if form != "lists inline":
        blocks.insert(draw(st.integers(0, len(blocks))), lambda: pen.models(prefs.models))
        blocks.insert(draw(st.integers(0, len(blocks))), lambda: pen.profiles("registry.profiles", prefs.profiles))
    for block in blocks:
        block()
    if form == "header last":
        pen.registry(prefs, dotted=False, inline=False)
    return pen.config(prefs)


class _Pen:
    """Writes lines, and draws how."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[tuple[str, str]] = []
        self.comments = 0

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def comment(self) -> str:
        self.comments += 1
        return f"#c{self.comments} [ \"'"

    def write(self, statement: str, owner: str = "") -> None:
        if self.pick("", "", "", "apart"):
            within = owner if self.lines and self.lines[-1][1] == owner else ""
            self.lines.append((self.pick("", "  ", self.comment()), within))
        statement += self.pick("", "", "  ", f" {self.comment()}")
        self.lines += [(line, owner) for line in statement.split("\n")]

    def registry(self, prefs: RegistryPrefs, *, dotted: bool, inline: bool) -> None:
        head = "registry." if dotted else self.pick("", "\t")
        if not dotted:
            self.write(self.pick("[registry]", "[ 'registry' ]"))
        if prefs.global_default_profile is not None:
            self.write(f"{head}global_default_profile={self.string(prefs.global_default_profile)}", "default")
        if dotted or prefs.strictness != "AllowCustom":
            self.write(f"{head}strictness = {self.string(prefs.strictness)}")
        if dotted or inline:
            self.routing_pairs(f"{head}routing", prefs.routing, "routing")
        if inline:
            self.write(f"{head}models = {self.array([self.inline_model(each) for each in prefs.models])}", "models")
            self.write(f"{head}profiles = {self.array(list(map(self.inline_profile, prefs.profiles)))}", "profiles")

    def models(self, models: list[ModelPrefs]) -> None:
        for prefs in models:
            key = f"models.{prefs.model}"
            self.write("[[registry.models]]")
            self.write(f"model = {self.string(prefs.model)}")
            if prefs.default_profile is not None:
                self.write(f'"default_profile" = {self.string(prefs.default_profile)}', f"{key}.default")
            if prefs.selected_endpoints or self.pick("", "empty"):
                tags = self.array([*map(self.string, prefs.selected_endpoints)])
                self.write(f"selected_endpoints = {tags}", f"{key}.selected")
            if prefs.banned_providers or self.pick("", "empty"):
                banned = self.array([*map(self.string, prefs.banned_providers)])
                self.write(f"banned_providers = {banned}", f"{key}.banned")
            as_table = self.pick("table", "pairs") == "table"
            if not as_table:
                self.routing_pairs("routing", prefs.routing, f"{key}.routing")
            if self.pick("tables", "inline") == "tables":
                self.profiles("registry.models.profiles", prefs.profiles, key)
            else:
                self.write(f"profiles = {self.array([*map(self.inline_profile, prefs.profiles)])}", f"{key}.profiles")
            if as_table:
                self.routing_table("registry.models.routing", prefs.routing, f"{key}.routing")

    def routing_pairs(self, head: str, routing: RoutingPrefs, owner: str) -> None:
        """Write `routing = { ... }`, or a line for each of its keys."""
        values = msgspec.to_builtins(routing)
        if values and self.pick("inline", "dotted") == "inline":
            self.write(f"{head} = {self.value(values)}", owner)
            return
        for name, value in values.items():
            self.write(f"{head}.{name} = {self.value(value)}", owner)

    def routing_table(self, header: str, routing: RoutingPrefs, owner: str = "routing") -> None:
        """Write a header and what is below it; `max_price` in one of three forms."""
        values = msgspec.to_builtins(routing)
        if not values and self.pick("", "empty") == "":
            return
        self.write(f"[{header}]", owner)
        caps, form = values.pop("max_price", {}), self.pick("inline", "dotted", "table")
        for name, value in values.items():
            self.write(
                f"{name} = {self.array([*map(self.string, value)]) if name == 'only' else self.value(value)}", owner
            )
        if caps and form == "table":
            self.write(f"[{header}.max_price]", owner)
        if caps and form == "inline":
            self.write(f"max_price = {self.value(caps)}", owner)
        for name, value in caps.items() if form != "inline" else ():
            self.write(f"{'max_price.' if form == 'dotted' else ''}{name} = {self.value(value)}", owner)

    def profiles(self, header: str, profiles: list[ModelProfile], key: str = "") -> None:
        for profile in profiles:
            owner = f"{key}.profiles.{profile.name}".removeprefix(".")
            self.write(f"{self.pick('', ' ')}[[{header}]]", owner)
            self.write(f"name = {self.string(profile.name)}", owner)
            form, values = self.pick("inline", "dotted", "table"), profile.params.set_values()
            if form == "inline":
                self.write(f"params = {self.value(values)}", owner)
            elif form == "table":
                self.write(f"[ {header} . params ]", owner)
            for name, value in values.items() if form != "inline" else ():
                self.write(f"  {'params.' if form == 'dotted' else ''}{name} = {self.value(value)}", owner)

    def inline_profile(self, profile: ModelProfile) -> str:
        values = profile.params.set_values()
        dotted = [f"params.{name}={self.value(value)}" for name, value in values.items()]
        params = dotted if dotted and self.pick("", "dotted") else [f"params = {self.value(values)}"]
        return f"{{ name = {self.string(profile.name)}, {', '.join(params)} }}"

    def inline_model(self, prefs: ModelPrefs) -> str:
        pairs = [f"model={self.string(prefs.model)}"]
        if prefs.default_profile is not None:
            pairs.append(f"default_profile = {self.string(prefs.default_profile)}")
        if prefs.selected_endpoints:
            pairs.append(f"selected_endpoints = {self.array([*map(self.string, prefs.selected_endpoints)])}")
        if prefs.banned_providers:
            pairs.append(f"banned_providers = {self.array([*map(self.string, prefs.banned_providers)])}")
        if values := msgspec.to_builtins(prefs.routing):
            pairs.append(f"routing = {self.value(values)}")
        if prefs.profiles:
            pairs.append(f"profiles = {self.array([*map(self.inline_profile, prefs.profiles)])}")
        return f"{{{', '.join(pairs)}}}"

    def array(self, items: Sequence[str]) -> str:
        style = self.pick("one line", "lines", "commas first", "pairs of items")
        if not items:
            return self.pick("[]", "[ ]", "[\n]", f"[ {self.comment()}\n  ]")
        if style == "one line":
            return f"[{', '.join(items)}{self.pick('', ',', ', ')}]"
        if style == "commas first":
            return "[\n    " + "\n  , ".join(f"{item} {self.comment()}" for item in items) + "\n  ]"
        if style == "pairs of items":
            return "[ " + ",".join(f"{item}" + self.pick("", "\n", f" {self.comment()}\n") for item in items) + "]"
        rows = [f"    {item}," + self.pick("", f" {self.comment()}", f" \n {self.comment()}") for item in items]
        rows[-1] = self.pick(rows[-1], f"\t{items[-1]}")
        return "\n".join([self.pick("[", f"[ {self.comment()}"), *rows, "  ]"])

    def value(self, value: Any) -> str:
        """Return a parameter; lists on one line, for a comment in a value that goes would go with it."""
        if isinstance(value, dict):
            pairs = ", ".join(f"{name} = {self.value(part)}" for name, part in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        if isinstance(value, list):
            return f"[{', '.join(map(self.string, value))}]"
        if isinstance(value, float):
            return repr(value) + ("" if "e" in repr(value) else self.pick("", "00"))
        return self.string(value) if isinstance(value, str) else str(value).lower()

    def string(self, value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"' if "'" in value or "\n" in value else self.pick(f'"{escaped}"', f"'{value}'")

    def config(self, prefs: RegistryPrefs) -> Config:
        style = self.draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"]]))
        endings = [self.pick(*style) for _ in self.lines]
        endings[-1] = self.pick(endings[-1], "")
        text = "".join(line + ending for (line, _), ending in zip(self.lines, endings, strict=True))
        return Config(self.pick("", "", "\ufeff") + text, prefs, self.lines)
