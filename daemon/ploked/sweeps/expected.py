"""What a plan leads one to expect of the answers: the facts as they were when the sweep was launched. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

import msgspec
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.money import Money

from ..routing.charges import answer_parts, are_known, cost_of, prompt_parts
from ..routing.prices import prices_at
from .answer import Served, Usage

DATED = re.compile(r"-20[0-9]{6}")
"""The end of a canonical slug: `deepseek/deepseek-v3.2-20251201`."""


class Expected(msgspec.Struct, frozen=True):
    """Who may answer a request, and for how much."""

    model: str = ""
    """The id as it was asked for."""
    names: tuple[str, ...] = ()
    """Ids and canonical slugs that an answer may give as its model; empty where the upstream chooses the model."""
    admitted: tuple[EndpointRecord, ...] = ()
    """The endpoints that the request admits; empty where the upstream chooses them."""
    others: tuple[EndpointRecord, ...] = ()
    """The further endpoints of the model."""

    @property
    def tags(self) -> list[str]:
        """Return the tags of the endpoints admitted, each once."""
        return list(dict.fromkeys(endpoint.key.tag for endpoint in self.admitted))

    def is_named(self, model: str) -> bool:
        """Return whether an answer that gives `model` is by the model planned."""
        forms = {model, model.partition(":")[0]}
        forms |= {DATED.sub("", form) for form in forms}
        return not self.names or not forms.isdisjoint(self.names)

    def candidates(self, served: Served) -> list[EndpointRecord]:
        """Return the endpoints that may have served: those admitted, else others, by tag or by provider."""
        for group in (self.admitted, self.others):
            if found := [endpoint for endpoint in group if _may_be(endpoint, served)]:
                return found
        return []


class Listed(NamedTuple):
    """Listed prices times tokens."""

    amount: Money
    """USD."""
    by_hour: bool
    """Whether another price may hold at that hour (`Fact.by_hour`)."""


def listed_cost(endpoint: EndpointRecord, usage: Usage, at: datetime) -> Listed | None:
    """Return listed price times the tokens of `usage`, by the overrides in force `at`; None when nobody can say."""
    prompt, answer = usage.prompt_tokens, usage.completion_tokens
    prices = prices_at(endpoint.pricing, prompt, at)
    if prompt is None or answer is None or not are_known(prices):
        return None
    parts = prompt_parts(prices, prompt, usage.cached_tokens, usage.written_tokens)
    cost = cost_of(prices, parts + answer_parts(prices, answer, usage.reasoning_tokens))
    return Listed(cost.amount, any(prices[key].by_hour for key in ("prompt", "completion")))


def _may_be(endpoint: EndpointRecord, served: Served) -> bool:
    if served.tag is not None:
        return endpoint.key.tag == served.tag
    if served.provider is None:
        return False
    return _plain(served.provider) in (_plain(endpoint.provider_name), _plain(endpoint.provider))


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
