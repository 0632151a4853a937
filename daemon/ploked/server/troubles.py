"""What cannot be kept here, and whom that is told: the status always, each client once."""

from __future__ import annotations

from .. import logs
from .requests import Service
from .session import Session


def of(service: Service | None) -> list[str]:
    """Return what cannot be kept, sentences for people; without a service, what is known before it has started."""
    kept_by_service = [] if service is None else service.troubles()
    return [text for text in (logs.trouble(), *kept_by_service) if text]


def announce(session: Session) -> None:
    """Have the client of `session` told, where there is something to tell once it is served."""
    session.on_initialized.append(lambda: session.spawn(_tell(session)))


async def _tell(session: Session) -> None:
    await session.ready()
    if found := of(session.service):
        session.show_warning(f"ploked works, but does not keep all that it should. {' '.join(found)}")
