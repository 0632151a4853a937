"""What a constraint is: a check of one endpoint, the preference behind it, and the edits that would lift it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Literal, NamedTuple

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.errors import ReasonCode
from ploked_protocol.preferences import Origin

SHOWN = 4
"""How many endpoints a sentence names before it counts the rest."""

OF_THE_CALL = " of the call"


@dataclass(frozen=True)
class Edit:
    """One change of a preference; `str` words it as an instruction. Equal edits are one change."""

    verb: Literal["remove", "add", "set"]
    path: str
    """Dotted path in config.toml, or the field "of the call"."""
    value: str | None = None
    """The entry to remove or add, or the value to set, as TOML has it; None removes the whole of `path`."""
    away: Decimal = field(default=Decimal(0), compare=False)
    """How far a number to set is from the present one: of two, the nearer is the lesser change. 0: not a number."""
    by_name: bool = field(default=False, compare=False)
    """Of an entry to add: whether it has to be this very one, where otherwise one that covers it will do."""

    def __str__(self) -> str:
        """Return the instruction."""
        if self.value is None:
            return f"{self.verb} {self.path}"
        between = {"remove": "from", "add": "to"}
        if self.verb == "set":
            return f"set {self.path} to {self.value}"
        return f"{self.verb} {self.value} {between[self.verb]} {self.path}"


Edits = tuple[Edit, ...]
"""Edits that have to be made together."""


class Unknown(Enum):
    """The third thing that a check can say."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN
"""A fact that the constraint needs is unknown: the endpoint is kept, and may turn out not to pass."""

Said = str | Unknown | None
"""Why an endpoint does not pass, for people; UNKNOWN; or None: it passes."""


class Source(NamedTuple):
    """Where the preference behind a constraint stands."""

    origin: str | None
    """Dotted path in config.toml, "call", or None for a rule of the upstream."""
    place: Origin | None


RULE = Source(None, None)
"""Of a constraint that is the upstream's own."""


def no_way(_endpoint: EndpointRecord) -> tuple[Edits, ...]:
    """Return no edits: no change of preferences lifts the constraint."""
    return ()


@dataclass(frozen=True, eq=False, slots=True)
class Constraint:
    """One preference that can exclude endpoints. What it says of one depends on no other constraint."""

    code: ReasonCode
    source: Source
    says: str
    """The preference in a few words, with its value."""
    check: Callable[[EndpointRecord], Said]
    lift: Callable[[EndpointRecord], tuple[Edits, ...]] = no_way
    """For an endpoint that fails: every way to let it pass. Asked only of those."""
    upstream: bool = False
    """Whether the upstream applies it too, given the rest of the request body."""
    doubt: str = ""
    """What is unknown where `check` says so: what follows the name of the endpoint in a sentence."""


Failure = tuple[Constraint, str]
"""A constraint that an endpoint does not pass, and why."""


def judge(endpoint: EndpointRecord, rules: Sequence[Constraint]) -> tuple[list[Failure], list[Constraint]]:
    """Return every constraint that excludes `endpoint`, and every one that lacks a fact to tell, in their order."""
    failed: list[Failure] = []
    unknown: list[Constraint] = []
    for rule in rules:
        said = rule.check(endpoint)
        if said is None:
            continue
        if said is UNKNOWN:
            unknown.append(rule)
        else:
            failed.append((rule, said))
    return failed, unknown


def label(endpoint: EndpointRecord) -> str:
    """Return the whole tag, with the ordinal where a model has it more than once."""
    key = endpoint.key
    return f"{key.tag}#{key.ordinal}" if key.ordinal else key.tag


def names(endpoints: Sequence[EndpointRecord]) -> str:
    """Return the labels of `endpoints`, shortened to the first few and a count."""
    shown = ", ".join(label(endpoint) for endpoint in endpoints[:SHOWN])
    rest = len(endpoints) - SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
