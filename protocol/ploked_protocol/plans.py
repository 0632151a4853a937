"""Route plans: which endpoints qualify, why the others do not, and the exact request."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from .catalog import EndpointRecord, Freshness
from .errors import ReasonCode
from .keys import EndpointKey
from .money import Money
from .preferences import ConfigProblem, LLMParameters, Origin, ResolvedProfile, ResolvedRouting, RoutingPrefs
from .wire import Wire

Tokens = Annotated[int, msgspec.Meta(ge=0)]

DEFAULT_PROMPT = "Say hello in one short sentence."
"""Stands in where neither `prompt` nor `messages` is given, so that the body can be sent as it is."""


class RoutePlanParams(Wire):
    """What to plan for. Anything left out comes from config.toml."""

    model: str
    profile: str | None = None
    params: LLMParameters = LLMParameters()
    selected_endpoints: list[str | EndpointKey] | None = None
    """Tags, slugs or keys; takes the place of the configured selection."""
    messages: list[dict[str, Any]] | None = None
    prompt: str | None = None
    """Short for one user message; `messages` wins when both are given."""
    routing: RoutingPrefs = RoutingPrefs()
    """The highest layer of routing preferences, for this call alone."""
    prompt_tokens: Tokens | None = None
    """Size of the prompt: decides which price overrides apply and which contexts are too small."""
    cached_tokens: Tokens = 0
    """How many of the prompt's tokens are expected to be read from a cache."""
    output_tokens: Tokens | None = None
    """Size of the answer that is expected; half of what may be written when left out."""
    at: str | None = None
    """ISO 8601 time for which prices hold (they may depend on the hour, in UTC); now when left out."""
    config_text: str | None = None
    """What-if: the text of a config.toml that is not saved; its preferences are used instead of those in force."""
    strategy: Literal["model", "models"] = "model"
    """How the body names the model: `model`, or `models` with one entry. Both with the same provider object."""
    as_curl: bool = False
    """Whether the plan also holds the request as a command."""

    def chat(self) -> list[dict[str, Any]]:
        """Return the messages to send."""
        return self.messages or [{"role": "user", "content": self.prompt or DEFAULT_PROMPT}]


class Reason(Wire):
    """One constraint that excludes an endpoint, or one fact that leaves it uncertain."""

    code: ReasonCode
    message: str
    origin: str | None = None
    """The preference that caused it, as a dotted path of config.toml, or "call"; null for a rule of the upstream."""
    place: Origin | None = None
    """The same with its layer, file and line."""


class Exclusion(Wire):
    """An endpoint that does not qualify, with every reason."""

    endpoint: EndpointRecord
    reasons: list[Reason]


class CostPart(Wire, gc=False):
    """One term of a cost: tokens (or requests) times a price."""

    fact: str
    """Where the price stands in the endpoint's record: `pricing.prompt`, `pricing.overrides[1].completion`."""
    units: int
    price: Money
    """USD per unit."""
    amount: Money
    """USD."""


class Cost(Wire, gc=False):
    """What one request costs in one case, USD, with the facts that it was worked out from."""

    amount: Money
    parts: list[CostPart]


class CostRange(Wire, gc=False):
    """What one request may cost at an endpoint; a figure is null when a price or a size that it needs is unknown."""

    lowest: Cost | None = None
    """The whole prompt read from the cache where that has a price, and an answer of one token."""
    expected: Cost | None = None
    """`cachedTokens` of the prompt read from the cache, and `outputTokens`."""
    highest: Cost | None = None
    """Nothing read from the cache, all of it written there where that costs more, and the longest answer allowed."""


class Verdict(Wire):
    """What the plan says of one endpoint that is kept, beside its record at the same index of `endpoints`."""

    key: EndpointKey
    verdict: Literal["eligible", "uncertain"]
    uncertain: list[Reason] = []
    """Facts that are unknown or stale: the endpoint is kept, and may turn out not to qualify."""
    dropped: list[str] = []
    """Parameters that would be sent and that it does not take: the upstream drops them without a word."""
    share: float | None = None
    """The part of the requests that it is likely to get first, between 0 and 1; null where nothing is known of that."""
    cost: CostRange | None = None
    """Null unless `promptTokens` was given."""


class TryOrder(Wire):
    """In which order the upstream tries the endpoints of a plan."""

    by: Literal["order", "price", "throughput", "latency", "exacto", "default"]
    """`routing.order`, `routing.sort`, or the upstream's own balancing: price, by inverse square."""
    estimate: bool
    """Whether the upstream decides by figures that change, so that this is a guess."""
    message: str


class PreferenceEdit(Wire):
    """One change of config.toml, or of the call."""

    verb: Literal["remove", "add", "set"]
    path: str
    """Dotted path in config.toml, or words that end in "of the call"."""
    value: str | None = None
    """The entry to remove or add, or the value to set, as TOML would have it; null removes the whole of `path`."""


class Relaxation(Wire):
    """A smallest set of changes and exactly the endpoints that they bring back: no part of it brings any of them."""

    edits: list[PreferenceEdit]
    brings_back: list[EndpointKey]
    message: str
    applicable: bool
    """Whether `ploked/editPreferences` can make all of the edits: none of them is of the call."""


class PlanCost(Wire):
    """What one request of a plan may cost, over all endpoints that are kept."""

    lowest: Money | None = None
    expected: Money | None = None
    """By the share of each endpoint."""
    highest: Money | None = None
    lowest_at: EndpointKey | None = None
    highest_at: EndpointKey | None = None
    message: str | None = None
    """What is not in the figures, for people."""


class PlanWarning(Wire):
    """Something that a person would want to know before the request is sent."""

    code: Literal[
        "parameterUnsupported", "parameterDropped", "preferenceMatchesNothing", "staleFacts", "accountSettings"
    ]
    message: str
    origin: str | None = None
    place: Origin | None = None


class NothingLeft(Wire):
    """Why a plan is empty and what to do."""

    removed_last: list[Reason]
    """The constraint (or constraints) that removed the last endpoint, in the order they were applied."""
    loosen: list[str]
    """Changes, each of which brings at least one endpoint back, for people: `relaxations` in words."""


class RoutePlan(Wire):
    """The answer to `ploked/routePlan`."""

    model: str
    endpoints: list[EndpointRecord]
    """Those that qualify, in the order in which they are tried (see `tryOrder`)."""
    excluded: list[Exclusion]
    profile: ResolvedProfile
    request: dict[str, Any] | None
    """The chat-completions body to POST; null when no endpoint is left."""
    freshness: Freshness
    message: str | None = None
    """For people: what is odd about the plan; always set when no endpoint is left."""
    nothing_left: NothingLeft | None = None
    verdicts: list[Verdict] = []
    """One for each of `endpoints`, in their order."""
    try_order: TryOrder | None = None
    """Null when no endpoint is left."""
    routing: ResolvedRouting = ResolvedRouting()
    """The routing preferences in effect, value by value."""
    relaxations: list[Relaxation] = []
    """When few endpoints are left, the smallest sets of changes that bring others back, fewest changes first."""
    cost: PlanCost | None = None
    """Null unless `promptTokens` was given."""
    warnings: list[PlanWarning] = []
    curl: str | None = None
    """With `asCurl`: a command that sends the request, with the key left to `$OPENROUTER_API_KEY`."""
    problems: list[ConfigProblem] = []
    """With `configText`: what is wrong in it."""


class EditPreferencesParams(Wire):
    """Edits of config.toml to make together, such as those of a relaxation."""

    edits: list[PreferenceEdit]
    """Paths may name a model by its id, and a profile by its name, in place of an index: `registry.models["a/b"].x`."""
    config_text: str | None = None
    """With edits of a plan that was made with `configText`: the same text. Indexes in paths count the entries in it;
    without, those of the preferences in force. So an edit finds its entry also where others have moved it meanwhile."""


class EffectiveProfileParams(Wire):
    """Whose parameters to show: a model with its default profile, or a profile by name."""

    model: str | None = None
    profile: str | None = None
    params: LLMParameters = LLMParameters()
    config_text: str | None = None
    """The text of a config.toml that is not saved."""


class EffectiveProfile(Wire):
    """The parameters and routing preferences in effect, value by value, with the place that each comes from."""

    profile: ResolvedProfile
    routing: ResolvedRouting
    chain: list[str]
    """The profiles that were merged, highest first, parents behind the profile that extends them."""
    warnings: list[PlanWarning] = []
    """Parameters that no endpoint of the model takes, as far as its endpoints are known."""
    problems: list[ConfigProblem] = []


class PreferencesDiffParams(Wire):
    """A config.toml that is not saved, to hold against the preferences in force."""

    config_text: str
    prompt_tokens: Tokens | None = None


class PlanSummary(Wire):
    """A plan in a few figures."""

    eligible: int
    total: int
    lowest_prompt_per_1m: Money | None = None
    """USD per million prompt tokens, over the endpoints that qualify."""
    highest_prompt_per_1m: Money | None = None
    lowest_completion_per_1m: Money | None = None
    highest_completion_per_1m: Money | None = None


class ModelDiff(Wire):
    """What a change of preferences does to one model."""

    model: str
    changed: bool
    gained: list[EndpointKey]
    lost: list[EndpointKey]
    before: PlanSummary
    after: PlanSummary
    known: bool = True
    """Whether the endpoints of the model are known; they are not fetched for this."""
    message: str | None = None
    """For people: what becomes of it, or why it cannot be said."""


class PreferencesDiff(Wire):
    """The answer to `ploked/preferencesDiff`: every model that either text names."""

    models: list[ModelDiff]
    problems: list[ConfigProblem]
    """What is wrong in the text; where its syntax is broken, nothing differs."""
    message: str


DeviationCode = Literal["servedOutsidePlan", "otherModel", "otherPrice", "parameterDropped", "retried"]
"""How an answer differs from the plan: an endpoint that the plan excludes or does not know served it; another model
did; it was billed at another price than the listed one; a parameter was sent that the endpoint which served does not
take; the upstream tried more than one endpoint.

A bill is another price when it is more than 1 % and more than 1e-8 USD away from the listed prices, with those of the
cache, at the size of the prompt and the hour in which the request began or ended. Bills to a key of one's own (BYOK)
and of other media than text are not judged; listed prices are net of discounts already.
"""


class Deviation(Wire):
    """One difference between a plan and what the upstream reports."""

    code: DeviationCode
    message: str
    planned: str | None = None
    actual: str | None = None


class PlanVersusActualParams(Wire):
    """Which sweep, and which of its rows; all without `requestId`."""

    sweep_id: str
    request_id: str | None = None


class PlannedAndActual(Wire):
    """One request as it was planned, and as the upstream reports it."""

    request_id: str
    planned_model: str
    planned_tags: list[str]
    """The tags that the request admits."""
    planned_cost: Money | None
    """Listed price times the tokens reported, USD."""
    actual_model: str | None
    actual_provider: str | None
    """Display name."""
    actual_tag: str | None
    """The endpoint that served, where the upstream says so or it can be told from the provider; else null."""
    actual_cost: Money | None
    """`usage.cost`, USD."""
    attempts: list[str] = []
    """The endpoints that were tried, in their order, where the upstream says so."""
    deviations: list[Deviation] = []


class PlanVersusActual(Wire):
    """The answer to `ploked/planVersusActual`."""

    sweep_id: str
    rows: list[PlannedAndActual]
    deviating: int
    """How many rows differ from their plan."""
    message: str
