"""`ploked connect`: what an editor starts. It joins stdin and stdout to the daemon that all editors share.

It starts in some 20 ms because it imports the standard library only, and little of that (asyncio alone costs 40 ms).
It outlives the daemon: when that goes, every request that waits is answered with an error, another daemon is found or
started, the handshake and the open documents are replayed, and the user is told once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from ploked_protocol import control
from ploked_protocol.framing import FrameDecoder, FramingError, frame

from .. import __version__
from ..system import expect_streams
from .answers import Answers
from .find import CannotStartError, Found, find_or_start
from .place import Place
from .poller import Poller
from .recall import Recall
from .recovery import Recovery
from .streams import Outlet, read

FAREWELL_S = 1.0
"""How long the daemon may take over the last answers once the client has gone."""

LOST = "The ploked daemon ended before it answered; ask again."
ERROR, WARNING, INFO = 1, 2, 3
SAID = {
    None: (WARNING, "The ploked daemon ended unexpectedly; another one has taken over. Its log: {log}"),
    control.RESTARTED: (INFO, "The ploked daemon was restarted."),
    control.REPLACED: (INFO, "The ploked daemon was replaced by another."),
    control.STOPPED: (INFO, "The ploked daemon was stopped. It starts again when it is needed."),
    control.IDLE: (INFO, "The ploked daemon has left for want of work. It starts again when it is needed."),
}
"""What the user is told by why the daemon left; None is without a word."""
SLEEP = (control.STOPPED, control.IDLE)


class Proxy:
    """One editor's way to the daemon."""

    def __init__(self, place: Place, found: Found, say: Callable[[str], None]) -> None:
        self._place = place
        self._say = say
        self._recall = Recall()
        self._decoder = FrameDecoder()
        self._stdin = 0
        self._to_client = Outlet(1)
        self._held: list[bytes] = []
        """Messages of the client that wait for a replay to end."""
        self._code: int | None = None
        self._deadline: float | None = None
        self._half_closed = False
        self._poller = Poller(self._orphaned, self._signalled)
        self._recovery = Recovery(place, self._poller.gone, say)
        self._join(found)

    # life

    def run(self) -> int:
        """Forward until one side leaves; return the exit code that LSP asks for."""
        for fd in (self._stdin, self._to_client.fd):
            Outlet.unblock(fd)
        while self._code is None:
            self._turn()
        self._to_client.flush_within(FAREWELL_S / 4)
        return self._code

    @property
    def _polite_code(self) -> int:
        return 0 if self._recall.polite else 1

    def _turn(self) -> None:
        if self._is_calm:
            self._hear(self._poller.calm())
        else:
            readable, writable = self._poller.busy(*self._interests(), self._timeout())
            for fd in writable:
                (self._to_client if fd == self._to_client.fd else self._to_daemon).flush()
            self._hear(readable)
        if self._leaving_is_due():
            self._code = self._polite_code

    @property
    def _is_calm(self) -> bool:
        """Return whether all that can come is new: most of the time, in which a turn should cost little."""
        calm = self._deadline is None and self._daemon is not None and not self._recall.replaying
        return calm and not self._to_client.waits and not self._to_daemon.waits

    def _hear(self, readable: Sequence[int]) -> None:
        for fd in readable:
            if fd == self._stdin:
                self._read_client()
            elif fd == self._daemon:
                self._read_daemon()
            else:
                self._poller.heed(fd)

    def _interests(self) -> tuple[list[int], list[int]]:
        reads = []
        if self._deadline is None and not self._to_daemon.full and not self._recall.replaying:
            reads.append(self._stdin)
        if self._daemon is not None and not self._to_client.full:
            reads.append(self._daemon)
        return reads, [outlet.fd for outlet in (self._to_client, self._to_daemon) if outlet.waits]

    def _timeout(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _leaving_is_due(self) -> bool:
        if self._code is not None:
            return False
        if self._to_client.broken:
            return True
        if self._deadline is None:
            return self._poller.sees_orphan
        if not self._to_daemon.waits and self._daemon is not None and not self._half_closed:
            self._half_closed = True
            self._half_close()
        return self._daemon is None or time.monotonic() >= self._deadline

    def _half_close(self) -> None:
        try:
            self._connection.shutdown(1)
        except OSError:  # the daemon has closed its end already
            return

    def _leave(self) -> None:
        """Take nothing more from the client; what it has asked may still be answered."""
        if self._deadline is None:
            self._deadline = time.monotonic() + FAREWELL_S

    def _signalled(self) -> None:
        self._recall.polite = True  # whoever sends a signal asks us to leave, as the server on stdio sees it
        self._leave()

    def _orphaned(self) -> None:
        self._code = self._polite_code

    # from the client

    def _read_client(self) -> None:
        data = read(self._stdin)
        if data is None:
            return
        if not data:
            self._leave()
        if (body := self._decoder.whole(data)) is not None:
            if self._is_calm:
                self._hand_over(data, body)
            else:
                self._take(body)
            return
        try:
            for body in self._decoder.feed(data):
                self._take(body)
        except FramingError as error:
            fault = {"code": control.PARSE_ERROR, "message": f"Cannot read on: {error}"}
            self._tell(control.body(id=None, error=fault))
            self._leave()

    def _hand_over(self, data: bytes, body: bytes) -> None:
        """Send a message as it came, and take note of it while the daemon works."""
        self._to_daemon.put(data)
        is_request, _ = self._recall.sent(body)
        if is_request:
            self._poller.be_alert()
        else:
            self._ask_texts()
        self._heed()

    def _take(self, body: bytes) -> None:
        is_request, in_replay = self._recall.sent(body)
        was_asleep = self._daemon is None
        if was_asleep and is_request and not self._farewell():
            self._recover()
        if self._daemon is not None and not (was_asleep and in_replay):
            self._forward(body, is_request and not in_replay)
        self._heed()

    def _heed(self) -> None:
        """Do what the last message of the client asks of us."""
        if self._recall.process_id is not None:
            self._poller.watch(self._recall.process_id)
            self._recall.process_id = None
        if self._recall.exiting:
            self._leave()

    def _forward(self, body: bytes, is_request: bool) -> None:
        """Send a message; while a replay goes on, which brings what notifications say, requests wait for its end."""
        if not self._recall.replaying:
            self._to_daemon.put(frame(body))
            self._ask_texts()
        elif is_request:
            self._held.append(body)

    def _ask_texts(self) -> None:
        for question in self._recall.questions():
            self._to_daemon.put(frame(question))

    def _farewell(self) -> bool:
        """Return whether the client only says goodbye, for which no daemon need be started."""
        if self._recall.shutting_down:
            for answer in self._recall.lost(LOST):
                self._tell(answer)
        return self._recall.shutting_down

    # from the daemon

    def _read_daemon(self) -> None:
        was_replaying = self._recall.replaying
        try:
            goes_on = self._answers.pass_on()
        except FramingError as error:
            self._say(f"the daemon is left: {error}")
            goes_on = False
        if not goes_on:
            self._lost()
        elif was_replaying and not self._recall.replaying:
            self._catch_up()

    def _tell(self, body: bytes) -> None:
        self._to_client.put(frame(body))

    def _show(self, kind: int, text: str) -> None:
        self._tell(control.body(method="window/showMessage", params={"type": kind, "message": text}))

    # when the daemon has gone

    def _join(self, found: Found) -> None:
        self._connection = found.connection
        self._connection.setblocking(False)
        self._daemon: int | None = self._connection.fileno()
        self._to_daemon = Outlet(self._daemon)
        self._answers = Answers(self._connection, self._to_client, self._recall)
        self._poller.listen(self._stdin, self._daemon)

    def _lost(self) -> None:
        why = self._recall.leaving
        self._connection.close()
        self._daemon = None
        self._to_daemon.discard()
        self._held.clear()  # they are answered now, like all that waits
        for answer in self._recall.lost(LOST):
            self._tell(answer)
        if self._deadline is not None or self._recall.polite:
            self._leave()
            return
        if why is None:
            self._recovery.crashed()
        if why not in SLEEP:
            self._recover()
        if self._code is None and not self._recovery.alone:
            kind, text = SAID.get(why, SAID[None])
            self._show(kind, text.format(log=self._place.log))

    def _recover(self) -> None:
        """Join another daemon and begin the replay."""
        try:
            self._join(self._recovery.another())
        except CannotStartError as error:
            for answer in self._recall.lost(LOST):
                self._tell(answer)
            self._show(ERROR, f"ploked has lost its daemon and cannot get another: {error}")
            self._say(str(error))
            self._code = 1
            return
        if self._recovery.alone:
            self._show(WARNING, self._recovery.alone)
        for body in self._recall.handshake():
            self._to_daemon.put(frame(body))
        if not self._recall.replaying:
            self._catch_up()

    def _catch_up(self) -> None:
        """End the replay, and send what has waited for that."""
        for body in [*self._recall.rest(), *self._held]:
            self._to_daemon.put(frame(body))
        self._held.clear()


def serve(place: Place, say: Callable[[str], None]) -> int:
    """Find or start the daemon and serve the client on stdin and stdout; return the exit code that LSP asks for.

    Raises OSError when these are closed, and UnusablePlaceError and CannotStartError before anything is read.
    """
    expect_streams()
    parent = os.getppid()
    found = find_or_start(place, lambda: os.getppid() != parent, say)
    if found.hello["version"] != __version__:
        say(
            f"the daemon is ploked {found.hello['version']}, this is {__version__}; `ploked restart` starts the one "
            "that is installed"
        )
    return Proxy(place, found, say).run()
