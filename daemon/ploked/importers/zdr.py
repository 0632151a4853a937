"""Which endpoints keep no data: OpenRouter's own list of them (`GET /endpoints/zdr`), and the tags that say so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from ploked_protocol.catalog import EndpointRecord

from .base import ImportFailedError
from .http import Fetcher
from .normalise import ZDR_SUFFIX
from .readers import text

_log = logging.getLogger(__name__)


class _Answer(msgspec.Struct):
    data: list[Any]


_ANSWER = msgspec.json.Decoder(_Answer)


class ZdrFacts:
    """The list as it last came. A list that cannot be had leaves the fact unknown, and never fails anything."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._listed: frozenset[tuple[str, str]] | None = None
        self._asked = False
        self._asking = asyncio.Lock()

    async def refresh(self) -> None:
        """Fetch the list; when that fails, the one that came before holds."""
        async with self._asking:
            await self._fetch()

    async def ensure(self) -> None:
        """Fetch the list unless that was tried: after a start the models may be fresh, and are not fetched then."""
        async with self._asking:
            if not self._asked:
                await self._fetch()

    async def _fetch(self) -> None:
        try:
            body = await self._fetcher.get_json_bytes("endpoints/zdr")
            self._listed = await asyncio.to_thread(parse_zdr, body)
        except ImportFailedError as error:
            _log.info("Which endpoints keep no data is not known: %s", error)
        self._asked = True

    def marked(self, rows: Iterable[EndpointRecord]) -> list[EndpointRecord]:
        """Return `rows` with `zdr` as far as it is known; without a list they keep what they say."""
        return [self._marked(row) for row in rows]

    def _marked(self, row: EndpointRecord) -> EndpointRecord:
        if self._listed is None:
            return row
        zdr = row.key.tag.endswith(ZDR_SUFFIX) or (row.key.model, row.key.tag) in self._listed
        return row if zdr == row.zdr else msgspec.structs.replace(row, zdr=zdr)


def parse_zdr(data: bytes) -> frozenset[tuple[str, str]]:
    """Return the model id and tag of every endpoint in a `/endpoints/zdr` answer, unreadable rows left out.

    Raises ImportFailedError when it is no such answer, or holds no readable row.
    """
    try:
        rows = _ANSWER.decode(data).data
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ImportFailedError(
            f"OpenRouter's list of endpoints without retention cannot be read ({error})."
        ) from error
    named = ((text(row.get("model_id")), text(row.get("tag"))) for row in rows if isinstance(row, dict))
    listed = frozenset((model, tag) for model, tag in named if model and tag)
    if not listed:
        raise ImportFailedError("OpenRouter sent no readable endpoints without retention.")
    return listed
