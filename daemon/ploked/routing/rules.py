"""What a constraint is: a check of one endpoint, the preference behind it, and the edits that would lift it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.errors import ReasonCode

SHOWN = 4
"""How many endpoints a sentence names before it counts the rest."""


@dataclass(frozen=True)
class Edit:
    """One change of a preference; `str` words it as an instruction. Equal edits are one change."""

    verb: Literal["remove", "add", "set"]
    path: str
    """Dotted path in config.toml, or the field "of the call"."""
    value: str | None = None
    """The entry to remove or add, or the value to set; None removes the whole of `path`."""
    away: Decimal = field(default=Decimal(0), compare=False)
    """How far a value to set is from the present one, to propose the smallest change."""

    def __str__(self) -> str:
        """Return the instruction."""
        if self.value is None:
            return f"{self.verb} {self.path}"
        between = {"remove": "from", "add": "to"}
        if self.verb == "set":
            return f"set {self.path} to {self.value}"
        return f"{self.verb} {self.value} {between[self.verb]} {self.path}"


@dataclass(frozen=True)
class Constraint:
    """One preference that can exclude endpoints. What it says of one depends on no other constraint."""

    code: ReasonCode
    origin: str | None
    """Dotted path in config.toml, "call", or None for a rule of the upstream."""
    says: str
    """The preference in a few words, with its value."""
    check: Callable[[EndpointRecord], str | None]
    """Why an endpoint does not pass, for people; None when it does."""
    lift: Callable[[EndpointRecord], tuple[Edit, ...]]
    """The edits that let an endpoint pass which does not; all of them are needed."""
    upstream: bool = False
    """Whether the upstream applies it too, given the rest of the request body."""
    sent: str | None = None
    """The parameter that an endpoint lacks though the request sends it under `require_parameters`."""


Failure = tuple[Constraint, str]
"""A constraint that an endpoint does not pass, and why."""


def failures(endpoint: EndpointRecord, rules: Sequence[Constraint]) -> list[Failure]:
    """Return every constraint that excludes `endpoint`, in the order of `rules`; empty when it is eligible."""
    return [(rule, why) for rule in rules if (why := rule.check(endpoint)) is not None]


def label(endpoint: EndpointRecord) -> str:
    """Return the whole tag, with the ordinal where a model has it more than once."""
    key = endpoint.key
    return f"{key.tag}#{key.ordinal}" if key.ordinal else key.tag


def names(endpoints: Sequence[EndpointRecord]) -> str:
    """Return the labels of `endpoints`, shortened to the first few and a count."""
    shown = ", ".join(label(endpoint) for endpoint in endpoints[:SHOWN])
    rest = len(endpoints) - SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
