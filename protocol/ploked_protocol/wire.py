"""The JSON form of every record: camelCase names, money as plain decimal strings."""

from __future__ import annotations

from typing import Any, TypeVar, dataclass_transform

import msgspec

from .money import Money, money

T = TypeVar("T")


def camel(name: str) -> str:
    """Return the wire name of a field: `prompt_per_1k` becomes `promptPer1k` (msgspec's own gives `promptPer1K`)."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


@dataclass_transform(frozen_default=True)
class Wire(msgspec.Struct, rename=camel, frozen=True):
    """Base of all records on the wire: immutable, camelCase in JSON."""


def enc_hook(value: object) -> object:
    """Return the JSON form of a type msgspec does not know: money as a plain decimal string."""
    if isinstance(value, Money):
        return str(value)
    raise NotImplementedError(type(value).__name__)


def dec_hook(kind: type, value: object) -> object:
    """Return `value` as `kind`; raises ValueError (msgspec adds the path) when it is not an amount."""
    if kind is Money:
        amount = money(value)
        if amount is None:
            raise ValueError("Expected a decimal amount")
        return amount
    raise NotImplementedError(kind.__name__)


_ENCODER = msgspec.json.Encoder(enc_hook=enc_hook)


def encode(value: object) -> bytes:
    r"""Return `value` (a record, or builtins that hold records) as JSON bytes; raises when JSON cannot hold it.

    Bytes that are no UTF-8, as paths and variables of the system may hold, become `\xff`.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_sayable(msgspec.to_builtins(value, enc_hook=_enc_hook_of_parts)))


def _enc_hook_of_parts(value: object) -> object:
    """Return what `enc_hook` does; parts that are JSON already are taken apart again."""
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else enc_hook(value)


def _sayable(value: Any) -> Any:
    r"""Return builtins with `\xff` for each byte that Python could not decode and carries as half a surrogate pair."""
    match value:
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        case dict():
            return {_sayable(key): _sayable(part) for key, part in value.items()}
        case list():
            return [_sayable(part) for part in value]
    return value


def decode(data: bytes | str, kind: type[T]) -> T:
    """Return JSON `data` as `kind`; raises msgspec.ValidationError with the path, or DecodeError."""
    return msgspec.json.decode(data, type=kind, dec_hook=dec_hook)


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return a reusable decoder for `kind`, for hot paths."""
    return msgspec.json.Decoder(kind, dec_hook=dec_hook)


def builtins(value: object) -> Any:
    """Return `value` as dicts, lists, strings and numbers, exactly as it stands on the wire."""
    return msgspec.to_builtins(value, enc_hook=enc_hook)


def convert(value: object, kind: type[T]) -> T:
    """Return builtins as `kind`; raises msgspec.ValidationError with the path."""
    return msgspec.convert(value, type=kind, dec_hook=dec_hook)
