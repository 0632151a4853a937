"""A service for the wire: every row answers something small, and some params make it misbehave."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
from lsprotocol import types
from ploked.progress import Progress
from ploked.server.session import Session
from ploked_protocol import catalog, queries, sweeps
from ploked_protocol.errors import ErrorData, UnknownModel
from ploked_protocol.methods import CATALOG_CHANGED, REQUESTS, Method
from ploked_protocol.money import Money
from pygls.exceptions import JsonRpcException, JsonRpcInternalError

SECRET = "sk-or-v1-made-up-for-tests"
FRESH = catalog.Freshness(source="fake", stale=False)
ROW = msgspec.Raw(b'{"id":"acme/one","promptPer1m":"0.00000008"}')


class FakeService:
    """`search_models` answers at once, `status` at once, all else asynchronously."""

    many_models = True

    def __init__(self, *, starts: bool = True, closes: bool = True) -> None:
        self._ready = asyncio.Event()
        self._starts = starts
        self._closes = closes
        self.listeners: list[Callable[[Method[Any, None], Any], None]] = []
        self.cancelled: list[str] = []
        self.closed = False
        self.attended = 0
        for row in REQUESTS:  # the rows not written out below
            name = re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), row.short)
            if not hasattr(self, name):
                setattr(self, name, _unused)

    async def start(self) -> None:
        if not self._starts:
            raise RuntimeError(f"no catalog for {SECRET}")
        self._ready.set()

    async def ready(self) -> None:
        await self._ready.wait()

    async def catch_up(self) -> None:
        pass

    def troubles(self) -> list[str]:
        return []

    async def aclose(self) -> None:
        if not self._closes:
            await asyncio.sleep(60)
        self.closed = True

    def attend(self) -> None:
        self.attended += 1

    def subscribe(self, listener: Callable[[Method[Any, None], Any], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def change(self) -> None:
        refreshed = queries.Refreshed(kind="models", outcome="updated", count=1, skipped=0, freshness=FRESH)
        for listener in list(self.listeners):
            listener(CATALOG_CHANGED, queries.CatalogChanged(refreshed=refreshed))

    def search_models(self, params: queries.SearchModelsParams) -> Any:
        match params.query:
            case "exit":
                raise SystemExit(3)
            case "secret":
                raise ValueError(f"the key is {SECRET} in /home/somebody/file")
            case "object":
                return object()
            case "cycle":
                loop: list[Any] = []
                loop.append(loop)
                return loop
            case "surrogate":
                return {"text": "\ud800"}
            case "nan":
                return {"price": float("nan"), "other": float("inf")}
            case "jsonrpc":
                return {"jsonrpc": "1.0", "inner": [{"jsonrpc": "2.0", "id": 1, "method": "x"}]}
            case "print":
                print("a stray print")  # noqa: T201  # what the test is about
                os.write(1, b"and one from below Python\n")
            case "big":
                return {"text": "x" * (1 << 20)}
            case "bad data":
                raise UnknownModel("no such model", ErrorData(details={"what": object()}))
            case "long":
                return self._wait("long")
        rows: list[Any] = [ROW]
        return queries.SearchModelsResult(rows=rows, total=1, freshness=FRESH)

    async def list_endpoints(self, params: queries.ListEndpointsParams, progress: Progress) -> Any:
        match params.model:
            case "unknown/model":
                raise UnknownModel("No model is called 'unknown/model'.", ErrorData(suggestions=["acme/one"]))
            case "exit":
                raise SystemExit(3)
            case "secret":
                raise ValueError(f"the key is {SECRET}")
            case "stubborn":
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    await asyncio.sleep(60)
            case "soon":
                await asyncio.sleep(0.02)
            case "forever":
                await self._wait(params.model)
            case "reports":
                await progress.report("fetching", 10)
                await progress.report("reading", 90)
            case "reports, forever":
                await progress.report("fetching")
                await self._wait(params.model)
        price = catalog.Pricing.per_token(Money("0.00000008"), None)
        return {"model": params.model, "pricing": price}

    async def _wait(self, what: str) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled.append(what)
            raise

    async def launch_sweep(self, params: sweeps.LaunchSweepParams, _progress: Progress) -> sweeps.SweepLaunched:
        return sweeps.SweepLaunched(sweep_id=str(params.grid[0].start), requests=1)

    async def save_profile(self, params: queries.SaveProfileParams, editor: Any) -> queries.ConfigEdited:
        path, passed_over = params.model or "", ""
        done = await editor.edit_open(path, lambda text: text.replace("old", params.name))
        if done is None:
            done, passed_over = await editor.edit_elsewhere(path, lambda text: text.replace("old", params.name))
        return done or queries.ConfigEdited(changed=True, via="disk", path="", message=f"on disk {passed_over}".strip())

    def status(self, _params: queries.StatusParams) -> dict[str, int]:
        return {"pid": os.getpid()}


async def _unused(*_args: object) -> dict[str, object]:
    return {}


def features(session: Session) -> None:
    """Register one LSP handler of each kind, some of them bad."""

    @session.server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        document = session.server.workspace.text_documents.get(params.text_document.uri)
        return types.Hover(document.source) if document else None

    @session.server.feature(types.TEXT_DOCUMENT_COMPLETION)
    def complete(_params: types.CompletionParams) -> list[types.CompletionItem]:
        return [types.CompletionItem(label="acme/one", insert_text_format=types.InsertTextFormat.Snippet)]

    @session.server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def define(_params: types.DefinitionParams) -> None:
        raise SystemExit(3)

    @session.server.feature(types.TEXT_DOCUMENT_DECLARATION)
    def declare(_params: types.DeclarationParams) -> None:
        try:
            raise ValueError(f"the key is {SECRET}")
        except ValueError:
            raise JsonRpcInternalError.of(sys.exc_info()) from None  # type: ignore[no-untyped-call]  # pygls left it so

    @session.server.feature(types.TEXT_DOCUMENT_IMPLEMENTATION)
    def implement(_params: types.ImplementationParams) -> None:
        raise JsonRpcException("Ask again later.", -32001, {"afterS": 5})

    @session.server.feature(types.TEXT_DOCUMENT_REFERENCES)
    @session.server.thread()
    def refer(_params: types.ReferenceParams) -> list[types.Location]:
        raise SystemExit(3)

    @session.server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(_params: types.DidSaveTextDocumentParams) -> None:
        raise SystemExit(3)

    @session.server.feature(types.WORKSPACE_SYMBOL)
    async def forever(_params: types.WorkspaceSymbolParams) -> None:
        await asyncio.sleep(60)

    @session.server.feature(types.SHUTDOWN)
    async def leave(_params: None) -> None:
        await asyncio.sleep(0)

    @session.server.command("other.add")
    async def add(one: int, other: int) -> int:
        return one + other

    @session.server.command("other.forever")
    async def wait() -> None:
        await asyncio.sleep(60)

    @session.server.command("other.block")
    @session.server.thread()
    def block() -> None:
        time.sleep(60)
