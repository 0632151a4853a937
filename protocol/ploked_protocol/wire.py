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
    """Return `value` (a record, or builtins that hold records) as JSON bytes."""
    return _ENCODER.encode(value)


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
