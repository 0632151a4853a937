"""Parameters that nobody knows, and those that no endpoint of a model takes."""

from __future__ import annotations

from collections.abc import Iterator

from ploked_protocol.preferences import ConfigProblem

from ...routing.capabilities import untaken
from ..positions import dotted
from ..wording import closest, did_you_mean, listed
from .context import Configured, Context

# fmt: off
KNOWN_PARAMETERS = (
    "temperature", "top_p", "top_k", "min_p", "top_a", "frequency_penalty", "presence_penalty", "repetition_penalty",
    "max_tokens", "max_completion_tokens", "logit_bias", "logprobs", "top_logprobs", "prediction", "seed",
    "response_format", "structured_outputs", "stop", "tools", "tool_choice", "parallel_tool_calls",
    "include_reasoning", "reasoning", "reasoning_effort", "web_search_options", "verbosity",
)
# fmt: on
"""The `Parameter` enum of OpenRouter's OpenAPI specification. It grows, so an unknown name is only warned about."""


def check_parameters(context: Context) -> Iterator[ConfigProblem]:
    """Yield what is wrong with the parameters that models require, and with those that their profiles set."""
    for model in context.models:
        yield from _required(context, model)
        yield from _own_profiles(context, model)
        yield from _shared_profiles(context, model)


def _required(context: Context, model: Configured) -> Iterator[ConfigProblem]:
    for index, entry in enumerate(model.prefs.required_supported_params):
        if entry not in KNOWN_PARAMETERS:
            near = closest(entry, KNOWN_PARAMETERS)
            message = f"No parameter of this name is known.{did_you_mean(near)}"
            path = (*model.path, "required_supported_params", index)
            yield context.problem(path, "unknownParameter", message, near)


def _own_profiles(context: Context, model: Configured) -> Iterator[ConfigProblem]:
    for index, profile in enumerate(model.prefs.profiles):
        for name in untaken(profile.params.set_values(), model.endpoints):
            path = (*model.path, "profiles", index, "params", name)
            message = (
                f"No endpoint of {model.prefs.model} that is known takes {name}: the upstream drops it without a word."
            )
            yield context.problem(path, "parameterUnsupported", message, severity="information", part="key")


def _shared_profiles(context: Context, model: Configured) -> Iterator[ConfigProblem]:
    """Yield what the model's defaults set beyond its own profiles; it shows where the model names them."""
    if model.plan is None:
        return
    profile, own = model.plan.profile, dotted(model.path)
    shared = (name for name, origin in profile.origins.items() if not (origin.key or "").startswith(f"{own}."))
    if names := untaken(shared, model.endpoints):
        path = (*model.path, "model" if model.prefs.default_profile is None else "default_profile")
        message = f"The profile sets {listed(names)}, which no endpoint of {model.prefs.model} that is known takes."
        yield context.problem(path, "parameterUnsupported", message, severity="information")
