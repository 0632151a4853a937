"""`python -m unit.stand_in`: a daemon that does as it is told, for the tests of the client.

A request is answered by its method: `echo` with its params, `fail` with the error in them, `silent` not at all,
`garbage` with bytes that are no frame, `die` with the end of the process, `ask` with what the client answers to the
request in its params, `tell` after the notification in its params, `seen` with the methods of all messages so far,
`large` with as many characters as its params say. With `--stubborn` it does not leave.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from ploked_protocol.framing import FrameDecoder, frame

Message = dict[str, Any]


def send(**fields: Any) -> None:
    """Send one message."""
    sys.stdout.buffer.write(frame(json.dumps({"jsonrpc": "2.0", **fields}).encode()))
    sys.stdout.buffer.flush()


class StandIn:
    """One conversation."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.waiting: dict[str, Any] = {}
        self.stubborn = "--stubborn" in sys.argv

    def take(self, message: Message) -> None:
        """Do what a message asks for."""
        method, params, message_id = message.get("method"), message.get("params"), message.get("id")
        if method is None:
            send(id=self.waiting.pop(str(message_id)), result={"reply": message})
            return
        self.seen.append(method)
        if method == "exit" and not self.stubborn:
            sys.exit(0)
        if message_id is not None:
            self.answer(method, params, message_id)

    def answer(self, method: str, params: Any, message_id: Any) -> None:
        """Answer a request, or not."""
        match method:
            case "silent":
                return
            case "fail":
                send(id=message_id, error=params)
            case "garbage":
                os.write(1, b"Traceback (most recent call last):\r\n\r\n")
            case "die":
                os._exit(9)
            case "ask":
                self.waiting[f"ask-{message_id}"] = message_id
                send(id=f"ask-{message_id}", **params)
            case "tell":
                send(**params)
                send(id=message_id, result=None)
            case "large":
                send(id=message_id, result="x" * params)
            case "seen":
                send(id=message_id, result=self.seen)
            case "shutdown" if self.stubborn:
                return
            case _:
                send(id=message_id, result=params)


def main() -> None:
    """Serve until the client leaves."""
    stand_in, decoder = StandIn(), FrameDecoder()
    while data := os.read(0, 1 << 16):
        for body in decoder.feed(data):
            stand_in.take(json.loads(body))
    if stand_in.stubborn:
        time.sleep(60)  # to be killed


if __name__ == "__main__":
    main()
