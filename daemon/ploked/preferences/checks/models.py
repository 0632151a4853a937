"""Models that nobody knows, that go away, or that the preferences leave nobody to serve."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ploked_protocol.keys import InvalidKeyError, ModelKey
from ploked_protocol.plans import NothingLeft
from ploked_protocol.preferences import ConfigProblem

from ..positions import KeyPath
from ..wording import did_you_mean, quoted
from .context import Context

SOON = timedelta(days=30)


def check_models(context: Context) -> Iterator[ConfigProblem]:
    """Yield what is wrong with the ids of models, and the models that no endpoint is left for."""
    for model in context.models:
        path = (*model.path, "model")
        yield from _model_id(context, model.prefs.model, path)
        if model.plan is not None and model.plan.nothing_left is not None:
            yield context.problem(path, "nothingLeft", _emptied(model.prefs.model, model.plan.nothing_left))


def _emptied(model_id: str, nothing_left: NothingLeft) -> str:
    why = "; ".join(reason.message for reason in nothing_left.removed_last)
    smallest = f" Smallest change: {nothing_left.loosen[0]}." if nothing_left.loosen else ""
    return f"These preferences leave no endpoint of {model_id}: {why}.{smallest}"


def _model_id(context: Context, model_id: str, path: KeyPath) -> Iterator[ConfigProblem]:
    try:
        key = ModelKey.parse(model_id)
    except InvalidKeyError as error:
        near = context.closest_models(model_id)
        yield context.problem(path, "badModelId", f"{error}.{did_you_mean(near)}", near)
        return
    if not context.catalog.knows_models() or key.alias or key.is_router or key.listed is None:
        return
    listed = str(key.listed)
    if successor := context.catalog.successor(model_id):
        message = f"The catalog lists no model of this id: {quoted(successor)} took its place."
        yield context.problem(path, "retiredModel", message, [successor])
        return
    if not context.catalog.has_model(listed):
        near = context.closest_models(listed)
        message = f"The catalog lists no model of this id.{did_you_mean(near)}"
        suffix = model_id.removeprefix(listed)  # of a virtual variant or a preset: they fit any model
        yield context.problem(path, "unknownModel", message, [each + suffix for each in near])
        return
    yield from _expiry(context, listed, path)


def _expiry(context: Context, model_id: str, path: KeyPath) -> Iterator[ConfigProblem]:
    try:
        last_day = date.fromisoformat(context.catalog.model_expires(model_id) or "")
    except ValueError:
        return
    today = context.now.date()
    if last_day - today > SOON:
        return
    goes = "goes away on" if last_day >= today else "went away on"
    message = f"{model_id} {goes} {last_day.isoformat()}, by the catalog: choose another model in time."
    yield context.problem(path, "modelExpires", message)
