"""Params and results of the methods that ask about the catalog, the daemon and the preferences."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from .catalog import Basis, EndpointRecord, Freshness, Support
from .keys import EndpointKey
from .money import Money
from .preferences import ConfigProblem, LLMParameters, ModelProfile
from .searching import QueryProblem
from .wire import Wire


class SearchModelsParams(Wire):
    """What to look for; an empty query lists all."""

    query: str = ""
    """In [the query language](#the-query-language): words and predicates."""
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None
    highlight: bool = False
    """Whether rows say where the words of the query stand in `id` and `name`."""
    effective: bool = False
    """Whether rows say what a request would get under the preferences in force."""


class Matches(Wire):
    """Where the words of the query stand, in order: `[start, end]` in Unicode code points, end not included.

    Letters and digits are marked, punctuation between them is not. Of each word it is what ranked the model: the
    letters as they stand together, the initials, or the letters in order. A word that is found in the description alone
    marks nothing; of one with a slip, the word that was taken for it is marked.
    """

    id: list[tuple[int, int]] = []
    name: list[tuple[int, int]] = []


class Outlook(Wire):
    """What a request for a model would get under the preferences in force, with the default profile of the model."""

    eligible: int | None
    """Endpoints that qualify; null while the endpoints are not known, or where the upstream chooses them."""
    total: int | None
    """Of how many."""
    lowest_prompt_per_1m: Money | None
    """USD per million prompt tokens, over the endpoints that qualify; of the model list where those are not known."""
    highest_prompt_per_1m: Money | None
    lowest_completion_per_1m: Money | None
    highest_completion_per_1m: Money | None
    context: int | None
    """Tokens, at the largest of the endpoints that qualify; of the model list where those are not known."""
    uncertain: bool
    """Whether only hints are known, or a fact that a preference asks for is not."""


class SearchRow(Wire, omit_defaults=True):
    """One model as a picker shows it."""

    id: str
    name: str
    author: str
    slug: str
    """With the variant, where there is one."""
    context_hint: int | None
    """Tokens."""
    supports_tools: Support
    basis: Basis
    """Whether the row, and what the query asked of it, is by a hint of the model list or the truth of the endpoints."""
    prompt_per_1m: Money | None
    """The cheapest endpoint's price, USD per million prompt tokens; null when unknown or varying."""
    completion_per_1m: Money | None
    description: str
    expires: str | None
    source: str
    favourite: bool = False
    """Left out when false."""
    matches: Matches | None = None
    """With `highlight`; left out for an empty query."""
    effective: Outlook | None = None
    """With `effective`."""


class SearchModelsResult(Wire):
    """Rows, best first; with an empty query, in the order of the catalog.

    Every word of the query is found in each row. First come those that are called so (id, name), then those with it in
    the canonical slug, then in the description; there whole words before starts of words, those before starts of parts
    and initials, those before the middle of words, and those before letters that only follow each other. Of equals come
    first favourites, then what was picked often and lately, then what begins with a query of one word (author, id or
    name), then the newest, then what the catalog lists first.
    """

    rows: list[SearchRow]
    total: int
    """How many models match, before `limit`."""
    freshness: Freshness
    problems: list[QueryProblem] = []
    """What of the query could not be understood and was left out."""
    query: str = ""
    """What was understood, in canonical spelling; it means the same again."""
    uncertain: list[int] = []
    """Places in `rows` of the models that match as far as is known: a fact that decides is not."""


class ListEndpointsParams(Wire):
    """Which model to expand."""

    model: str


class ListEndpointsResult(Wire):
    """The endpoints of a model, cheapest prompt first as upstream sends them."""

    model: str
    endpoints: list[EndpointRecord]
    freshness: Freshness
    message: str | None = None
    """For people, e.g. that a router has no endpoints of its own."""
    selected: list[str] = []
    """Tags that `selected_endpoints` of config.toml covers; an entry that covers none as it is. Empty: all are used."""


class RefreshCatalogParams(Wire):
    """Nothing: refresh models and providers. `model`: refresh the endpoints of that model instead."""

    model: str | None = None


class Refreshed(Wire):
    """What one refresh did. A failed or empty one keeps the last good rows."""

    kind: Literal["models", "endpoints", "providers"]
    outcome: Literal["updated", "unchanged", "failed"]
    count: int
    """Rows held now."""
    skipped: int
    """Rows of the answer that could not be read."""
    freshness: Freshness
    model: str | None = None
    added: list[str] = []
    """Ids of models, or tags of endpoints."""
    removed: list[str] = []
    message: str | None = None
    """Why it failed, or what was skipped, for people."""


class RefreshCatalogResult(Wire):
    """One entry per kind refreshed."""

    refreshed: list[Refreshed]


class StatusParams(Wire):
    """Nothing to ask for."""


class CatalogStatus(Wire):
    """What the catalog holds."""

    models: int
    endpoints: int
    providers: int
    freshness: Freshness
    upstream: str
    """Base URL, without credentials."""


class ConfigStatus(Wire):
    """What became of config.toml."""

    path: str
    state: Literal["loaded", "absent", "broken", "unreadable"]
    """"broken" and "unreadable" keep the last good preferences."""
    problems: list[ConfigProblem]
    message: str | None = None


KeySource = Literal["environment", "keyring", "file"]


class StatusResult(Wire):
    """The daemon about itself."""

    version: str
    protocol: str
    pid: int
    uptime_s: float
    catalog: CatalogStatus
    config: ConfigStatus
    has_key: bool
    """Whether an API key was found; never the key."""
    key_source: KeySource | None
    """Where it was found: in the daemon's environment, the system's keyring, or the file of `ploked keys`."""
    key_problem: str | None
    """Without a key: why one that may be there cannot be used, and the command that mends it."""
    running_sweeps: int
    """Those of other processes are among them, as far as they are known."""


class ListProfilesParams(Wire):
    """With a model, its own profiles come along."""

    model: str | None = None


class ListedProfile(Wire):
    """A profile and where it applies."""

    profile: ModelProfile
    scope: Literal["model", "global", "built-in"]
    is_default: bool


class ListProfilesResult(Wire):
    """The model's own profiles first, then the global ones, then the built-in one."""

    profiles: list[ListedProfile]


class SetDefaultProfileParams(Wire):
    """With a model, its default; without, the global default."""

    name: str
    model: str | None = None


class SaveProfileParams(Wire):
    """Save `params`, or the parameters of a sweep row, under `name`: for one model, or for all without `model`."""

    name: str
    params: LLMParameters = LLMParameters()
    model: str | None = None
    sweep_id: str | None = None
    request_id: str | None = None
    """A row of `sweepId`; its model and parameters are taken where `model` and `params` are not given."""
    set_default: bool = False


class DeleteProfileParams(Wire):
    """Which profile to remove: of one model, or a global one without `model`."""

    name: str
    model: str | None = None


class SelectEndpointsParams(Wire):
    """The endpoints to use for a model, as tags, slugs or keys; an empty list removes the selection."""

    model: str
    endpoints: list[str | EndpointKey]


class ConfigEdited(Wire):
    """What an edit of config.toml did."""

    changed: bool
    """False when the file said so already."""
    via: Literal["disk", "editor"]
    """"editor" when the file is open there: the edit can be undone and is not saved yet."""
    path: str
    message: str
    editor: str | None = None
    """With "editor": another one than the one that asked, in words, such as "another editor (Neovim)"."""


class StoreKeyParams(Wire):
    """The place in config.toml of the key to move: keys and 0-based indexes, as in `["registry", "api_key"]`."""

    path: list[str | int]


class PreferencesChanged(Wire):
    """Preferences were read again: on a save, an edit, or the file going away."""

    config: ConfigStatus
    changed: bool
    """Whether the effective preferences differ from before; false when the file is broken."""


class CatalogChanged(Wire):
    """A refresh ended, in the background or asked for."""

    refreshed: Refreshed
