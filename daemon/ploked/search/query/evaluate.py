"""Whether one model is what a query asks for: plain, and slow over many.

`matching` answers the same for a whole catalog at once; its tests hold it against this.
"""

from __future__ import annotations

from dataclasses import dataclass

from ploked_protocol.catalog import Basis, EndpointRecord, ModelRecord, Support

from ..text import folded
from .facts import FLAGS, LABELS, NUMBERS, SETS, Endpoints
from .meaning import Asked, Context, Equals, Holds, Within, asked, is_of_endpoints
from .terms import Condition, ParsedQuery, Word

_ORDER: tuple[Support, ...] = ("no", "uncertain", "yes")
_NOT: dict[Support, Support] = {"no": "yes", "uncertain": "uncertain", "yes": "no"}


@dataclass(frozen=True)
class Verdict:
    """Whether a model matches; "uncertain" where a fact that decides is not known. `basis` is where facts are from."""

    answer: Support
    basis: Basis


def verdict(query: ParsedQuery, model: ModelRecord, endpoints: Endpoints, context: Context) -> Verdict:
    """Return whether `model` is what the predicates, phrases and negated words of `query` ask for.

    Endpoint predicates must hold of one and the same endpoint. Free words are the ranker's and not looked at.
    """
    served: list[EndpointRecord | None] = list(endpoints or ()) or [None]
    of_model = [each for each in query.predicates if not of_endpoints(each)]
    of_endpoint = [each for each in query.predicates if of_endpoints(each)]

    def answer(condition: Condition, endpoint: EndpointRecord | None) -> Support:
        return _answer(condition, model, endpoints, endpoint, context)

    answers = [answer(each, None) for each in of_model]
    answers.append(_best([_worst([answer(each, endpoint) for each in of_endpoint]) for endpoint in served]))
    answers += [_said(said(word, model, with_description=True)) for word in query.phrases]
    answers += [_said(not said(word, model, with_description=False)) for word in query.excluded]
    return Verdict(_worst(answers), "endpoints" if endpoints else "hint")


def of_endpoints(condition: Condition) -> bool:
    """Return whether `condition` is about endpoints."""
    name = condition.name if condition.name != "quant" else "bits"
    return is_of_endpoints(Holds(name))


def said(word: Word, model: ModelRecord, *, with_description: bool) -> bool:
    """Return whether the text of `word` stands in the id, the name or the canonical slug, as whole words."""
    return any(f" {spaced(word.text)} " in text for text in texts(model, with_description=with_description))


def texts(model: ModelRecord, *, with_description: bool) -> list[str]:
    """Return what a model is called, and its description, in the form in which words are looked for."""
    called = [model.id, model.name, model.canonical_slug or ""]
    return [f" {spaced(text)} " for text in ([*called, model.description] if with_description else called)]


def spaced(text: str) -> str:
    """Return the words of `text`, folded, with one blank between them."""
    return " ".join(folded(text).split())


def _answer(
    condition: Condition, model: ModelRecord, endpoints: Endpoints, endpoint: EndpointRecord | None, context: Context
) -> Support:
    found = _best([_one(each, model, endpoints, endpoint, context) for each in asked(condition, context.today)])
    return _NOT[found] if condition.negated else found


def _one(
    each: Asked, model: ModelRecord, endpoints: Endpoints, endpoint: EndpointRecord | None, context: Context
) -> Support:
    match each:
        case Holds("@fav"):
            return _said(model.id in context.favourites)
        case Holds("@recent"):
            return _said(model.id in context.recent)
        case Holds(fact):
            return FLAGS[fact].of(model, endpoints, endpoint)
        case Within(fact):
            number = NUMBERS[fact].of(model, endpoints, endpoint)
            return "uncertain" if number is None else _said(each.holds(number))
        case Equals(fact, text) if fact in LABELS:
            return _equals(LABELS[fact].of(model, endpoints, endpoint), text)
        case Equals(fact, text):
            names = SETS[fact].of(model, endpoints, endpoint)
            if names is None:
                return "uncertain"
            hinted = fact == "param" and endpoint is None
            return "no" if text not in names else "uncertain" if hinted else "yes"


def _equals(label: str | None, text: str) -> Support:
    if label == text:
        return "yes"
    # Upstream says "unknown" for a quantization that may be any.
    return "uncertain" if label is None or label == "unknown" else "no"


def _said(holds: bool) -> Support:
    return "yes" if holds else "no"


def _worst(answers: list[Support]) -> Support:
    return min(answers, key=_ORDER.index, default="yes")


def _best(answers: list[Support]) -> Support:
    return max(answers, key=_ORDER.index)
