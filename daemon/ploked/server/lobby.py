"""The start of a connection, before it is known who comes: a proxy that says hello, a command that asks, or a client.

What is asked here needs no session and no service, so that it is answered however busy both are, and however many there
are: sessions have an end (`MOST_SESSIONS`), beyond which there is room here still. Where the system lets a process have
few files open, all of them share what there is.

What all who are no session can cost together is all but the end of their first messages: 16 strangers x 32 kB,
and 576 of the same user x 128 kB, which is 75 MB for ten seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sized

from ploked_protocol import control
from ploked_protocol.framing import MAX_BODY_BYTES, FrameDecoder, FramingError, frame

from . import files, guard, wire
from .asked import Answer, answer_to
from .guard import Guard
from .room import Room
from .seldom import Seldom
from .streams import Reader, StreamOut

log = logging.getLogger(__name__)

MOST_SESSIONS = 512
"""More are no editors; each costs a file descriptor and memory."""
RESERVE = 64
"""For how many connections there is room beside so many sessions: who has a question is to be answered."""
MOST_STRANGERS = 16
"""Connections to a port that have not shown its token: any user of the machine can open as many as he likes."""
CHUNK_BYTES = 1 << 16
FIRST_MESSAGE_BYTES = 1 << 17
"""The largest editors introduce themselves with 10 kB."""
STRANGE_MESSAGE_BYTES = 1 << 15
PATIENCE_S = 10.0
"""Who has not said a whole message by then is let go."""
STRANGE_PATIENCE_S = 2.0


class _First(FrameDecoder):
    """A decoder that can look at a message and leave it for the session to read."""

    def __init__(self, max_body: int) -> None:
        super().__init__(max_body)
        self._kept: list[bytes] = []

    def leave(self, body: bytes) -> None:
        """Let the next `feed` begin with `body`, and take messages as long as a session may send."""
        self._kept.append(body)
        self.max_body = MAX_BODY_BYTES

    def _next(self) -> bytes | None:
        return self._kept.pop() if self._kept else super()._next()


class Lobby:
    """All connections that are no session yet. Strangers have a room of their own, and take nobody's place."""

    def __init__(self, answer: Answer, sessions: Sized, seldom: Seldom) -> None:
        self.answer = answer
        self.seldom = seldom
        self._sessions = sessions
        self._room = files.for_connections()
        self._known = Room(lambda: self.most_sessions + self._reserve - len(sessions), self._say_full)
        self._strangers = Room(lambda: self._most_strangers, self._say_besieged)

    def __len__(self) -> int:
        """Return how many are here, strangers aside."""
        return len(self._known)

    @property
    def takes_sessions(self) -> bool:
        """Return whether one more may become a session."""
        return len(self._sessions) < self.most_sessions

    @property
    def most_sessions(self) -> int:
        """Return how many sessions there may be."""
        return min(MOST_SESSIONS, self._room - self._reserve - self._most_strangers)

    @property
    def _reserve(self) -> int:
        return min(RESERVE, self._room // 4)

    @property
    def _most_strangers(self) -> int:
        return min(MOST_STRANGERS, self._room // 4)

    async def receive(self, reader: Reader, writer: StreamOut, by: Guard | None = None) -> FrameDecoder | None:
        """Answer what is asked of the daemon itself; return what has been read of a session, or None when none follows.

        With a guard, the first message has to hold its token, else it is the last.
        """
        visit = _Visit(self, reader, writer, by)
        self.heard(writer, strange=by is not None)
        try:
            return await visit.run()
        except FramingError as error:
            self.seldom.say(logging.INFO, "a connection is closed: what it sends are no messages, or too long ones")
            writer.write(frame(wire.error(None, wire.PARSE_ERROR, f"Cannot read on: {error}")))
        except (TimeoutError, ConnectionError) as error:
            self.seldom.say(logging.INFO, "a connection that is no session is closed: %s", type(error).__name__)
        finally:
            self._strangers.leave(writer)
            self._known.leave(writer)
        return None

    def heard(self, writer: StreamOut, *, strange: bool = False) -> None:
        """Take note of who has said something, and of who is a stranger no longer."""
        if not strange:
            self._strangers.leave(writer)
        (self._strangers if strange else self._known).heard(writer)

    def dismiss(self, why: str) -> None:
        """Tell all who are here why the daemon leaves, and end their connections, once what they asked is answered.

        A proxy that waits here would take an end without a word for a crash, and start another daemon.
        """
        asyncio.get_running_loop().call_soon(self._dismiss, wire.notification(control.LEAVING, {"why": why}))

    def _dismiss(self, last_word: bytes) -> None:
        for writer in self._known:
            writer.write(frame(last_word))
            writer.close()
        for writer in self._strangers:
            writer.transport.abort()

    def _say_full(self) -> None:
        self.seldom.say(
            logging.WARNING,
            "%d sessions and %d other connections are open: the one that has been silent longest is let go",
            len(self._sessions),
            len(self._known),
        )

    def _say_besieged(self) -> None:
        self.seldom.say(
            logging.WARNING,
            "%d have come to the port and shown no token: the one that has been here longest is let go",
            len(self._strangers),
        )


class _Visit:
    """One connection in the lobby.

    A message has to be whole in ten seconds, and a first one has to come; after that, a proxy may wait for its editor.
    A stranger has two seconds.
    """

    def __init__(self, lobby: Lobby, reader: Reader, writer: StreamOut, by: Guard | None) -> None:
        self._lobby = lobby
        self._reader = reader
        self._writer = writer
        self._guard = by
        self._decoder = _First(FIRST_MESSAGE_BYTES if by is None else STRANGE_MESSAGE_BYTES)

    async def run(self) -> FrameDecoder | None:
        """Return what has been read of a session, or None when none follows; raises what ends the connection."""
        clock = asyncio.get_running_loop().time
        deadline: float | None = clock() + (PATIENCE_S if self._guard is None else STRANGE_PATIENCE_S)
        while True:
            async with asyncio.timeout_at(deadline):
                data = await self._reader.read(CHUNK_BYTES)
            if not data:
                return None
            for body in self._decoder.feed(data):
                if not self._comes_in(body):
                    return None
                if (reply := self._reply(body)) is None:
                    self._decoder.leave(body)
                    return self._decoder
                await self._say(reply)
                deadline = None
            if not self._decoder.pending:
                deadline = None
            elif deadline is None:
                deadline = clock() + PATIENCE_S

    def _comes_in(self, body: bytes) -> bool:
        """Return whether whoever says this may go on: a stranger may not, unless it is the token."""
        if self._guard is not None and not guard.holds(body, self._guard.token):
            self._lobby.seldom.say(
                logging.WARNING,
                "a connection to the port is turned away: its first message does not hold the token of %s",
                self._guard.token_file,
            )
            self._writer.write(guard.turned_away(body, self._guard))
            return False
        self._guard = None
        self._decoder.max_body = FIRST_MESSAGE_BYTES
        self._lobby.heard(self._writer)
        return True

    def _reply(self, body: bytes) -> bytes | None:
        """Return what a message is answered with here, which may be nothing; None where it begins a session."""
        if (reply := answer_to(body, self._lobby.answer)) is not None:
            return reply
        return None if self._lobby.takes_sessions else self._refused(body)

    def _refused(self, body: bytes) -> bytes:
        """Return the answer to a request for which there would have to be a session.

        The connection stays: `retry` has editors ask their user whether to try again.
        """
        self._lobby.seldom.say(logging.WARNING, "a session is refused: %d are open", self._lobby.most_sessions)
        if (message_id := wire.id_of(body)) is None:
            return b""
        message = (
            f"The ploked daemon serves {self._lobby.most_sessions} clients already and takes no more. `ploked status` "
            "lists them: close what you do not need, then try again."
        )
        return frame(wire.error(message_id, wire.REQUEST_FAILED, message, {"retry": True}))

    async def _say(self, reply: bytes) -> None:
        """Send an answer, and take no more questions before it is read: they would cost more than they are long."""
        self._writer.write(reply)
        async with asyncio.timeout(PATIENCE_S):
            await self._writer.drain()
