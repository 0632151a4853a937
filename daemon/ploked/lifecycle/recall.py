"""What a proxy remembers of a session, so that another daemon can take it over. No IO; standard library only.

Open documents are kept as the messages that made them and are replayed as they came: how columns count in the
client's encoding is known to the daemon alone. A journal that has grown long is replaced by the text that the daemon
says it amounts to.
"""

from __future__ import annotations

import json
import re

from ploked_protocol import control

LONG_JOURNAL = 256
"""Changes of a document after which the daemon is asked for its text; replaying as many takes it about 10 ms."""
SMALL_BYTES = 4096
"""No report of progress is longer."""
HEAD_BYTES = 128
_LEAVING = b'"%b"' % control.LEAVING.encode()
_ANSWER = b'{"jsonrpc":"2.0","id":'
"""How the daemon begins every answer: its long ones need not be parsed."""

_PLAIN_REQUEST = re.compile(rb'\{"jsonrpc":"2\.0","id":([0-9]{1,15}),"method":"([^"\\]+)"')
"""How many clients begin a request, which then need not be parsed; others are."""
_PLAIN_ANSWER = re.compile(rb'\{"jsonrpc":"2\.0","id":([0-9]{1,15}),"([re])')
"""How the daemon begins nearly every answer: with a result or an error."""
_NOTED = (b"initialize", b"shutdown")

Message = dict[str, object]
MessageId = int | str


class Document:
    """An open document: the messages whose replay gives its text."""

    def __init__(self, opened: dict[str, object], body: bytes) -> None:
        self.bodies = [body]
        self.asked: tuple[MessageId, int] | None = None
        """The request for its text that is under way, and how many messages that text will stand for."""
        self._item = opened

    def change(self, changes: list[dict[str, object]], version: object, body: bytes) -> None:
        """Add a change; one that brings the whole text replaces what was before."""
        whole = [at for at, change in enumerate(changes) if "range" not in change]
        if not whole:
            self.bodies.append(body)
            return
        self.restart(0, changes[whole[-1]]["text"], version)
        self.bodies[1:] = []
        if rest := changes[whole[-1] + 1 :]:
            identifier = {"uri": self._item["uri"], "version": version}
            params = {"textDocument": identifier, "contentChanges": rest}
            self.bodies.append(control.body(method="textDocument/didChange", params=params))

    def restart(self, count: int, text: object, version: object) -> None:
        """Let `text` stand for the first `count` messages."""
        item = {**self._item, "text": text, "version": version}
        self.bodies[:count] = [control.body(method="textDocument/didOpen", params={"textDocument": item})]
        self.asked = None


class Recall:
    """One session, from both sides."""

    def __init__(self) -> None:
        self.waiting: dict[MessageId, int] = {}
        """The client's requests without an answer; a careless client may use an id twice."""
        self.polite = False
        """Whether `shutdown` has been answered."""
        self.exiting = False
        """Whether the client has said `exit`."""
        self.leaving: str | None = None
        """Why the daemon said that it leaves."""
        self.process_id: int | None = None
        self.replaying = False
        """Whether the answer to the replayed `initialize` is still to come."""
        self._documents: dict[str, Document] = {}
        self._initialize: Message | None = None
        self._answered = False
        self._once: dict[str, bytes] = {}
        self._shutdown_id: object = None
        self._progress: dict[MessageId, None] = {}
        self._asked = 0

    @property
    def shutting_down(self) -> bool:
        """Return whether the client has asked for `shutdown`."""
        return self._shutdown_id is not None

    # from the client

    def sent(self, body: bytes) -> tuple[bool, bool]:
        """Take note of a message of the client; return whether it is a request, and whether a replay would hold it."""
        if (plain := _PLAIN_REQUEST.match(body)) is not None and plain[2] not in _NOTED:
            number = int(plain[1])
            self.waiting[number] = self.waiting.get(number, 0) + 1
            return True, False
        message = _parsed(body)
        method, message_id = message.get("method"), message.get("id")
        if not isinstance(method, str):
            return False, False
        is_request = isinstance(message_id, int | str) and not isinstance(message_id, bool)
        if is_request:
            self._ask(method, message_id, message)  # type: ignore[arg-type]  # narrowed by `is_request`
            return True, method == "initialize"
        try:
            return False, self._notified(method, message.get("params"), body)  # type: ignore[arg-type]  # checked by use
        except (KeyError, TypeError, AttributeError, IndexError):
            return False, False  # the daemon ignores it just so

    def _ask(self, method: str, message_id: MessageId, message: Message) -> None:
        self.waiting[message_id] = self.waiting.get(message_id, 0) + 1
        if method == "shutdown":
            self._shutdown_id = message_id
        elif method == "initialize" and not self._answered:
            self._initialize = message
            params = message.get("params")
            process_id = params.get("processId") if isinstance(params, dict) else None
            self.process_id = process_id if isinstance(process_id, int) else None

    def _notified(self, method: str, params: dict[str, dict[str, object]], body: bytes) -> bool:
        if method in ("initialized", "$/setTrace"):
            self._once[method] = body
        elif method == "exit":
            self.exiting = True
        elif method == "textDocument/didOpen":
            self._documents[str(params["textDocument"]["uri"])] = Document(params["textDocument"], body)
        elif method == "textDocument/didClose":
            self._documents.pop(str(params["textDocument"]["uri"]), None)
        elif method == "textDocument/didChange":
            identifier = params["textDocument"]
            changes: list[dict[str, object]] = params["contentChanges"]  # type: ignore[assignment]  # checked by use
            self._documents[str(identifier["uri"])].change(changes, identifier["version"], body)
        else:
            return False
        return method != "exit"

    def questions(self) -> list[bytes]:
        """Return the requests of our own that are due: for the texts of documents whose journals are long."""
        asked = []
        for uri, document in self._documents.items():
            if len(document.bodies) > LONG_JOURNAL and document.asked is None:
                self._asked += 1
                document.asked = (f"{control.OWN_ID}{self._asked}", len(document.bodies))
                asked.append(control.body(id=document.asked[0], method=control.TEXT, params={"uri": uri}))
        return asked

    # from the daemon

    def received(self, body: bytes | memoryview) -> bool:
        """Take note of a message of the daemon; return whether it is for the client."""
        if self.begun(body):
            return True
        head = bytes(body[:HEAD_BYTES])
        if head.startswith(_ANSWER):
            return self._answer(head, body)
        if len(body) > SMALL_BYTES:
            return True
        body = bytes(body)
        if b'"$/progress"' in body:
            self._note_progress(_parsed(body))
        elif _LEAVING in body:
            self.leaving = str(_parsed(body)["params"]["why"])  # type: ignore[index]  # the daemon's own message
            return False
        return True

    def begun(self, body: bytes | memoryview) -> bool:
        """Take note of an answer of which at least the beginning has come; return whether it is one for the client."""
        plain = _PLAIN_ANSWER.match(body)
        if plain is not None:
            self._answered_to(int(plain[1]), is_result=plain[2] == b"r")
        return plain is not None

    def _answer(self, head: bytes, body: bytes | memoryview) -> bool:
        message_id, kind = _head(head, body)
        if kind == "method":
            return True
        if isinstance(message_id, str) and message_id.startswith(control.OWN_ID):
            self._own_answer(message_id, bytes(body))
            return False
        self._answered_to(message_id, is_result=kind == "result")
        return True

    def _answered_to(self, message_id: MessageId, *, is_result: bool) -> None:
        count = self.waiting.pop(message_id, 0)
        if count > 1:
            self.waiting[message_id] = count - 1
        if is_result:
            self.polite = self.polite or (self._shutdown_id is not None and message_id == self._shutdown_id)
            self._answered = self._answered or self._is_initialize(message_id)
        elif self._owes_initialize(message_id):
            self._initialize = None  # it was refused: to ask again would bring a second answer

    def _own_answer(self, message_id: str, body: bytes) -> None:
        if message_id == _AGAIN:
            self.replaying = False
            return
        result = _parsed(body).get("result")
        for document in self._documents.values():
            if document.asked is not None and document.asked[0] == message_id and isinstance(result, dict):
                document.restart(document.asked[1], result["text"], result["version"])

    def _note_progress(self, message: Message) -> None:
        params = message.get("params")
        if isinstance(params, dict) and isinstance(params.get("value"), dict):
            if params["value"].get("kind") == "begin":
                self._progress[params["token"]] = None
            elif params["value"].get("kind") == "end":
                self._progress.pop(params["token"], None)

    # when the daemon is gone

    def lost(self, why: str) -> list[bytes]:
        """Return what the client must be told: one answer for each request that waits, the end of all progress.

        A replay that was under way is at its end, too.
        """
        told = []
        self.replaying = False
        for message_id, count in self.waiting.items():
            if message_id == self._shutdown_id:
                self.polite = True
                told.append(control.body(id=message_id, result=None))
            elif not self._owes_initialize(message_id):
                error = {"code": control.REQUEST_FAILED, "message": why}
                told += [control.body(id=message_id, error=error)] * count
        self.waiting = {one: count for one, count in self.waiting.items() if self._owes_initialize(one)}
        for token in self._progress:
            value = {"kind": "end", "message": why}
            told.append(control.body(method="$/progress", params={"token": token, "value": value}))
        self._progress.clear()
        self.leaving = None
        for document in self._documents.values():
            document.asked = None
        return told

    def _owes_initialize(self, message_id: object) -> bool:
        return not self._answered and self._is_initialize(message_id)

    def _is_initialize(self, message_id: object) -> bool:
        return self._initialize is not None and self._initialize.get("id") == message_id

    def handshake(self) -> list[bytes]:
        """Return what begins the replay; the rest follows once it is answered (`replaying` is false again)."""
        if self._initialize is None:
            return []
        if not self._answered:  # the client still waits for this answer
            return [control.body(**{key: value for key, value in self._initialize.items() if key != "jsonrpc"})]
        self.replaying = True
        return [control.body(id=_AGAIN, method="initialize", params=self._params_now())]

    def _params_now(self) -> object:
        """Return the params of `initialize`, with the trace that the client has asked for since."""
        params, traced = self._initialize and self._initialize.get("params"), self._once.get("$/setTrace")
        wanted = None if traced is None else _parsed(traced).get("params")
        if not isinstance(params, dict) or not isinstance(wanted, dict):
            return params
        return {**params, "trace": wanted.get("value")}

    def rest(self) -> list[bytes]:
        """Return what ends the replay: the documents, as they are."""
        documents = [body for document in self._documents.values() for body in document.bodies]
        return [*self._once.values(), *documents]


_KINDS = {ord(name[0]): name for name in ("method", "result", "error")}
_AGAIN = f"{control.OWN_ID}initialize"


def _head(head: bytes, body: bytes | memoryview) -> tuple[MessageId, str]:
    """Return the id of a message of the daemon and the name of the member after it, which tells what it is."""
    end = head.find(b',"', len(_ANSWER))
    raw = head[len(_ANSWER) : max(end, 0)]
    try:
        return int(raw) if raw.isdigit() else json.loads(raw), _KINDS[head[end + 2]]
    except (ValueError, KeyError, IndexError):  # a long id, or one that holds what we looked for
        message = _parsed(bytes(body))
        return message["id"], next(name for name in _KINDS.values() if name in message)  # type: ignore[return-value]  # the daemon's own message


def _parsed(body: bytes) -> Message:
    """Return a message; empty where it is none: the daemon answers that."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
