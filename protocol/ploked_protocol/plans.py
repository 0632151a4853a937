"""Route plans: which endpoints qualify, why the others do not, and the exact request."""

from __future__ import annotations

from typing import Any, Literal

from .catalog import EndpointRecord, Freshness
from .keys import EndpointKey
from .preferences import LLMParameters, ResolvedProfile
from .wire import Wire

DEFAULT_PROMPT = "Say hello in one short sentence."
"""Stands in where neither `prompt` nor `messages` is given, so that the body can be sent as it is."""

ReasonCode = Literal[
    "notAllowed",
    "denied",
    "tierNotAskedFor",
    "lacksParameter",
    "toolsRequired",
    "notSelected",
    "quantization",
    "priceAboveCap",
    "maxOutputTooSmall",
    "strictness",
]
"""Why an endpoint is excluded:

notAllowed: no entry of `allowed_providers` or `routing.only` covers it; denied: `banned_providers` or
`routing.ignore` covers it; tierNotAskedFor: a service tier that no entry names by its whole tag; lacksParameter:
a required parameter is not in its list; toolsRequired: it does not take `tools`; notSelected: no selected endpoint
covers it; quantization, priceAboveCap: outside `routing.quantizations`, above `routing.max_price`;
maxOutputTooSmall: it cannot write `max_tokens`; strictness: its source is not allowed.
"""


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

    def chat(self) -> list[dict[str, Any]]:
        """Return the messages to send."""
        return self.messages or [{"role": "user", "content": self.prompt or DEFAULT_PROMPT}]


class Reason(Wire):
    """One constraint that excludes an endpoint."""

    code: ReasonCode
    message: str
    origin: str | None = None
    """The preference that caused it, as a dotted path of config.toml, or "call"."""


class Exclusion(Wire):
    """An endpoint that does not qualify, with every reason."""

    endpoint: EndpointRecord
    reasons: list[Reason]


class NothingLeft(Wire):
    """Why a plan is empty and what to do."""

    removed_last: list[Reason]
    """The constraint (or constraints) that removed the last endpoint, in the order they were applied."""
    loosen: list[str]
    """Changes, each of which brings at least one endpoint back, for people."""


class RoutePlan(Wire):
    """The answer to `ploked/routePlan`."""

    model: str
    endpoints: list[EndpointRecord]
    excluded: list[Exclusion]
    profile: ResolvedProfile
    request: dict[str, Any] | None
    """The chat-completions body to POST; null when no endpoint is left."""
    freshness: Freshness
    message: str | None = None
    """For people: what is odd about the plan; always set when no endpoint is left."""
    nothing_left: NothingLeft | None = None
