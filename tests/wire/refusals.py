"""Messages that are refused: what they are called, their bodies, and the id and the code of their only answer."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    name: str
    body: bytes
    id: int | None
    code: int


def _request(params: bytes, method: bytes = b"ploked/searchModels") -> bytes:
    return b'{"jsonrpc":"2.0","id":7,"method":"%b","params":%b}' % (method, params)


DEEP = b"[" * 100_000 + b"]" * 100_000
HUGE = b"9" * 5000

REFUSALS = [
    Refusal("malformed JSON", b'{"jsonrpc":"2.0","id":7,"method":', None, -32700),
    Refusal("an empty body", b"", None, -32700),
    Refusal("a byte order mark", b"\xef\xbb\xbf{}", None, -32700),
    Refusal("two documents", _request(b"{}") * 2, None, -32700),
    Refusal("NaN", _request(b'{"limit":NaN}'), None, -32700),
    Refusal("bad UTF-8 in a value", _request(b'{"query":"\xff\xfe"}'), 7, -32700),
    Refusal("bad UTF-8 in the method", _request(b"{}", b"\xff"), None, -32700),
    Refusal("half a surrogate pair", _request(b'{"query":"\\ud800 "}'), None, -32700),
    Refusal("deep nesting", _request(DEEP), None, -32700),
    Refusal("deep nesting in an unknown field", b'{"jsonrpc":"2.0","id":7,"x":%b}' % DEEP, None, -32700),
    Refusal("a batch", b"[%b]" % _request(b"{}"), None, -32600),
    Refusal("an empty batch", b"[]", None, -32600),
    Refusal("a number", b"5", None, -32600),
    Refusal("an empty object", b"{}", None, -32600),
    Refusal("no jsonrpc", b'{"id":7,"method":"ploked/status"}', 7, -32600),
    Refusal("another jsonrpc", b'{"jsonrpc":"1.0","id":7,"method":"ploked/status"}', 7, -32600),
    Refusal("a jsonrpc number", b'{"jsonrpc":2.0,"id":7,"method":"ploked/status"}', 7, -32600),
    Refusal("a method that is a number", b'{"jsonrpc":"2.0","id":7,"method":1}', 7, -32600),
    Refusal("no method", b'{"jsonrpc":"2.0","id":7}', 7, -32600),
    Refusal("a null id", b'{"jsonrpc":"2.0","id":null,"method":"ploked/status"}', None, -32600),
    Refusal("a fraction as id", b'{"jsonrpc":"2.0","id":1.5,"method":"ploked/status"}', None, -32600),
    Refusal("an object as id", b'{"jsonrpc":"2.0","id":{},"method":"ploked/status"}', None, -32600),
    Refusal("a huge id", b'{"jsonrpc":"2.0","id":%b,"method":"ploked/status"}' % HUGE, None, -32600),
    Refusal("a notification with an id", _request(b"{}", b"textDocument/didOpen"), 7, -32600),
    Refusal("a second initialize", _request(b'{"processId":null,"capabilities":{}}', b"initialize"), 7, -32600),
    Refusal("an unknown method", _request(b"{}", b"ploked/nothing"), 7, -32601),
    Refusal("an unknown $/ request", _request(b"{}", b"$/nothing"), 7, -32601),
    Refusal("an empty method", _request(b"{}", b""), 7, -32601),
    Refusal("a field of the wrong type", _request(b'{"query":5}'), 7, -32602),
    Refusal("a field out of range", _request(b'{"limit":0}'), 7, -32602),
    Refusal("a huge number", _request(b'{"limit":%b}' % HUGE), 7, -32602),
    Refusal("a missing field", _request(b"{}", b"ploked/listEndpoints"), 7, -32602),
    Refusal("no params where some are needed", _request(b"null", b"ploked/listEndpoints"), 7, -32602),
    Refusal("params that are a list", _request(b"[]"), 7, -32602),
    Refusal("params that are a text", _request(b'"kimi"'), 7, -32602),
    Refusal(
        "a token of the wrong type", _request(b'{"model":"a/b","workDoneToken":{}}', b"ploked/listEndpoints"), 7, -32602
    ),
    Refusal("LSP params of the wrong type", _request(b'{"textDocument":5}', b"textDocument/hover"), 7, -32602),
    Refusal("LSP params that are missing", _request(b"null", b"textDocument/hover"), 7, -32602),
    Refusal("an unknown command", _request(b'{"command":"ploked.nothing"}', b"workspace/executeCommand"), 7, -32602),
    Refusal(
        "a command with bad params",
        _request(b'{"command":"ploked.searchModels","arguments":[{"query":5}]}', b"workspace/executeCommand"),
        7,
        -32602,
    ),
    Refusal(
        "a command with two arguments",
        _request(b'{"command":"ploked.searchModels","arguments":[{},{}]}', b"workspace/executeCommand"),
        7,
        -32602,
    ),
]
