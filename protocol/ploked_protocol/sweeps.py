"""Parameter sweeps: what to vary, and one row per request sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from .keys import EndpointKey
from .money import Money
from .plans import Deviation
from .preferences import LLMParameters, RoutingPrefs
from .wire import Wire

MAX_REQUESTS = 10_000
"""A sweep larger than this is refused: it is more often a slip than a wish."""

SweepState = Literal["running", "done", "cancelled", "failed"]
CostSource = Literal["reported", "estimated"]


class GridAxis(Wire):
    """`steps` values of one numeric parameter from `start` to `stop`, both included, evenly spaced in decimals."""

    parameter: str
    start: Decimal
    stop: Decimal
    steps: Annotated[int, msgspec.Meta(ge=1, le=MAX_REQUESTS)]


class LaunchSweepParams(Wire):
    """What to sweep: the cartesian product of the axes and seeds, for each eligible endpoint."""

    model: str
    grid: list[GridAxis] = []
    seeds: list[int] = []
    per_endpoint: bool = True
    """True pins each eligible endpoint in turn by its whole tag; false sends one routed request per variant."""
    selected_endpoints: list[str | EndpointKey] | None = None
    messages: list[dict[str, Any]] | None = None
    prompt: str | None = None
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    profile: str | None = None
    params: LLMParameters = LLMParameters()
    routing: RoutingPrefs = RoutingPrefs()
    """The highest layer of routing preferences, for this sweep alone."""


class SweepLaunched(Wire):
    """The answer to `ploked/launchSweep`; rows arrive through `ploked/sweepProgress` and `ploked/sweepResults`."""

    sweep_id: str
    requests: int
    message: str | None = None
    """What was left out of the sweep and why, for people."""


class SweepRow(Wire):
    """One request of a sweep: what was planned and what came back."""

    request_id: str
    """`model|tag|label#hash`; the hash covers the body sent, the tag and the replicate."""
    label: str
    """The variant for people: `temperature=0.2 seed=1`."""
    params: dict[str, Any]
    """The values of the axes and the seed, as sent."""
    tag: str | None
    """The endpoint pinned; null for a routed request."""
    status: Literal["pending", "ok", "error", "cancelled"]
    latency_ms: float | None = None
    """From sending the request to the end of the answer; waiting for a place in the queue is not in it."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: Money | None = None
    """USD."""
    cost_source: CostSource | None = None
    """"reported" is `usage.cost`; "estimated" is listed price times tokens."""
    finish_reason: str | None = None
    summary: str | None = None
    """The first characters of the answer."""
    error: str | None = None
    served_by: str | None = None
    """The provider's display name in the answer."""
    served_model: str | None = None
    finished_at: str | None = None
    """ISO 8601, UTC."""
    served_tag: str | None = None
    """The endpoint that served, where the upstream says so or the provider's name tells."""
    deviations: list[Deviation] = []
    """How the answer differs from the plan; see `ploked/planVersusActual`."""


class SweepResultsParams(Wire):
    """Which sweep, and in which order: a row field, with a leading `-` for descending (`-latencyMs`)."""

    sweep_id: str
    sort: str | None = None


class SweepResults(Wire):
    """A sweep as far as it has come."""

    sweep_id: str
    state: SweepState
    rows: list[SweepRow]
    """Finished rows, in the order they arrived unless `sort` says otherwise; rows without the value come last."""
    model: str
    total: int
    """Requests planned."""
    cost: Money | None = None
    """The sum of what is known, USD."""
    best: str | None = None
    """The request id of the cheapest, then fastest, row that is ok."""
    message: str | None = None


class CancelSweepParams(Wire):
    """Which sweep to stop."""

    sweep_id: str


class SweepCancelled(Wire):
    """The state after cancelling: "cancelled", or the final state of a sweep that had ended before.

    It is "running" where another process runs the sweep, such as a daemon that has left its place, and has not ended it
    within two seconds.
    """

    sweep_id: str
    state: SweepState
    message: str | None = None
    """Why the sweep still runs, for people."""


class SweepStarted(Wire):
    """Sent to every client when a sweep begins, whoever launched it."""

    sweep_id: str
    model: str
    total: int
    """Requests planned."""


class SweepProgress(Wire):
    """Sent after each finished request of a sweep, and once at its end.

    Sweeps of other processes are told of too, such as those of a daemon that was restarted: from the last row on that
    had come. A client that begins to listen hears the last word on each of them.
    """

    sweep_id: str
    state: SweepState
    done: int
    total: int
    failed: int
    row: SweepRow | None = None
    """The row that just finished; null in the last notification, and where no row of another process has come yet."""
    message: str | None = None
    """Why the sweep ended where it did not end by itself: also that ploked ended while it ran."""
