"""What a request is answered: its result, or an error that says no more than the client may know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from ploked_protocol.errors import ErrorData, PlokedError
from pygls.exceptions import JsonRpcException, JsonRpcInternalError

from .. import logs
from . import wire
from .convert import converter
from .wire import MessageId, RefusedError

Report = Callable[[BaseException], str]
"""Writes an unforeseen error to the log; returns the id under which it is found there."""


def result_answer(message_id: MessageId, value: object) -> bytes:
    """Return the answer that carries `value`: records, types of LSP or builtins; raises when JSON cannot hold it."""
    ours = isinstance(value, (msgspec.Struct, msgspec.Raw))
    return wire.result(message_id, value if ours else converter().unstructure(value))


def error_answer(message_id: MessageId, error: BaseException, report: Report) -> bytes:
    """Return the answer for a request that ended in `error`.

    Errors made for the client pass. Of any other, SystemExit included, it learns only the id of the log entry:
    texts of exceptions carry keys, paths and documents.
    """
    try:
        if (known := _known(error)) is not None:
            return wire.error(message_id, *known)
    except Exception as broken:  # noqa: BLE001  # data that JSON cannot hold is an error of ours as well
        error = broken
    incident = report(error)
    where, next_step = f"Its log says what, under incident {incident}.", "Look into the log of ploked, and report it."
    if lost := logs.trouble():
        where, next_step = lost, "See to it that the log can be written, restart ploked, and do this once more."
    data = ErrorData(next_step=next_step, details={"incident": incident})
    return wire.error(message_id, wire.INTERNAL_ERROR, f"Something went wrong inside ploked. {where}", data)


def _known(error: BaseException) -> tuple[int, str, Any] | None:
    """Return code, message and data of an error made for the client; None for any other."""
    match error:
        case RefusedError():
            return error.code, error.message, None
        case PlokedError():
            return error.code, error.message, error.wire_data()
        case asyncio.CancelledError():
            return wire.CANCELLED, "The request was cancelled", None
        case JsonRpcInternalError():  # pygls puts exception texts and tracebacks into these
            return None
        case JsonRpcException():
            return error.code, error.message, converter().unstructure(error.data)
        case _:
            return None
