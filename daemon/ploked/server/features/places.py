"""From a client's positions to the code points that TOML is read in, and back."""

from __future__ import annotations

from urllib.parse import unquote

from lsprotocol import types
from ploked_protocol.preferences import ConfigProblem

from ...paths import same_target
from ...preferences.positions import Span
from ...threads import think
from ..documents.toml import Cursor, cursor, is_ploke_config
from ..open_files import OpenFile
from ..session import Session

MOST_CHARACTERS = 100_000
"""Of a document that is read while it is typed in: each pause in the typing reads it anew, 0.2 s for so many."""


def config_document(session: Session, uri: str) -> OpenFile | None:
    """Return the open document, as it is now, if it is a config of ours; TOML of other programs is left alone."""
    document = session.server.workspace.text_documents.get(unquote(uri))  # pygls keeps them under unescaped URIs
    if not isinstance(document, OpenFile):
        return None
    path = document.path or ""
    configured = str(session.service.settings.config_path)
    ours = is_configured(session, path) or is_ploke_config(path, document.source, configured)
    return document.frozen() if ours else None


def readable_config(session: Session, uri: str) -> OpenFile | None:
    """Return the same, but for one that is too long to be read: a diagnostic says so, and nothing else answers."""
    document = config_document(session, uri)
    return None if document is None or document.length > MOST_CHARACTERS else document


def is_configured(session: Session, path: str | None) -> bool:
    """Return whether `path` is the file that preferences come from, whichever link leads there."""
    return bool(path) and same_target(path or "", str(session.service.settings.config_path))


async def cursor_at(document: OpenFile, position: types.Position) -> Cursor:
    """Return what stands at a position of the client. A long text is read in a thread, as all of it that takes long."""
    place = document.position_codec.position_from_client_units(document.lines, position)
    return await think(cursor, document.source, place.line, place.character)


def word_range(document: OpenFile, at: Cursor) -> types.Range:
    """Return the range of the word under a cursor, in the client's units."""
    return _to_client(document, at.line, at.start, at.line, at.end)


def want_endpoints(session: Session, model_id: str | None) -> None:
    """Fetch the endpoints of a model behind the answer, for the next question about it.

    Only where none are known but those bundled with ploked.
    """
    facts = session.service.facts
    if model_id and facts.find_model(model_id) and not facts.knows_serving(model_id):
        session.spawn(session.service.warm_endpoints(model_id))


def span_range(document: OpenFile, span: Span | ConfigProblem) -> types.Range:
    """Return a range of 1-based code points in the client's units."""
    return _to_client(document, span.line - 1, span.column - 1, span.end_line - 1, span.end_column - 1)


def _to_client(document: OpenFile, line: int, column: int, end_line: int, end_column: int) -> types.Range:
    wide = types.Range(types.Position(line, column), types.Position(end_line, end_column))
    return document.position_codec.range_to_client_units(document.lines, wide)
