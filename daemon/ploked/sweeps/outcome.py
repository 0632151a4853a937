"""Read what came back for one request of a sweep: tokens, cost, the first words, or what went wrong. Pure.

Follows the answers of `POST /chat/completions`: blank lines may come first, `usage.cost` is what was billed, content
can be missing where only reasoning or a tool call came, and an error can come under HTTP 200 once output has begun.
"""

from __future__ import annotations

from typing import Any

import msgspec
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.money import Money, money
from ploked_protocol.sweeps import CostSource, SweepRow

from ..importers.readers import strict, text, whole
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
    answer = _decoded(reply.body)
    usage = _at(answer, "usage")
    prompt_tokens, completion_tokens = _tokens(usage, "prompt_tokens"), _tokens(usage, "completion_tokens")
    cost, source = _cost(request.endpoint, usage, prompt_tokens, completion_tokens)
    error = reply.problem or _error(reply.status, answer)
    return planned_row(
        request,
        status="ok" if error is None else "error",
        latency_ms=reply.latency_ms,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost=cost,
        cost_source=source,
        finish_reason=text(_at(answer, "choices", 0, "finish_reason")),
        summary=_summary(_at(answer, "choices", 0, "message")),
        error=error,
        served_by=text(_at(answer, "provider")),
        served_model=text(_at(answer, "model")),
        finished_at=finished_at,
    )


def planned_row(request: PlannedRequest, **fields: Any) -> SweepRow:
    """Return a row of `request`, with what is known of its end."""
    return SweepRow(request.request_id, request.label, dict(request.params), request.tag, **fields)


def error_message(body: bytes) -> str | None:
    """Return what an error body says, with the words of the provider behind it; None when it says nothing."""
    return _said(_decoded(body))


def _decoded(body: bytes) -> Any:
    """Return the JSON of a body, None where there is none; half a surrogate pair, which models do write, is mended."""
    for mend in (bytes, strict):
        try:
            return msgspec.json.decode(mend(body))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
    return None


def _at(value: Any, *path: str | int) -> Any:
    """Return what stands at `path`; None where it leads nowhere."""
    for step in path:
        if isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _error(status: int | None, answer: Any) -> str | None:
    """Return what is wrong with a whole answer; None when it is a completion."""
    said = _said(answer)
    if status != 200:
        return f"HTTP {status}: {said or 'the upstream gave no reason'}"
    if answer is None:
        return "the answer is not JSON"
    if said is not None or _at(answer, "error") is not None:
        return f"the upstream failed after it began to answer: {said or 'it gave no reason'}"
    if _at(answer, "choices", 0, "finish_reason") == "error":
        return "the upstream failed while it wrote the answer"
    return None if isinstance(_at(answer, "choices", 0), dict) else "the answer holds no completion"


def _said(answer: Any) -> str | None:
    error = _at(answer, "error")
    if error is None:
        error = _at(answer, "choices", 0, "error")
    message = text(_at(error, "message"), 300) or text(error, 300)
    behind = text(_at(error, "metadata", "raw"), SUMMARY)
    return f"{message} ({behind})" if message and behind else message


def _summary(message: Any) -> str | None:
    """Return the first characters of the answer on one line; what stands in its place is named."""
    content = _at(message, "content")
    if isinstance(content, list):
        content = "".join(part for each in content if isinstance(part := _at(each, "text"), str))
    if said := text(content, SUMMARY):
        return said
    if call := text(_at(message, "tool_calls", 0, "function", "name")):
        arguments = text(_at(message, "tool_calls", 0, "function", "arguments"), SUMMARY)
        return f"[calls {call}({arguments or ''})]"
    if thought := text(_at(message, "reasoning"), SUMMARY):
        return f"[reasoning only] {thought}"
    return text(_at(message, "refusal"), SUMMARY)


def _tokens(usage: Any, name: str) -> int | None:
    tokens = whole(_at(usage, name))
    return tokens if tokens is not None and tokens >= 0 else None


def _cost(
    endpoint: EndpointRecord | None, usage: Any, prompt_tokens: int | None, completion_tokens: int | None
) -> tuple[Money | None, CostSource | None]:
    """Return the cost in USD and where it is from; None, never 0, when nobody can say."""
    reported = money(_at(usage, "cost"))
    if reported is not None and reported >= 0:
        return reported, "reported"
    if endpoint is None or prompt_tokens is None or completion_tokens is None:
        return None, None
    estimated = _listed_cost(endpoint, prompt_tokens, completion_tokens)
    return estimated, None if estimated is None else "estimated"


def _listed_cost(endpoint: EndpointRecord, prompt_tokens: int, completion_tokens: int) -> Money | None:
    """Return listed price times tokens, plus the price per request.

    Overrides for long prompts hold above their `min_prompt_tokens`, the last one that does wins key by key. Those by
    the hour are passed over: the listed price is the one of now.
    """
    listed = endpoint.pricing
    prices = {"prompt": listed.prompt_per_token, "completion": listed.completion_per_token, **listed.other}
    for override in listed.overrides:
        by_length = override.utc_start is None and override.utc_end is None
        if by_length and override.min_prompt_tokens is not None and prompt_tokens > override.min_prompt_tokens:
            prices.update(override.prices)
    prompt, completion = prices["prompt"], prices["completion"]
    if prompt is None or completion is None:
        return None
    return Money(prompt * prompt_tokens + completion * completion_tokens + (prices.get("request") or 0))
