"""Params and results of the methods that keep what the user picks and likes."""

from __future__ import annotations

from .wire import Wire


class RecordPickParams(Wire):
    """What was picked: say so when a model is taken into use, not when it is looked at."""

    model: str
    endpoint: str | None = None
    """The tag, when one endpoint was picked."""


class PickRecorded(Wire):
    """The model that a pick counts for, and whether it is a favourite."""

    model: str
    """As the catalog lists it: `x/y` for `x/y:nitro`."""
    favourite: bool


class SetFavouriteParams(Wire):
    """Which model is a favourite, or is none any more."""

    model: str
    favourite: bool = True


class FavouriteSet(Wire):
    """What is kept now."""

    model: str
    """As the catalog lists it."""
    favourite: bool
    changed: bool
    """False when it was so already."""
