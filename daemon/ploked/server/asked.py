"""What the daemon itself is asked (`ploked_protocol.control`), apart from any session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from ploked_protocol import control
from ploked_protocol.framing import frame

from . import wire

Answer = Callable[[str, Any], object]
"""Takes the method and the params of a control request; returns its result."""


def answer_to(body: bytes, answer: Answer) -> bytes | None:
    """Return the frame that answers a message; None where it asks nothing of the daemon itself."""
    try:
        request = wire.read(body)
    except wire.RefusedError:
        return None
    is_ours = request.method is not None and request.method.startswith(control.PREFIX)
    return _answered(request, answer) if is_ours and isinstance(request.id, int | str) else None


def _answered(request: wire.Envelope, answer: Answer) -> bytes:
    message_id: Any = request.id
    try:
        value = answer(str(request.method), msgspec.json.decode(request.params))
        return frame(wire.result(message_id, value))
    except wire.RefusedError as error:
        return frame(wire.error(message_id, error.code, error.message))
    except (ValueError, TypeError, KeyError) as error:
        return frame(wire.error(message_id, wire.INVALID_PARAMS, str(error)))
