"""How work that takes a while says how far it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Given to every slow method of the service. Work is cancelled by cancelling its task, not through this."""

    async def report(self, message: str, percentage: int | None = None) -> None:
        """Tell the person waiting what is being done, and how much of it is done (0 to 100). Never raises."""


class NoProgress:
    """For callers that do not listen."""

    async def report(self, message: str, percentage: int | None = None) -> None:
        """Do nothing."""
