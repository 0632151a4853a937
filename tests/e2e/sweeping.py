"""What tests of sweeps share: a small sweep, and what the upstream was asked for."""

from __future__ import annotations

from typing import Any

from e2e.places import KIMI, Daemon, Json
from ploked_fixtures.serve import UpstreamProcess

CHAT = "/chat/completions"
HEAT: Json = {"parameter": "temperature", "start": 0.1, "stop": 0.3, "steps": 3}
PAIR = ["deepinfra/fp4", "chutes/int4"]
"""Two of the endpoints of KIMI that take seeds."""


class Sent:
    """The completions that the upstream was asked for since this was made."""

    def __init__(self, upstream: UpstreamProcess) -> None:
        self._upstream = upstream
        self._before = len(upstream.log)

    def requests(self) -> list[Json]:
        """Return them in order of arrival, as the upstream logs them."""
        return [request for request in self._upstream.log[self._before :] if request["path"].endswith(CHAT)]

    def bodies(self) -> list[Json]:
        """Return what was asked."""
        return [request["body"] for request in self.requests()]


async def launch(daemon: Daemon, **params: Any) -> Any:
    """Launch a sweep of PAIR with `params`."""
    asked = {"model": KIMI, "selectedEndpoints": PAIR, "prompt": "Name a colour.", **params}
    return await daemon.request("ploked/launchSweep", asked)


async def swept(daemon: Daemon, **params: Any) -> Json:
    """Return the results of such a sweep once it has ended."""
    return await daemon.swept((await launch(daemon, **params))["sweepId"])
