"""The token that whoever comes by a port has to show, for there the system does not tell whose process it is."""

from __future__ import annotations

import hmac
from typing import Protocol

import msgspec
from ploked_protocol.framing import frame

from ..secret import Secret
from . import wire


class Guard(Protocol):
    """What keeps others out."""

    token: Secret
    token_file: str


class _Options(msgspec.Struct, frozen=True):
    token: str = ""


class _Credentials(msgspec.Struct, frozen=True):
    token: str = ""
    initializationOptions: _Options | None = None  # noqa: N815  # LSP's name


class _Carrier(msgspec.Struct):
    params: _Credentials = _Credentials()


def holds(body: bytes, token: Secret) -> bool:
    """Return whether a message says `token`: `initialize` in its options, what is asked of the daemon in its params."""
    try:
        said = msgspec.json.decode(body, type=_Carrier).params
    except (ValueError, RecursionError):
        return False
    options = said.initializationOptions or _Options()
    return hmac.compare_digest((options.token or said.token).encode(), token.reveal().encode())


def turned_away(body: bytes, guard: Guard) -> bytes:
    """Return what a message without the token is answered with."""
    message = (
        f"This port takes no one without its token: send what {guard.token_file} says as initializationOptions.token "
        "of initialize"
    )
    return frame(wire.error(wire.id_of(body), wire.REQUEST_FAILED, message))
