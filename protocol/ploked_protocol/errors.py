"""Errors of the custom methods: one class per code, with the data it carries.

PlokedError
├── UnknownModel            -32011
├── NoEligibleEndpoint      -32012
├── UnknownProfile          -32013
├── UnknownSweep            -32014
├── UpstreamUnavailable     -32015
├── MissingKey              -32016
├── ConfigNotEditable       -32017
└── InvalidParams           -32602   (JSON-RPC's own)

Messages are for the person at the keyboard: what happened, why, what to do next.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from .wire import Wire, builtins

ReasonCode = Literal[
    "notAllowed",
    "denied",
    "tierNotAskedFor",
    "lacksParameter",
    "toolsRequired",
    "quantization",
    "priceAboveCap",
    "contextTooSmall",
    "maxOutputTooSmall",
    "dataPolicy",
    "zdr",
    "distillable",
    "down",
    "notSelected",
    "strictness",
    "unknownFact",
    "staleFact",
]
"""Why an endpoint is excluded from a plan, or why it is uncertain whether it qualifies:

notAllowed: no entry of `allowed_providers` or `routing.only` covers it; denied: `banned_providers` or
`routing.ignore` covers it; tierNotAskedFor: a service tier that no entry names by its whole tag; lacksParameter:
a required parameter is not in its list; toolsRequired: it does not take `tools`; quantization: outside
`routing.quantizations`; priceAboveCap: above `routing.max_price` at the stated prompt size and hour;
contextTooSmall: prompt and output do not fit its context; maxOutputTooSmall: it cannot write `max_tokens`;
dataPolicy, zdr, distillable: it does not keep to `routing.data_collection`, `routing.zdr`,
`routing.enforce_distillable_text`; down: it answered fewer than 80 % of requests in the last 30 minutes; notSelected:
no selected endpoint covers it; strictness: its source is not allowed. Only on endpoints that are kept: unknownFact, a
preference asks for a fact that the upstream does not give; staleFact, the facts are older than they may be.
"""


class ErrorData(Wire):
    """What an error carries besides its message."""

    suggestions: list[str] = []
    """Valid values close to the one rejected, best first; never the rejected one."""
    path: str | None = None
    """Where in the params or the file, e.g. `$.params.temperature`."""
    next_step: str | None = None
    details: dict[str, Any] = {}


class PlokedError(Exception):
    """Base: an answer that a client shows as it is."""

    code: ClassVar[int] = -32010

    def __init__(self, message: str, data: ErrorData | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data or ErrorData()

    def wire_data(self) -> dict[str, Any]:
        """Return `data` as it stands on the wire."""
        payload: dict[str, Any] = builtins(self.data)
        return payload


class UnknownModel(PlokedError):
    """No model of the catalog has this id; `suggestions` holds what took its place, if known, and the closest ids."""

    code = -32011


class NoEligibleEndpoint(PlokedError):
    """A sweep has no endpoint to send to; `details` holds the plan's reasons."""

    code = -32012


class UnknownProfile(PlokedError):
    """No profile has this name; `suggestions` holds the names there are."""

    code = -32013


class UnknownSweep(PlokedError):
    """No sweep, or no row of it, has this id."""

    code = -32014


class UpstreamUnavailable(PlokedError):
    """The catalog has no answer and the network gave none."""

    code = -32015


class MissingKey(PlokedError):
    """A sweep needs an API key and there is none."""

    code = -32016


class ConfigNotEditable(PlokedError):
    """config.toml cannot be edited: broken, unreadable, or changed under our hands."""

    code = -32017


class InvalidParams(PlokedError):
    """The params do not fit the method; `path` says where."""

    code = -32602


ERRORS: tuple[type[PlokedError], ...] = (
    UnknownModel,
    NoEligibleEndpoint,
    UnknownProfile,
    UnknownSweep,
    UpstreamUnavailable,
    MissingKey,
    ConfigNotEditable,
    InvalidParams,
)
