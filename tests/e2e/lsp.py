"""What an editor does with a language server, in the units that both have agreed on."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from e2e.places import KIMI, PATIENCE_S, Home
from lsprotocol import types
from ploked.server.open_files import split_lines

T = TypeVar("T")

CURSOR = "‸"
"""Where the cursor is in a text of a test."""

CONFIG = f"""version = 1

[registry]

[[registry.profiles]]
name = "calm"
params = {{ temperature = 0.1 }}

[[registry.profiles]]
name = "😀 wild"

[[registry.models]]
model = "{KIMI}"
"""
HOSTILE = "[free](https://evil.example) <b>now</b> `code` **bold** # | ~~x~~ \\ &lt; ![i](u)"
"""What mancer/weaver is described as while these tests run."""

UNIT_BYTES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def sentence(text: str, at: str) -> str:
    """Return `text` with the cursor within `at`."""
    start = text.index(at)
    middle = start + max(1, len(at.rstrip('"\n')) // 2)
    return text[:middle] + CURSOR + text[middle:]


@dataclass
class Units:
    """Positions of LSP in one encoding, over a text."""

    encoding: str

    def position(self, text: str, offset: int) -> types.Position:
        """Return where the code point `offset` of `text` is."""
        lines = split_lines(text[:offset]) or [""]
        last = lines[-1]
        if last.endswith(("\n", "\r")):
            return types.Position(len(lines), 0)
        codec, size = UNIT_BYTES[self.encoding]
        return types.Position(len(lines) - 1, len(last.encode(codec)) // size)

    def offset(self, text: str, position: types.Position) -> int:
        """Return the code point at a position, which must lie in `text` and between two characters."""
        lines = split_lines(text)
        codec, size = UNIT_BYTES[self.encoding]
        row = lines[position.line].rstrip("\r\n") if position.line < len(lines) else ""
        units = row.encode(codec)
        assert position.character * size <= len(units)
        before = units[: position.character * size].decode(codec)
        return len("".join(lines[: position.line])) + len(before)

    def covered(self, text: str, place: types.Range) -> str:
        """Return what a range covers."""
        return text[self.offset(text, place.start) : self.offset(text, place.end)]

    def apply(self, text: str, edit: types.TextEdit | Any) -> str:
        """Return `text` after one edit."""
        start, end = self.offset(text, edit.range.start), self.offset(text, edit.range.end)
        return text[:start] + str(edit.new_text) + text[end:]


@dataclass
class Document:
    """An open document."""

    editor: Editor
    uri: str
    text: str
    version: int = 1

    def type(self, text: str) -> None:
        """Replace the whole text."""
        self.text, self.version = text, self.version + 1
        identifier = types.VersionedTextDocumentIdentifier(uri=self.uri, version=self.version)
        change = types.TextDocumentContentChangeWholeDocument(text=text)
        self.editor.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))

    def close(self) -> None:
        """Close it."""
        identifier = types.TextDocumentIdentifier(uri=self.uri)
        self.editor.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))


@dataclass
class Completions:
    """What was offered at the cursor."""

    document: Document
    items: Sequence[types.CompletionItem]
    incomplete: bool

    @property
    def labels(self) -> list[str]:
        """Return the labels in the order they came."""
        return [item.label for item in self.items]

    def accept(self, place: int) -> str:
        """Return the text after an item was chosen."""
        return self.document.editor.units.apply(self.document.text, self.items[place].text_edit)


@dataclass
class Card:
    """A hover, and the text it covers."""

    text: str
    kind: types.MarkupKind
    covered: str


@dataclass
class Shown:
    """The diagnostics of a document."""

    document: Document
    items: Sequence[types.Diagnostic]

    def covered(self, problem: types.Diagnostic) -> str:
        """Return the text that is underlined."""
        return self.document.editor.units.covered(self.document.text, problem.range)

    async def actions(self, problem: types.Diagnostic) -> list[types.CodeAction]:
        """Return the code actions for a diagnostic."""
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(self.document.uri), problem.range, types.CodeActionContext([problem])
        )
        found = await asked(self.document.editor.client.text_document_code_action_async(params))
        return list(found or [])

    def apply(self, action: types.CodeAction) -> str:
        """Return the text after an action."""
        assert action.edit is not None
        assert action.edit.changes is not None
        (edit,) = action.edit.changes[self.document.uri]
        return self.document.editor.units.apply(self.document.text, edit)


async def asked(answer: Any) -> Any:
    """Return an answer of the server; pytest-lsp itself would wait for ever."""
    return await asyncio.wait_for(answer, PATIENCE_S)


@dataclass
class Editor:
    """A client of pytest-lsp with documents."""

    client: Any
    home: Home
    encoding: str
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _told: list[types.PublishDiagnosticsParams] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Keep every report: pytest-lsp keeps the last of each document, without its version."""
        self.units = Units(self.encoding)
        self.client.protocol.fm.features.pop(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]  # pytest-lsp has no types here
        def heard(told: types.PublishDiagnosticsParams) -> None:
            self._told.append(told)

    def open(self, text: str, name: str = "ploke/config.toml") -> Document:
        """Open a document in a folder of its own."""
        uri = (self.home.folder / f"work {next(self._numbers)}" / name).as_uri()
        item = types.TextDocumentItem(uri=uri, language_id="toml", version=1, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return Document(self, uri, text)

    def _place(self, marked: str, name: str) -> tuple[Document, dict[str, Any]]:
        text = marked.replace(CURSOR, "")
        document = self.open(text, name)
        position = self.units.position(text, marked.index(CURSOR))
        return document, {"text_document": types.TextDocumentIdentifier(document.uri), "position": position}

    async def complete(self, marked: str, name: str = "ploke/config.toml") -> Completions:
        """Return what is offered at the cursor of `marked`."""
        document, place = self._place(marked, name)
        found = await asked(self.client.text_document_completion_async(types.CompletionParams(**place)))
        return Completions(document, found.items, found.is_incomplete)

    async def complete_until(self, marked: str, label: str) -> Completions:
        """Return the same once `label` is offered: what has to be fetched comes with a later question."""
        return await _until(lambda: self.complete(marked), lambda found: label in found.labels)

    async def hover_or_none(self, marked: str, name: str = "ploke/config.toml") -> Card | None:
        """Return the card at the cursor of `marked`."""
        document, place = self._place(marked, name)
        hover = await asked(self.client.text_document_hover_async(types.HoverParams(**place)))
        if hover is None:
            return None
        return Card(hover.contents.value, hover.contents.kind, self.units.covered(document.text, hover.range))

    async def hover(self, marked: str) -> Card:
        """Return the card, which there must be."""
        card = await self.hover_or_none(marked)
        assert card is not None
        return card

    async def hover_until(self, marked: str, said: str) -> Card:
        """Return the card once it says so."""
        return await _until(lambda: self.hover(marked), lambda card: said in card.text)

    def reports(self, document: Document) -> list[tuple[int | None, Sequence[types.Diagnostic]]]:
        """Return every report on a document, as (version, diagnostics)."""
        return [(told.version, told.diagnostics) for told in self._told if told.uri == document.uri]

    async def shown(self, document: Document) -> Shown:
        """Return the report on the text as it is now."""
        await self.eventually(lambda: document.version in [version for version, _ in self.reports(document)])
        return Shown(document, self.reports(document)[-1][1])

    async def diagnostics(self, text: str) -> Shown:
        """Open a text; return what is shown on it."""
        return await self.shown(self.open(text))

    async def search(self, query: str) -> list[str]:
        """Return the ids that a search finds, in its order."""
        found = await asked(self.client.protocol.send_request_async("ploked/searchModels", {"query": query}))
        return [row.id for row in found.rows]

    async def eventually(self, holds: Callable[[], bool]) -> None:
        """Return once `holds` does."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


async def _until(ask: Callable[[], Awaitable[T]], fits: Callable[[T], bool]) -> T:
    deadline = time.monotonic() + PATIENCE_S
    while not fits(answer := await ask()):
        assert time.monotonic() < deadline, answer
        await asyncio.sleep(0.05)
    return answer
