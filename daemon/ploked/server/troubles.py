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
    """Have the client of `session` told once: when it is served, or after the change that could not be kept."""
    teller = _Teller(session)
    session.on_initialized.append(lambda: session.spawn(teller.begin()))
    session.on_told.append(lambda *_: teller.look())


class _Teller:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._done = False

    async def begin(self) -> None:
        await self._session.ready()
        self.look()

    def look(self) -> None:
        if not self._done and (found := of(self._session.service)):
            self._done = True
            self._session.show_warning(f"ploked works, but does not keep all that it should. {' '.join(found)}")
