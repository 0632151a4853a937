"""Fetch JSON over HTTP under limits: one deadline, capped bodies, no other hosts, errors that say what to do."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from .. import __version__
from ..secret import password_of, redact
from .base import ImportFailedError
from .http_rules import BodyError, CappedBody, is_loopback, may_follow, quiet_httpx, retry_after_s, without_credentials

if TYPE_CHECKING:
    import httpx  # at run time it is imported on the first fetch: its 60 ms would delay the answer to `initialize`

MAX_BODY = 8 << 20
"""Bytes: eight times the longest model list that was seen. A refresh fetches three bodies at once, and even if all of
them are this large the daemon stays within 32 MB of its size."""
MAX_REDIRECTS = 3
MAX_ERROR_BODY = 64 << 10
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": f"ploked/{__version__}"}


class Fetcher:
    """Gets JSON below one base URL. Connections are opened on first use.

    `total_timeout_s` bounds a whole fetch, redirects and body included; `max_body` (bytes) bounds a body both as it
    comes and inflated. Proxies of the environment are used, but never towards this machine.
    """

    def __init__(
        self,
        base_url: str,
        *,
        total_timeout_s: float = 30,
        max_body: int = MAX_BODY,
        headers: Mapping[str, str] | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.base_url = without_credentials(base_url).rstrip("/")
        """Without user and password: fit to be shown."""
        self._check = f"check the base URL ({self.base_url or 'it is empty'})"
        self._url = base_url.rstrip("/")
        self._host = _host(base_url)
        password_of(base_url)  # from here on it is known, and redacted: an upstream may repeat it
        self._total_timeout_s = total_timeout_s
        self._max_body = max_body
        self._headers = {**_HEADERS, **(headers or {})}
        self._now_s = now_s
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def get_json_bytes(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """Return the body of `GET base_url/path`, which looks like JSON but is not parsed.

        `path` must be quoted already. Raises ImportFailedError, with the host, what happened and what to do.
        """
        try:
            async with asyncio.timeout(self._total_timeout_s):
                return await self._get(f"{self._url}/{path}", params)
        except TimeoutError:
            raise self._failed(f"gave no whole answer within {self._total_timeout_s:g} s", "Try again later") from None

    async def aclose(self) -> None:
        """Close connections; a later fetch opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _get(self, url: str, params: Mapping[str, str] | None) -> bytes:
        await asyncio.to_thread(importlib.import_module, "httpx")  # 60 ms on first use: not in the event loop
        import httpx

        try:
            client = await self._open()
            request = client.build_request("GET", url, params=params)
            return await self._follow(client, request)
        except BodyError as error:
            raise self._failed(f"cannot be read: its answer {error}", "Try again later") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            reason = without_credentials(str(error)).rstrip(".") or type(error).__name__
            raise self._failed(
                f"cannot be reached: {reason}", f"See whether you are online, and {self._check}"
            ) from error

    async def _open(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._client is None:
                # Reading the certificates takes tens of milliseconds: not in the event loop either.
                self._client = await asyncio.to_thread(self._new_client)
            return self._client

    def _new_client(self) -> httpx.AsyncClient:
        import httpx  # loaded by `_get`

        quiet_httpx()
        return httpx.AsyncClient(
            headers=self._headers,
            timeout=self._total_timeout_s,
            follow_redirects=False,
            trust_env=not is_loopback(self._host),
        )

    async def _follow(self, client: httpx.AsyncClient, request: httpx.Request) -> bytes:
        """Return the body at the end of the redirects."""
        for _ in range(MAX_REDIRECTS + 1):
            response = await client.send(request, stream=True)
            try:
                if response.next_request is None:
                    return await self._body(response)
            finally:
                await response.aclose()
            if not may_follow(str(request.url), str(response.next_request.url)):
                elsewhere = response.next_request.url.host
                raise self._failed(f"redirects to {elsewhere}, which is not followed", f"Please {self._check}")
            request = response.next_request
        raise self._failed(f"redirects more than {MAX_REDIRECTS} times", f"Please {self._check}")

    async def _body(self, response: httpx.Response) -> bytes:
        if response.status_code != 200:
            raise self._refused(response, await _error_message(response))
        body = await read_body(response, self._max_body)
        if body[:1] not in (b"{", b"["):
            kind = "HTML (a proxy, or a login page?)" if body[:1] == b"<" else "no JSON" if body else "nothing"
            raise self._failed(f"answered with {kind}", f"Try again later, or {self._check}", 200)
        return body

    def _refused(self, response: httpx.Response, said: str) -> ImportFailedError:
        status = response.status_code
        wait_s = retry_after_s(response.headers.get("retry-after"), self._now_s())
        if wait_s is not None:
            advice = f"It asks to wait {wait_s:.0f} s"
        else:
            advice = "Try again later" if status == 429 or status >= 500 else f"If it should be there, {self._check}"
        return self._failed(f"answered with HTTP {status}{said}", advice, status, wait_s)

    def _failed(
        self, what: str, advice: str, status: int | None = None, wait_s: float | None = None
    ) -> ImportFailedError:
        return ImportFailedError(f"{self._host} {what}. {advice}.", retry_after_s=wait_s, status=status)


async def read_body(response: httpx.Response, cap: int) -> bytes:
    """Return the body without byte order mark and blanks around it; raises BodyError."""
    body = CappedBody(response.headers.get("content-encoding", ""), cap)
    async for chunk in response.aiter_raw():
        body.feed(chunk)
    return body.finish().removeprefix(b"\xef\xbb\xbf").strip()


async def _error_message(response: httpx.Response) -> str:
    """Return what an error body says (`error.message`), as the end of a sentence; "" when it says nothing."""
    try:
        said = msgspec.json.decode(await read_body(response, MAX_ERROR_BODY))["error"]["message"]
    except (BodyError, msgspec.MsgspecError, ValueError, RecursionError, LookupError, TypeError):
        return ""
    return f" ({redact(said.strip())[:200]!r})" if isinstance(said, str) else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url[:80]
    except ValueError:
        return "the upstream"
