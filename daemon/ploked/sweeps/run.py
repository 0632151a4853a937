"""Send the requests of a sweep, over httpx with aiohttp's connections.

httpx's own pool makes requests wait for each other under concurrency, and that wait would end up in the latencies: with
an upstream that takes 2.0 s, and 256 requests at a time, it shows a median of 6.5 s and aiohttp's 2.0 s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from random import random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from ploked_protocol.sweeps import SweepRow

from .. import __version__
from ..importers.http import read_body
from ..importers.http_rules import BodyError, environment_proxy, quiet_httpx, retry_after_s, without_credentials
from ..secret import Secret, hide
from ..store.base import Clock
from .answer import without_secrets
from .compare import compared
from .grid import PlannedRequest
from .ledger import Ledger
from .outcome import Reply, read_reply
from .policy import stopping, wait_s
from .pool import Answered, Ended, Pool
from .stopwatch import Stopwatch, trace_connections

if TYPE_CHECKING:
    import aiohttp  # at run time both are imported by the first sweep: 150 ms that nobody else should wait for
    import httpx

MAX_ANSWER = 16 << 20


class SweepRunner:
    """Sends sweeps to one upstream. Neither the ledger nor a log ever sees the key.

    `request_timeout_s` bounds one request from its start to the last byte; `backoff_s` is the first wait before a
    retry where the upstream asks for none; `draw` gives numbers in [0, 1) that spread the retries.
    """

    def __init__(
        self,
        base_url: str,
        key: Secret,
        ledger: Ledger,
        clock: Clock,
        *,
        request_timeout_s: float = 300,
        backoff_s: float = 1,
        draw: Callable[[], float] = random,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._ledger = ledger
        self._clock = clock
        self._request_timeout_s = request_timeout_s
        self._backoff_s = backoff_s
        self._draw = draw

    async def run(
        self,
        sweep_id: str,
        requests: Sequence[PlannedRequest],
        concurrency: int,
        on_row: Callable[[SweepRow], None],
        cancel: asyncio.Event,
    ) -> Ended:
        """Send `requests`, at most `concurrency` at a time, and return how the sweep ended.

        Each row is in the ledger before `on_row` is called with it. Once `cancel` is set no request starts, those
        under way are aborted, and every request without an answer gets a row that says "cancelled"; of these `on_row`
        sees the ones that had started. The sweep must have been created in the ledger, and is finished there, also
        when this call itself is cancelled.
        """
        sender = _Sender(self._base_url, self._key, self._clock, concurrency, self._request_timeout_s)
        pool = Pool(sweep_id, lambda request: self._ask(sender, request), self._ledger, on_row)
        ended = Ended("cancelled", "ploked ended while this sweep ran.")
        try:
            refused = await sender.open()
            ended = refused or await pool.work_off(requests, min(concurrency, len(requests)), cancel)
        finally:
            await pool.finish(requests, ended, self._now())
            await sender.aclose()
        return ended

    async def _ask(self, sender: _Sender, request: PlannedRequest) -> Answered:
        """Return the answer of the last attempt; the waits between attempts are in no latency."""
        payload = msgspec.json.encode(request.body)
        for attempt in count():
            reply = await sender.send(payload)
            pause_s = wait_s(reply, attempt, self._backoff_s, self._draw())
            if pause_s is None:
                break
            await asyncio.sleep(pause_s)
        why = stopping(reply)
        stop = None if why is None else Ended("failed", why)
        row, comparison = compared(request, read_reply(request, reply, self._now()), reply.body)
        return Answered(row, reply.body, comparison, stop)

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock.now_s(), UTC).isoformat(timespec="milliseconds")


class _Sender:
    """Posts completions with the key. There is a connection for each request under way, so that none waits for one."""

    def __init__(self, base_url: str, key: Secret, clock: Clock, connections: int, timeout_s: float) -> None:
        # A request has one Authorization header, and the key is what completions are paid with.
        self._base_url = without_credentials(base_url).rstrip("/")
        self._key = key
        self._clock = clock
        self._connections = connections
        self._timeout_s = timeout_s
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> Ended | None:
        """Load libraries and certificates, in a thread: that takes 200 ms. Return why the sweep cannot begin, if so."""
        key = self._key.reveal()
        if not (key.isascii() and key.isprintable() and " " not in key):
            return Ended("failed", "The API key holds characters that no key has: set it again, without blanks.")
        try:
            self._client = await asyncio.to_thread(self._new_client)
        except Exception as error:  # noqa: BLE001  whatever stands in the environment, the sweep ends with a reason
            return Ended("failed", f"Connections cannot be made: {error}. See SSL_CERT_FILE and the proxy variables.")
        return None

    async def send(self, payload: bytes) -> Reply:
        """Return what came back for one body; nothing that the network does raises."""
        import aiohttp  # loaded by `open`, as is httpx
        import httpx

        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(payload)
        except TimeoutError:
            return Reply(problem=f"no whole answer within {self._timeout_s:g} s")
        except BodyError as error:
            return Reply(problem=f"the answer {error}")
        except (httpx.ReadError, httpx.RemoteProtocolError) as error:
            return Reply(problem=hide(f"the answer broke off: {error}"))
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError) as error:
            host = urlsplit(self._base_url).hostname or without_credentials(self._base_url)
            return Reply(problem=hide(f"{host} cannot be reached: {error or type(error).__name__}"))

    async def aclose(self) -> None:
        """Close connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, payload: bytes) -> Reply:
        assert self._client is not None  # noqa: S101  `open` has made it
        stopwatch = Stopwatch(self._clock.monotonic_s)
        async with self._client.stream("POST", f"{self._base_url}/chat/completions", content=payload) as response:
            body = await read_body(response, MAX_ANSWER)
        latency_ms = stopwatch.elapsed_ms()
        asked_s = retry_after_s(response.headers.get("retry-after"), self._clock.now_s())
        return Reply(response.status_code, without_secrets(body), latency_ms, asked_s)  # an upstream may repeat the key

    def _new_client(self) -> httpx.AsyncClient:
        import aiohttp
        import httpx
        from httpx_aiohttp import AiohttpTransport

        quiet_httpx()
        certificates = httpx.create_ssl_context()
        proxy = environment_proxy(self._base_url)

        def session() -> aiohttp.ClientSession:
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=certificates)
            return aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[trace_connections()]
            )

        transport = AiohttpTransport(verify=certificates, proxy=httpx.Proxy(proxy) if proxy else None, client=session)
        return httpx.AsyncClient(transport=transport, headers=self._headers(), timeout=None)  # noqa: S113  `send` has the deadline

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._key.reveal()}",
            "Content-Type": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": f"ploked/{__version__}",
            # A replayed answer would make equal variants look equal, whatever their temperature.
            "X-OpenRouter-Cache": "false",
            # Asks who served: a tag pinned says who should have.
            "X-OpenRouter-Metadata": "enabled",
        }
