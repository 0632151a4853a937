"""Facts about models, endpoints and providers, as importers normalise them and clients see them."""

from __future__ import annotations

from typing import Any, Literal

from .keys import EndpointKey, ModelKey
from .money import Money, scaled
from .wire import Wire

Support = Literal["yes", "no", "uncertain"]
Basis = Literal["hint", "endpoints"]
"""Where a model row's facts come from: the model list (a hint) or its endpoints (the truth)."""


class PriceOverride(Wire):
    """Prices that replace the listed ones under a condition; later entries win, key by key (`pricing.overrides`)."""

    min_prompt_tokens: int | None = None
    """Applies to prompts strictly longer than this many tokens."""
    utc_start: int | None = None
    """HHMM, inclusive."""
    utc_end: int | None = None
    """HHMM, exclusive; smaller than `utc_start` when the window wraps midnight."""
    prices: dict[str, Money] = {}
    """USD per token, by upstream key (`prompt`, `completion`, `input_cache_read`, ...)."""


class Pricing(Wire):
    """What tokens cost, in USD. None means unknown, or varying when `varies` is set; never negative.

    Listed prices are already net of `discount`; it is kept only to be shown.
    """

    prompt_per_token: Money | None = None
    completion_per_token: Money | None = None
    prompt_per_1k: Money | None = None
    completion_per_1k: Money | None = None
    prompt_per_1m: Money | None = None
    completion_per_1m: Money | None = None
    varies: bool = False
    """The price depends on the model a router picks (upstream sends "-1")."""
    other: dict[str, Money] = {}
    """Further prices by upstream key (`request`, `image`, `input_cache_read`, ...), USD per unit."""
    discount: Money | None = None
    overrides: tuple[PriceOverride, ...] = ()

    @classmethod
    def per_token(
        cls,
        prompt: Money | None,
        completion: Money | None,
        *,
        varies: bool = False,
        other: dict[str, Money] | None = None,
        discount: Money | None = None,
        overrides: tuple[PriceOverride, ...] = (),
    ) -> Pricing:
        """Return the record with the per-1K and per-1M prices worked out from USD per token."""
        return cls(
            prompt_per_token=prompt,
            completion_per_token=completion,
            prompt_per_1k=scaled(prompt, 1_000),
            completion_per_1k=scaled(completion, 1_000),
            prompt_per_1m=scaled(prompt, 1_000_000),
            completion_per_1m=scaled(completion, 1_000_000),
            varies=varies,
            other=other or {},
            discount=discount,
            overrides=overrides,
        )


class ModelRecord(Wire):
    """One row of the model list. Everything here is a hint: endpoints hold the truth."""

    id: str
    name: str
    source: str
    """The importer that brought the row, e.g. "openrouter"."""
    canonical_slug: str | None = None
    description: str = ""
    created: int | None = None
    """Unix seconds."""
    context_hint: int | None = None
    """Tokens; None when unknown (upstream sends 0 or null)."""
    max_completion_hint: int | None = None
    supported_parameters: tuple[str, ...] | None = None
    """The union over endpoints: each one may support fewer. None when upstream did not say."""
    pricing: Pricing = Pricing()
    """The cheapest endpoint's price."""
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    tokenizer: str | None = None
    knowledge_cutoff: str | None = None
    """ISO date."""
    expires: str | None = None
    """ISO date after which the model goes away."""
    alias_target: str | None = None
    """The id that a `~author/family-latest` alias stands for."""
    hugging_face_id: str | None = None
    is_moderated: bool | None = None
    default_parameters: dict[str, Any] = {}
    """Only the keys that upstream set."""

    @property
    def key(self) -> ModelKey:
        """Return the id taken apart."""
        return ModelKey.parse(self.id)

    @property
    def tools_hint(self) -> Support:
        """Return "no" when no endpoint is said to take tools, else "uncertain": some may not."""
        if self.supported_parameters is not None and "tools" not in self.supported_parameters:
            return "no"
        return "uncertain"


class Percentiles(Wire):
    """Percentiles of the last 30 minutes; None where upstream gave none (no API key)."""

    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p99: float | None = None


class EndpointRecord(Wire):
    """One concrete serving of a model by a provider: the truth about parameters, price and limits."""

    key: EndpointKey
    provider: str
    """Slug, the first part of the tag."""
    provider_name: str
    source: str
    quantization: str | None = None
    """As upstream says it; None when absent or "unknown"."""
    pricing: Pricing = Pricing()
    context_length: int | None = None
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    supported_parameters: tuple[str, ...] | None = None
    supports_tools: Support = "uncertain"
    uptime_30m: float | None = None
    """Percent."""
    uptime_5m: float | None = None
    uptime_1d: float | None = None
    status: int | None = None
    """0 is healthy, below 0 is degraded or down (-5 at worst so far)."""
    latency_ms: Percentiles | None = None
    throughput_tps: Percentiles | None = None
    """Tokens per second; higher is better."""
    implicit_caching: bool | None = None
    zdr: bool | None = None
    """Whether the provider keeps no data (zero data retention); None while upstream's list of those is not known."""


class ProviderRecord(Wire):
    """Who operates endpoints (`/providers`)."""

    slug: str
    name: str
    source: str
    privacy_policy_url: str | None = None
    terms_of_service_url: str | None = None
    status_page_url: str | None = None
    headquarters: str | None = None
    datacenters: tuple[str, ...] = ()


class SuccessorRecord(Wire):
    """What took the place of an id that the model list names no more."""

    id: str
    successor: str
    """May have gone off the list itself since."""
    source: str


class Freshness(Wire):
    """How old an answer is and where it is from."""

    source: str
    """An importer's name, or "snapshot YYYY-MM-DD" for the copy bundled with ploked, or "none"."""
    refreshed_at: str | None = None
    """ISO 8601, UTC; None when never refreshed."""
    age_s: float | None = None
    stale: bool = True
    error: str | None = None
    """Why the last refresh failed, for people; None when it succeeded."""
