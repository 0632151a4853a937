"""The yardstick of round trips: asyncio and msgspec, and nothing else. `python echo_server.py ANSWERS.json`.

It decodes the envelope and the query, looks the prepared result up and encodes the answer: the same bytes as ploked's.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
from ploked_protocol.framing import FrameDecoder, frame


class Query(msgspec.Struct):
    """The params of `ploked/searchModels`, as far as they choose the answer."""

    query: str = ""


class Envelope(msgspec.Struct):
    """A message, its params still raw."""

    method: str
    id: int | None = None
    params: msgspec.Raw = msgspec.Raw(b"null")


async def serve(answers: dict[str, msgspec.Raw]) -> None:
    """Answer until `exit`."""
    envelopes, queries, encoder = msgspec.json.Decoder(Envelope), msgspec.json.Decoder(Query), msgspec.json.Encoder()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout.buffer)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    decoder = FrameDecoder()
    while data := await reader.read(1 << 16):
        for body in decoder.feed(data):
            envelope = envelopes.decode(body)
            if envelope.method == "exit":
                return
            is_search = envelope.method == "ploked/searchModels"
            result = answers[queries.decode(envelope.params).query] if is_search else None
            if envelope.id is not None:
                writer.write(frame(encoder.encode({"jsonrpc": "2.0", "id": envelope.id, "result": result})))
        await writer.drain()


if __name__ == "__main__":
    asyncio.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=dict[str, msgspec.Raw])))
