"""An editor that has a file open, as far as a language server can tell."""

from __future__ import annotations

from pathlib import Path

from e2e.places import Daemon, Json

EDITS: Json = {"workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}}}
PLAIN_EDITS: Json = {"workspace": {"applyEdit": True}}


class Buffer:
    """One open file; its text is what the user sees. Edits of the server are applied and told, not saved."""

    def __init__(self, daemon: Daemon, path: Path, text: str, uri: str | None = None) -> None:
        self.daemon = daemon
        self.path = path
        self.uri = uri or path.as_uri()
        self.text = text
        self.version = 1
        document = {"uri": self.uri, "languageId": "toml", "version": 1, "text": text}
        daemon.notify("textDocument/didOpen", {"textDocument": document})
        daemon.peer.requests["workspace/applyEdit"] = self._apply

    def type(self, text: str) -> None:
        """Let the user replace the whole text."""
        self.text = text
        self.version += 1
        identifier = {"uri": self.uri, "version": self.version}
        self.daemon.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": text}]})

    def save(self) -> None:
        """Write the text to disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.text.encode())
        self.daemon.notify("textDocument/didSave", {"textDocument": {"uri": self.uri}})

    def close(self) -> None:
        """Close the file without saving it."""
        self.daemon.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})

    def _apply(self, params: Json) -> Json:
        edit = params["edit"]
        if "documentChanges" in edit:
            (change,) = edit["documentChanges"]
            assert change["textDocument"] == {"uri": self.uri, "version": self.version}
            edits = change["edits"]
        else:
            ((uri, edits),) = edit["changes"].items()
            assert uri == self.uri
        self.type(applied(self.text, edits))
        return {"applied": True}


def applied(text: str, edits: list[Json]) -> str:
    """Return `text` with LSP edits applied; characters are UTF-16 code units."""
    for edit in sorted(edits, key=lambda edit: _place(edit["range"]["start"]), reverse=True):
        start, end = (_offset(text, edit["range"][side]) for side in ("start", "end"))
        text = text[:start] + edit["newText"] + text[end:]
    return text


def _place(position: Json) -> tuple[int, int]:
    return position["line"], position["character"]


def _offset(text: str, position: Json) -> int:
    """Return the index of a position; the end of the text counts as the line after a last line break."""
    start = 0
    for _ in range(position["line"]):
        start = text.index("\n", start) + 1
    row = text[start:].split("\n")[0]
    units = row.encode("utf-16-le")
    assert position["character"] * 2 <= len(units)
    return start + len(units[: position["character"] * 2].decode("utf-16-le"))


def text_at(text: str, place: Json) -> str:
    """Return what a range of LSP covers."""
    return text[_offset(text, place["start"]) : _offset(text, place["end"])]
