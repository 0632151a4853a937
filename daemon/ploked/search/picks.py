"""What the user picks and likes. Pure: the time is passed in.

A pick counts 1 and loses half of it in every `HALF_LIFE_S`, so that what was picked often and lately leads.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

HALF_LIFE_S = 14 * 86_400.0
"""Two weeks: what was picked daily last month and not since is overtaken after a few picks of something else."""
LEAST_WEIGHT = 0.02
"""Below, a pick is forgotten: one alone after eleven weeks."""


class Pick(msgspec.Struct, frozen=True):
    """How much a model, or one endpoint of it, is picked."""

    model: str
    endpoint: str
    """A tag; empty when the model was picked without one."""
    weight: float
    """Picks, decayed until `at_s`."""
    at_s: float
    """Unix seconds of the last pick."""

    def decayed(self, now_s: float) -> float:
        """Return the weight as it is now; a clock that was put back changes nothing."""
        return self.weight * math.exp2(-max(0.0, now_s - self.at_s) / HALF_LIFE_S)

    def again(self, now_s: float) -> Pick:
        """Return the same, picked once more."""
        return Pick(self.model, self.endpoint, self.decayed(now_s) + 1, max(now_s, self.at_s))


class Picks:
    """The picks and favourites of one user."""

    def __init__(self, picks: Iterable[Pick] = (), favourites: Iterable[str] = ()) -> None:
        self._picks = {(pick.model, pick.endpoint): pick for pick in picks}
        self.favourites = dict.fromkeys(favourites)
        """Ids of models, in the order in which they were liked."""
        self._ordered: list[str] | None = None
        self._recent: list[str] | None = None

    def record(self, model: str, endpoint: str, now_s: float) -> Pick:
        """Count one pick; return what is to be kept."""
        before = self._picks.get((model, endpoint)) or Pick(model, endpoint, 0.0, now_s)
        pick = self._picks[model, endpoint] = before.again(now_s)
        self._ordered = self._recent = None
        return pick

    def set_favourite(self, model: str, favourite: bool) -> bool:
        """Return whether that was news."""
        changed = (model in self.favourites) is not favourite
        if favourite:
            self.favourites.setdefault(model)
        else:
            self.favourites.pop(model, None)
        self._ordered = None
        return changed

    def recent(self) -> list[str]:
        """Return the models that were picked, the last one first."""
        if self._recent is None:
            last = sorted(self._picks.values(), key=lambda pick: pick.at_s, reverse=True)
            self._recent = list(dict.fromkeys(pick.model for pick in last))
        return self._recent

    def in_order(self) -> list[str]:
        """Return favourites, then what was picked, the most liked first in both."""
        if self._ordered is None:
            weights = self._weights()
            known = dict.fromkeys([*self.favourites, *weights])
            self._ordered = sorted(known, key=lambda id_: (id_ not in self.favourites, -weights.get(id_, -math.inf)))
        return self._ordered

    def _weights(self) -> dict[str, float]:
        """Return the weight of each model at one moment; all weights decay alike, so that any moment will do."""
        latest = max((pick.at_s for pick in self._picks.values()), default=0.0)
        weights: dict[str, float] = {}
        for pick in self._picks.values():
            weights[pick.model] = weights.get(pick.model, 0.0) + pick.decayed(latest)
        return weights
