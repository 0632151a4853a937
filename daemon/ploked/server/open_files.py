"""The open files of one session, with lines as LSP counts them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


def split_lines(text: str) -> list[str]:
    r"""Return the lines of `text` with their ends: `\n`, `\r\n` and `\r`, and no others (LSP 3.17)."""
    return _LINE.findall(text)


class OpenFile(TextDocument):
    """A document whose lines are LSP's.

    pygls splits as `str.splitlines` does, so that one form feed or U+2028 in a comment puts every later edit of the
    client on the wrong line.
    """

    @property
    def lines(self) -> Sequence[str]:
        """Return the lines of the text, with their ends."""
        return split_lines(self.source)


class OpenFiles(Workspace):
    """A workspace that holds such documents."""

    @classmethod
    def like(cls, made: Workspace) -> OpenFiles:
        """Return an empty workspace with the folders and the position encoding of one that pygls made."""
        folders = list(made.folders.values())
        return cls(made.root_uri, types.TextDocumentSyncKind.Incremental, folders, made.position_encoding)

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> OpenFile:
        return OpenFile(doc_uri, source, version, language_id, position_codec=self.position_codec)
