"""Read what came back for one request of a sweep: tokens, cost, the first words, or what went wrong. Pure.

Follows the answers of `POST /chat/completions`: blank lines may come first, `usage.cost` is what was billed, content
can be missing where only reasoning or a tool call came, and an error can come under HTTP 200 once output has begun.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.money import Money
from ploked_protocol.sweeps import CostSource, SweepRow

from ..importers.readers import text
from ..secret import hide
from .answer import Usage, at, decoded, usage_of
from .expected import listed_cost
from .grid import PlannedRequest

SUMMARY = 200
"""Characters of the answer that a row shows; the ledger keeps the whole."""


class Reply(msgspec.Struct, frozen=True):
    """What the network gave for one request."""

    status: int | None = None
    """HTTP status; None when no answer began."""
    body: bytes = b""
    latency_ms: float | None = None
    """None when the answer did not come to its end."""
    retry_after_s: float | None = None
    problem: str | None = None
    """Why there is no whole answer, for people."""


def read_reply(request: PlannedRequest, reply: Reply, finished_at: str) -> SweepRow:
    """Return the row; whatever came, it says so and nothing raises. `finished_at` is ISO 8601, UTC."""
    answer = decoded(reply.body)
    usage = usage_of(answer)
    cost, source = _cost(request.endpoint, usage, finished_at)
    error = reply.problem or _error(reply.status, answer)
    return planned_row(
        request,
        status="ok" if error is None else "error",
        latency_ms=reply.latency_ms,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cost=cost,
        cost_source=source,
        finish_reason=text(at(answer, "choices", 0, "finish_reason")),
        summary=_summary(at(answer, "choices", 0, "message")),
        error=error,
        served_by=text(at(answer, "provider")),
        served_model=text(at(answer, "model")),
        finished_at=finished_at,
    )


def planned_row(request: PlannedRequest, **fields: Any) -> SweepRow:
    """Return a row of `request`, with what is known of its end."""
    return SweepRow(request.request_id, request.label, dict(request.params), request.tag, **fields)


def error_message(body: bytes) -> str | None:
    """Return what an error body says, with the words of the provider behind it; None when it says nothing."""
    return _said(decoded(body))


def _error(status: int | None, answer: Any) -> str | None:
    """Return what is wrong with a whole answer; None when it is a completion."""
    said = _said(answer)
    if status != 200:
        return f"HTTP {status}: {said or 'the upstream gave no reason'}"
    if answer is None:
        return "the answer is not JSON"
    if said is not None or at(answer, "error") is not None:
        return f"the upstream failed after it began to answer: {said or 'it gave no reason'}"
    if at(answer, "choices", 0, "finish_reason") == "error":
        return "the upstream failed while it wrote the answer"
    return None if isinstance(at(answer, "choices", 0), dict) else "the answer holds no completion"


def _said(answer: Any) -> str | None:
    error = at(answer, "error")
    if error is None:
        error = at(answer, "choices", 0, "error")
    message = text(at(error, "message"), 300) or text(error, 300)
    behind = text(at(error, "metadata", "raw"), SUMMARY)
    return f"{message} ({behind})" if message and behind else message


def _summary(message: Any) -> str | None:
    """Return the first characters of the answer on one line; what stands in its place is named."""
    content = at(message, "content")
    if isinstance(content, list):
        parts = [part for each in content if isinstance(part := at(each, "text"), str)]
        content = hide("".join(parts))  # no part need hold the whole of a secret
    if said := text(content, SUMMARY):
        return said
    if call := text(at(message, "tool_calls", 0, "function", "name")):
        arguments = text(at(message, "tool_calls", 0, "function", "arguments"), SUMMARY)
        return f"[calls {call}({arguments or ''})]"
    if thought := text(at(message, "reasoning"), SUMMARY):
        return f"[reasoning only] {thought}"
    return text(at(message, "refusal"), SUMMARY)


def _cost(endpoint: EndpointRecord | None, usage: Usage, finished_at: str) -> tuple[Money | None, CostSource | None]:
    """Return the cost in USD and where it is from; None, never 0, when nobody can say."""
    if usage.cost is not None:
        return usage.cost, "reported"
    if endpoint is None:
        return None, None
    listed = listed_cost(endpoint, usage, datetime.fromisoformat(finished_at))
    return (None, None) if listed is None else (listed.amount, "estimated")
