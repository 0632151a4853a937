"""Params in, results out: msgspec for our own records, cattrs for the types of LSP."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import cattrs
import msgspec
from lsprotocol import converters, types
from ploked_protocol.errors import ErrorData, InvalidParams
from ploked_protocol.wire import camel
from pygls.exceptions import JsonRpcException

from .lenient import prune
from .wire import Envelope, unreadable

T = TypeVar("T")

MAX_ODD_INITIALIZE = 1 << 18
"""Bytes; the largest editors send 10 kB. A longer one is not worth the time to see which parts of it fit."""


@cache
def converter() -> cattrs.Converter:
    """Return the one converter of all sessions: making one costs 15 ms, sharing it nothing."""
    made = converters.get_converter()
    # Records and bytes that are JSON already pass: the encoder knows them, cattrs does not.
    made.register_unstructure_hook_func(_is_ours, lambda value: value)
    return made


def _is_ours(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, (msgspec.Struct, msgspec.Raw))


def lsp_params(method: str, raw: msgspec.Raw) -> Any:
    """Return `raw` as the type that LSP gives the params of `method`, or as builtins where LSP has none.

    Raises InvalidParams with the path. What an `initialize` says that lsprotocol does not know is left out.
    """
    value = msgspec.json.decode(raw)
    kind: Any = types.METHOD_TO_TYPES.get(method, (None, None, None))[2]
    if kind is None:
        return value
    try:
        return converter().structure(value, kind)
    except Exception as error:  # noqa: BLE001  # cattrs raises whatever the hooks of lsprotocol do
        if method == types.INITIALIZE and isinstance(value, dict) and len(bytes(raw)) <= MAX_ODD_INITIALIZE:
            return _initialize_params(value)
        raise invalid_params(_explain(error)) from None


def _initialize_params(value: dict[str, Any]) -> types.InitializeParams:
    """Return as much of `value` as fits."""

    def read(part: dict[str, Any]) -> types.InitializeParams:
        return converter().structure({"processId": None, "capabilities": {}, **part}, types.InitializeParams)

    def fits(part: dict[str, Any]) -> bool:
        try:
            read(part)
        except Exception:  # noqa: BLE001  # see lsp_params
            return False
        return True

    return read(prune(value, fits))


def _explain(error: Exception) -> str:
    """Return the first complaint of cattrs in the words and the paths that msgspec uses."""
    complaint, _, path = cattrs.transform_error(error)[0].partition(" @ ")
    return f"{complaint[:1].upper()}{complaint[1:]}" + (f" - at `{camel(path)}`" if path else "")


def invalid_params(message: str) -> InvalidParams:
    """Return the error whose `path` is the one that `message` ends in."""
    return InvalidParams(message, ErrorData(path=message.partition(" - at `")[2].rstrip("`") or "$"))


def reading(read: Callable[[], T]) -> T:
    """Return what `read` makes of some params; raises InvalidParams, or RefusedError when they are no JSON."""
    try:
        return read()
    except msgspec.ValidationError as error:
        raise invalid_params(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise unreadable(error) from None


class _Fault(msgspec.Struct):
    code: int = 0
    message: str = ""
    data: Any = None


def reply_result(reply: Envelope, kind: type[Any] | None) -> Any:
    """Return the result of a reply to a request of ours, as the result of the message type `kind`.

    Raises JsonRpcException when the client answered with an error, anything else when it cannot be read.
    """
    if reply.error is not msgspec.UNSET and bytes(reply.error) != b"null":
        fault = msgspec.json.decode(reply.error, type=_Fault)
        raise JsonRpcException(fault.message, fault.code, fault.data)
    value = None if reply.result is msgspec.UNSET else msgspec.json.decode(reply.result)
    if kind is None:
        return value
    return converter().structure({"jsonrpc": "2.0", "id": reply.id, "result": value}, kind).result
