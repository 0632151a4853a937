"""Records as JSON: what the system does not say in UTF-8 is sent all the same, readable."""

from __future__ import annotations

import msgspec
import pytest
from ploked_protocol.money import Money
from ploked_protocol.wire import Wire, encode


class Place(Wire):
    """A record with a path."""

    its_path: str
    price: Money
    row: msgspec.Raw


def test_bytes_that_are_no_utf_8_are_said_by_their_numbers() -> None:
    place = Place("/st\udcff/ü", Money("0.10"), msgspec.Raw(b'{"a":[1]}'))
    assert msgspec.json.decode(encode({"k\udce9": [place]})) == {
        "k\\xe9": [{"itsPath": "/st\\xff/ü", "price": "0.10", "row": {"a": [1]}}]
    }


def test_half_a_surrogate_pair_of_somebody_else_stays_a_fault() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode("\ud800")
