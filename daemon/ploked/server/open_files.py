"""The open files of one session, with lines as LSP counts them, edited where they change."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec, TextDocument, Workspace

from .columns import Columns

_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r)|[^\r\n]++")


def split_lines(text: str) -> list[str]:
    r"""Return the lines of `text` with their ends: `\n`, `\r\n` and `\r`, and no others (LSP 3.17)."""
    return _LINE.findall(text)


class OpenFile(TextDocument):
    """A document whose lines are LSP's, and are what is kept: a change costs the lines it touches.

    pygls splits as `str.splitlines` does, so that one form feed or U+2028 in a comment puts every later edit of the
    client on the wrong line; and it splits and joins the whole text for each change.
    """

    def __init__(
        self,
        uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
        *,
        position_codec: PositionCodec | None = None,
    ) -> None:
        super().__init__(uri, source, version, language_id, position_codec=position_codec)
        self._lines: list[str] | None = None
        self._length = 0

    @property
    def lines(self) -> Sequence[str]:
        """Return the lines of the text, with their ends. A later change does not change what was returned."""
        if self._lines is None:
            source = self.source
            self._lines, self._length = split_lines(source), len(source)
        return self._lines

    @property
    def source(self) -> str:
        """Return the text."""
        if self._source is None and self._lines is not None:
            self._source = "".join(self._lines)
        text: str = super().source
        return text

    @property
    def length(self) -> int:
        """Return how many characters the text has, without putting it together."""
        return self._length if self._lines is not None else len(self.source)

    def frozen(self) -> OpenFile:
        """Return the document as it is now: changes go on in this one while answers are found for the copy."""
        copy = OpenFile(self.uri, self.source, self.version, self.language_id, position_codec=self.position_codec)
        copy._lines, copy._length = self._lines, self._length
        return copy

    def _apply_full_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        self._source, self._lines = change.text, None

    def _apply_incremental_change(self, change: types.TextDocumentContentChangePartial) -> None:
        lines = self.lines
        span = self._position_codec.range_from_client_units(lines, change.range)
        if span.start.line > span.end.line:  # pygls, too, ignores a range that ends above its start
            return
        # One more line on both sides: a `\r` and a `\n` that come to meet are one end of line.
        first, last = max(0, span.start.line - 1), span.end.line + 2
        above, below = lines[first : span.start.line], lines[span.end.line + 1 : last]
        head = lines[span.start.line][: span.start.character] if lines else ""
        tail = lines[span.end.line][span.end.character :] if lines else ""
        window = "".join([*above, head, change.text, tail, *below])
        self._length += len(window) - sum(map(len, lines[first:last]))
        self._lines = [*lines[:first], *split_lines(window), *lines[last:]]
        self._source = None


class OpenFiles(Workspace):
    """A workspace that holds such documents."""

    @classmethod
    def like(cls, made: Workspace) -> OpenFiles:
        """Return an empty workspace with the folders and the position encoding of one that pygls made."""
        folders = list(made.folders.values())
        ours = cls(made.root_uri, types.TextDocumentSyncKind.Incremental, folders, made.position_encoding)
        ours._position_codec = Columns(made.position_encoding)
        return ours

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> OpenFile:
        return OpenFile(doc_uri, source, version, language_id, position_codec=self.position_codec)
