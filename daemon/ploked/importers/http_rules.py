"""Rules of HTTP that need no client: what to wait, what to inflate, where to follow."""

from __future__ import annotations

import ipaddress
import logging
import math
import re
import zlib
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

from ..secret import hide

GZIP_OR_ZLIB = 47
"""`wbits` that take the gzip and the zlib header, whichever comes."""
STEP = 1 << 16
"""Bytes to inflate at once: 64 kB of a bomb would become 64 MB."""
PLAIN = frozenset({"", "identity"})
DEFLATED = frozenset({"gzip", "x-gzip", "deflate"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")


class BodyError(ValueError):
    """A body that cannot be taken; the message goes on from "the answer ..."."""


class CappedBody:
    """Collects a body, inflating it under way; neither what comes nor what it becomes may exceed `cap` bytes.

    `Content-Length` does not help there: 199 KB of gzip can hold 200 MB.
    """

    def __init__(self, encoding: str, cap: int) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in PLAIN | DEFLATED:
            raise BodyError(f"is encoded as {hide(encoding)[:40]!r}, which was not asked for")
        self._cap = cap
        self._received = 0
        self._body = bytearray()
        self._inflate = zlib.decompressobj(GZIP_OR_ZLIB)

    def feed(self, chunk: bytes) -> None:
        """Take the next piece as it was received; raises BodyError when it is too much or broken."""
        self._received += len(chunk)
        if self._encoding in PLAIN:
            self._body += chunk
        else:
            self._feed_deflated(chunk)
        if max(self._received, len(self._body)) > self._cap:
            raise BodyError(f"is larger than {self._cap / (1 << 20):g} MB")

    def finish(self) -> bytes:
        """Return the whole body; raises BodyError when it was cut short."""
        if self._encoding in DEFLATED and self._received and not self._inflate.eof:
            raise BodyError("was cut short")
        return bytes(self._body)

    def _feed_deflated(self, chunk: bytes) -> None:
        try:
            while chunk and len(self._body) <= self._cap:
                if self._inflate.eof:  # gzip may come in several members
                    self._inflate = zlib.decompressobj(GZIP_OR_ZLIB)
                self._body += self._inflate.decompress(chunk, STEP)
                chunk = self._inflate.unconsumed_tail or self._inflate.unused_data
        except zlib.error:
            raise BodyError("is broken: it does not inflate") from None


def retry_after_s(value: str | None, now_s: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks to wait (RFC 9110 10.2.3: seconds or a date), at least 0."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        wait_s = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now_s
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return max(0.0, wait_s) if math.isfinite(wait_s) else None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, which no proxy can reach for us."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a URL; None where there is none, or for this machine."""
    from urllib.request import getproxies, proxy_bypass  # imported late: it takes 15 ms

    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def quiet_httpx() -> None:
    """Keep httpx from logging every URL with its query, which it does at INFO."""
    logging.getLogger("httpx").setLevel(logging.WARNING)


def may_follow(url: str, target: str) -> bool:
    """Return whether a redirect stays with the host that was asked: same host and port, or from http to https."""
    try:
        here, there = urlsplit(url), urlsplit(target)
        if here.hostname != there.hostname:
            return False
        return _origin(here) == _origin(there) or (_origin(here), _origin(there)) == (("http", 80), ("https", 443))
    except ValueError:
        return False


def without_credentials(url: str) -> str:
    """Return a URL that can be shown: no user, no password, no query."""
    return re.sub(r"(?<=//)[^/@]*@", "", re.split(r"[?#]", url, maxsplit=1)[0])


def _origin(url: SplitResult) -> tuple[str, int | None]:
    return url.scheme, url.port or _DEFAULT_PORTS.get(url.scheme)
