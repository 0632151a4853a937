"""Preferences: the `[registry]` table of config.toml. Names keep the spelling of the file and of the API body."""

from __future__ import annotations

from typing import Annotated, Any, Literal, dataclass_transform

import msgspec

from .wire import Wire

Strictness = Literal["OpenRouterOnly", "AllowCustom", "AllowAny"]


@dataclass_transform(frozen_default=True)
class Prefs(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of the preference records: snake_case as in config.toml, unknown keys refused with their path."""


Number = Annotated[float, msgspec.Meta(ge=0)]
Unit = Annotated[float, msgspec.Meta(ge=0, le=1)]
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class LLMParameters(Prefs):
    """Sampling parameters, as in the chat-completions body; only those set are sent.

    Ranges are the documented ones (upstream "Parameter" table). `tools_required` is ours: it asks for an
    endpoint that takes `tools` and is never sent.
    """

    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Unit | None = None
    top_k: Annotated[int, msgspec.Meta(ge=0)] | None = None
    min_p: Unit | None = None
    top_a: Unit | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    repetition_penalty: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    seed: int | None = None
    stop: str | Annotated[list[str], msgspec.Meta(max_length=4)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    logit_bias: dict[str, float] | None = None
    response_format: dict[str, Any] | None = None
    structured_outputs: bool | None = None
    reasoning: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    include_reasoning: bool | None = None
    verbosity: str | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    tools_required: bool | None = None

    def set_values(self) -> dict[str, Any]:
        """Return the parameters that are set, by name, `tools_required` included."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}


class ModelProfile(Prefs):
    """A named set of parameters, global or of one model."""

    name: str
    params: LLMParameters = LLMParameters()
    extends: str | None = None
    """The profile whose parameters hold where this one sets none: of the same model, else a global one."""


class MaxPrice(Prefs):
    """Caps in USD per million tokens (`prompt`, `completion`) or per unit."""

    prompt: Number | None = None
    completion: Number | None = None
    request: Number | None = None
    image: Number | None = None
    audio: Number | None = None


class PercentilePrefs(Prefs):
    """A bound per percentile, in the unit of the field that holds it."""

    p50: Number | None = None
    p75: Number | None = None
    p90: Number | None = None
    p99: Number | None = None


class SortPrefs(Prefs):
    """The object form of `sort`."""

    by: str
    partition: Literal["model", "none"] | None = None


class RoutingPrefs(Prefs):
    """OpenRouter's `provider` object: the fields it takes and no others.

    Layers (the call, the model, `[registry.routing]`) are laid over each other value by value. Scalars and lists of a
    higher layer hold; `max_price`, percentiles and `sort` merge field by field, where a number counts as `p50` and a
    plain sort as `by`.
    """

    order: list[str] | None = None
    only: list[str] | None = None
    ignore: list[str] | None = None
    allow_fallbacks: bool | None = None
    require_parameters: bool | None = None
    data_collection: Literal["allow", "deny"] | None = None
    zdr: bool | None = None
    enforce_distillable_text: bool | None = None
    quantizations: list[str] | None = None
    sort: str | SortPrefs | None = None
    preferred_min_throughput: Number | PercentilePrefs | None = None
    """Tokens per second."""
    preferred_max_latency: Number | PercentilePrefs | None = None
    """Seconds, while the catalog holds milliseconds."""
    max_price: MaxPrice | None = None


class ModelPrefs(Prefs):
    """What the user wants of one model (`[[registry.models]]`)."""

    model: str
    default_profile: str | None = None
    allowed_providers: list[str] = []
    """Slugs or whole tags; empty allows all."""
    banned_providers: list[str] = []
    required_supported_params: list[str] = []
    selected_endpoints: list[str] = []
    """Slugs or whole tags; empty selects all."""
    routing: RoutingPrefs = RoutingPrefs()
    """Takes the place of `[registry.routing]` value by value."""
    profiles: list[ModelProfile] = []


class CachePrefs(Prefs):
    """How long facts count as fresh, in seconds (`[registry.cache]`)."""

    models_ttl_s: Count = 21_600
    endpoints_ttl_s: Count = 1_800


class RegistryPrefs(Prefs):
    """The whole `[registry]` table."""

    global_default_profile: str | None = None
    strictness: Strictness = "AllowCustom"
    """Which sources endpoints may come from: `OpenRouterOnly`; others as well, for models that have a table here
    (`AllowCustom`); or any (`AllowAny`)."""
    allow_down: bool = False
    """Whether plans keep endpoints that are down."""
    routing: RoutingPrefs = RoutingPrefs()
    cache: CachePrefs = CachePrefs()
    profiles: list[ModelProfile] = []
    models: list[ModelPrefs] = []

    def model(self, model_id: str) -> ModelPrefs:
        """Return the preferences of `model_id`; empty ones when the file does not name it."""
        return next((prefs for prefs in self.models if prefs.model == model_id), ModelPrefs(model=model_id))


class Origin(Wire):
    """Where an effective value comes from."""

    layer: Literal["call", "model", "global", "built-in"]
    profile: str | None = None
    file: str | None = None
    line: int | None = None
    """1-based."""
    key: str | None = None
    """Dotted path in config.toml, e.g. `registry.profiles[0].params.temperature`."""


class ResolvedProfile(Wire):
    """The parameters in effect, value by value, and where each comes from."""

    name: str
    params: dict[str, Any]
    origins: dict[str, Origin]


class ResolvedRouting(Wire):
    """The routing preferences in effect, value by value, and where each comes from."""

    values: RoutingPrefs = RoutingPrefs()
    origins: dict[str, Origin] = {}
    """By dotted name: `sort`, `max_price.prompt`, `preferred_max_latency.p90`. `profile` is null in each."""


class ConfigProblem(Wire):
    """Something wrong in config.toml; lines and columns are 1-based, columns count code points."""

    code: str
    message: str
    severity: Literal["error", "warning", "information"]
    line: int
    column: int
    end_line: int
    end_column: int
    """Exclusive."""
    suggestion: str | None = None
    """The text to put in place of the range, when there is a good guess."""
