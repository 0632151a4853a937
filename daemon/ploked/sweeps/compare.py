"""Plan versus actual: how an answer differs from what its plan led to expect. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.money import Money
from ploked_protocol.plans import Deviation, PlannedAndActual
from ploked_protocol.preferences import LLMParameters
from ploked_protocol.sweeps import SweepRow

from ..routing.capabilities import lacks
from ..routing.cost import LIMITS
from .answer import Served, Usage, decoded, served_by, usage_of
from .expected import Listed, listed_cost
from .grid import PlannedRequest

TOLERANCE = Decimal("0.01")
"""Share of the listed cost by which a bill may differ; the upstream rounds, and so do prices with 23 decimals."""
LEAST_USD = Decimal("1e-8")
"""A bill may always differ by so much: the last decimal that small bills have."""


def compared(request: PlannedRequest, row: SweepRow, body: bytes) -> tuple[SweepRow, PlannedAndActual]:
    """Return `row` with what its answer, `body`, deviates in, and the comparison itself."""
    found = _Comparison(request, row, body)
    deviations = list(found.deviations()) if found.served != Served() else []
    tag = found.tag
    comparison = PlannedAndActual(
        request_id=row.request_id,
        planned_model=request.expected.model,
        planned_tags=request.expected.tags,
        planned_cost=found.planned_cost,
        actual_model=found.served.model,
        actual_provider=found.served.provider,
        actual_tag=tag,
        actual_cost=found.usage.cost,
        attempts=list(found.served.attempts),
        deviations=deviations,
    )
    return msgspec.structs.replace(row, served_tag=tag, deviations=deviations), comparison


def in_words(rows: Sequence[PlannedAndActual]) -> str:
    """Return what comparisons come to, for people."""
    deviating = sum(bool(row.deviations) for row in rows)
    if not rows:
        return "Nothing has come back yet."
    if not deviating:
        return "What came back went as planned."
    kinds = Counter(code for row in rows for code in dict.fromkeys(each.code for each in row.deviations))
    told = ", ".join(f"{code} {count}" for code, count in kinds.most_common())
    return f"{deviating} of {len(rows)} requests did not go as planned: {told}."


class _Comparison:
    """One answer beside its plan."""

    def __init__(self, request: PlannedRequest, row: SweepRow, body: bytes) -> None:
        self.expected = request.expected
        self.request = request
        self.row = row
        answer = decoded(body)
        known = (*self.expected.admitted, *self.expected.others)
        self.usage: Usage = usage_of(answer)
        self.served: Served = served_by(answer, frozenset(endpoint.key.tag for endpoint in known))
        self.candidates = self.expected.candidates(self.served)

    @property
    def tag(self) -> str | None:
        """Return the tag that served, where the answer names it or only one endpoint can have."""
        tags = {endpoint.key.tag for endpoint in self.candidates}
        return tags.pop() if len(tags) == 1 else self.served.tag

    @property
    def inside(self) -> bool:
        """Return whether one of the endpoints admitted may have served."""
        return any(endpoint in self.expected.admitted for endpoint in self.candidates)

    @property
    def planned_cost(self) -> Money | None:
        """Return the listed cost at the endpoint planned: the one pinned, else the one that served."""
        planned = self.candidates if self.inside else [self.request.endpoint] if self.request.endpoint else []
        return next((listed.amount for listed in self._listed(planned)), None)

    def deviations(self) -> Iterator[Deviation]:
        """Return every difference, once each."""
        yield from self._elsewhere()
        if self.served.model is not None and not self.expected.is_named(self.served.model):
            planned, actual = self.expected.model, self.served.model
            yield Deviation("otherModel", f"{actual} answered, not {planned}.", planned, actual)
        yield from self._other_price()
        yield from self._dropped()
        if self.served.attempt > 1:
            tried = ", ".join(self.served.attempts)
            told = f": {tried}" if tried else ""
            yield Deviation("retried", f"The upstream tried {self.served.attempt} times{told}.", None, tried or None)

    def _elsewhere(self) -> Iterator[Deviation]:
        actual = self.tag or self.served.provider
        if actual is None or self.inside or not self.expected.admitted:
            return
        why = "which the plan leaves out" if self.candidates else "which the catalog does not list for this model"
        planned = ", ".join(self.expected.tags)
        yield Deviation("servedOutsidePlan", f"{actual} served, {why}.", planned, actual)

    def _other_price(self) -> Iterator[Deviation]:
        billed, usage = self.usage.cost, self.usage
        if billed is None or self.row.status != "ok" or usage.own_key or usage.other_media or not self._is_text():
            return
        asked = self.candidates or ([self.request.endpoint] if self.request.endpoint is not None else [])
        listed = list(self._listed(asked))
        if not listed or any(each.by_hour or _is_close(billed, each.amount) for each in listed):
            return
        planned = listed[0].amount
        yield Deviation(
            "otherPrice", f"{billed} USD were billed where the listed prices give {planned}.", str(planned), str(billed)
        )

    def _listed(self, endpoints: Sequence[EndpointRecord]) -> Iterator[Listed]:
        """Return what `endpoints` ask for the tokens reported, when the request ended and when it began."""
        ended = datetime.fromisoformat(self.row.finished_at) if self.row.finished_at else None
        began = ended - timedelta(milliseconds=self.row.latency_ms or 0) if ended else None
        found = (listed_cost(each, self.usage, when) for each in endpoints for when in (ended, began) if when)
        yield from (listed for listed in found if listed is not None)

    def _is_text(self) -> bool:
        """Return whether the prompt is words alone: files, images and searches have prices of their own."""
        body = self.request.body
        contents = (message.get("content") for message in body.get("messages", ()) if isinstance(message, dict))
        return "plugins" not in body and all(_is_words(content) for content in contents)

    def _dropped(self) -> Iterator[Deviation]:
        """Return the parameters sent that no endpoint which may have served takes."""
        for name in LLMParameters.__struct_fields__:
            names = LIMITS if name in LIMITS else (name,)
            if name in self.request.body and self.candidates and all(_takes_none(e, names) for e in self.candidates):
                message = f"{name} was sent, and {self.tag or self.served.provider} does not take it."
                yield Deviation("parameterDropped", message, name, None)


def _takes_none(endpoint: EndpointRecord, names: Iterable[str]) -> bool:
    return all(lacks(endpoint, name) for name in names)


def _is_close(billed: Money, listed: Money) -> bool:
    return abs(billed - listed) <= max(listed * TOLERANCE, LEAST_USD)


def _is_words(content: object) -> bool:
    if not isinstance(content, list):
        return True
    return all(isinstance(part, dict) and part.get("type") == "text" for part in content)
