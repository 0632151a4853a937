"""Checks preferences against the facts, and against themselves: see `checks` for each kind of thing."""

from __future__ import annotations

from datetime import datetime

from ploked_protocol.preferences import ConfigProblem

from .checks.context import CatalogView, Context
from .checks.models import check_models
from .checks.parameters import check_parameters
from .checks.profiles import check_profiles
from .checks.providers import check_providers
from .checks.routing import check_routing
from .leaked import silenced
from .load import Loaded

CHECKS = (check_models, check_profiles, check_providers, check_parameters, check_routing)


def check(loaded: Loaded, catalog: CatalogView, now: datetime) -> list[ConfigProblem]:
    """Return what the facts say against `loaded`, in the order of the file; nothing when the file is broken.

    Warnings where the facts may be older than the file (models, providers, parameters), errors within the file.
    """
    if loaded.prefs is None:
        return []
    context = Context(loaded, loaded.prefs, catalog, now)
    found = [problem for checks in CHECKS for problem in checks(context)]
    return sorted(silenced(found, loaded.leaked), key=lambda problem: (problem.line, problem.column))
