"""The servers ploked is compared with: `python servers.py echo ANSWERS.json`, `python servers.py empty`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path


async def echo(answers: dict[str, bytes]) -> None:
    """Answer each request with prepared bytes: asyncio and msgspec, and nothing else in between.

    It decodes the envelope and the query, looks the result up and encodes the answer: the same bytes as ploked's.
    """
    import msgspec
    from ploked_protocol.framing import FrameDecoder, frame

    class Query(msgspec.Struct):
        query: str = ""

    class Envelope(msgspec.Struct):
        method: str
        id: int | None = None
        params: msgspec.Raw = msgspec.Raw(b"null")

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
            result = msgspec.Raw(b"null")
            if envelope.method == "ploked/searchModels":
                result = msgspec.Raw(answers[queries.decode(envelope.params).query])
            if envelope.id is not None:
                writer.write(frame(encoder.encode({"jsonrpc": "2.0", "id": envelope.id, "result": result})))
        await writer.drain()


def main() -> None:
    """Run the server that the command line names."""
    if sys.argv[1] == "empty":
        from pygls.lsp.server import LanguageServer

        LanguageServer("empty", "1").start_io()
        return
    import msgspec

    answers = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=dict[str, msgspec.Raw])
    asyncio.run(echo({query: bytes(raw) for query, raw in answers.items()}))


if __name__ == "__main__":
    main()
