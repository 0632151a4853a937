"""The yardstick of sockets: asyncio and msgspec, and nothing else. `python echo_socket.py SOCKET ANSWER.json`.

It decodes the envelope and the params and encodes a prepared result: the same bytes as ploked's.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec
from ploked_protocol.framing import FrameDecoder, frame


class Envelope(msgspec.Struct):
    """A message."""

    method: str
    id: int | None = None
    params: Any = None


async def serve(path: str, answer: msgspec.Raw) -> None:
    """Answer until killed."""
    envelopes, encoder = msgspec.json.Decoder(Envelope), msgspec.json.Encoder()

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = FrameDecoder()
        while data := await reader.read(1 << 16):
            for body in decoder.feed(data):
                envelope = envelopes.decode(body)
                writer.write(frame(encoder.encode({"jsonrpc": "2.0", "id": envelope.id, "result": answer})))
            await writer.drain()

    server = await asyncio.start_unix_server(welcome, path)
    await server.serve_forever()


if __name__ == "__main__":
    prepared = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=dict[str, msgspec.Raw])["result"]
    asyncio.run(serve(sys.argv[1], prepared))
