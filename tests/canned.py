"""A server that answers with raw HTTP, for what the loopback upstream is too well-mannered to send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def canned(
    answer: Callable[[str], bytes], received: list[bytes] | None = None
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve raw HTTP: `answer` gives the whole response for a path. Yields the base URL and the requests received.

    A request is kept with its body before it is answered, in `received` where that is given. The connection is closed
    after each.
    """
    requests: list[bytes] = [] if received is None else received

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        requests.append(head + await reader.readexactly(int(lengths[0]) if lengths else 0))
        writer.write(answer(head.split(b" ")[1].decode()))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests


def response(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return a response as bytes; `length` is what it claims to hold."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body
