"""What a reply means for what is sent next: the same again, the next request, or nothing more. Pure."""

from __future__ import annotations

from .outcome import Reply, error_message

RETRIED = frozenset({408, 429, 502, 503, 529})
MAX_RETRIES = 2
MAX_WAIT_S = 30.0
"""A longer `Retry-After` is cut to this; what is still refused then is a row with an error."""
STOPPING = {
    401: "The upstream refused the key. Set another: run `ploked keys set openrouter`, or mend OPENROUTER_API_KEY",
    402: "The account behind the key has no credits left. Add some, then launch the sweep again",
    403: "The upstream does not let this key do that. See what it may do, or run `ploked keys set openrouter`",
}
"""Statuses that every further request would get too."""


def wait_s(reply: Reply, attempt: int, backoff_s: float, draw: float) -> float | None:
    """Return the seconds to wait before sending again after `attempt` (from 0); None when that shall not be.

    `Retry-After` is honoured; without one the wait is `backoff_s`, doubled each time. `draw` in [0, 1) spreads it.
    """
    if reply.status not in RETRIED or attempt >= MAX_RETRIES:
        return None
    asked_s = reply.retry_after_s
    least_s = backoff_s * 2**attempt if asked_s is None else min(asked_s, MAX_WAIT_S)
    return least_s * (1 + draw / 4)


def stopping(reply: Reply) -> str | None:
    """Return why the whole sweep must stop and what to do, for people; None when it can go on."""
    if reply.status not in STOPPING:
        return None
    return f"{STOPPING[reply.status]} (HTTP {reply.status}: {error_message(reply.body) or 'no reason given'})."
