"""A secret that was met is taken out of every text, however whoever repeats it has spelled it."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from itertools import count
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ploked.secret import Secret, hide, redact

KEY = "canary/9+xY7==<&>"


def as_gson(text: str) -> str:
    """Return what stands between the quotes where Gson writes it, and PHP the slash."""
    plain = json.dumps(text)[1:-1].replace("/", "\\/")
    return "".join(f"\\u{ord(one):04x}" if one in "=<>&'" else one for one in plain)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "Gson": as_gson,
    "Gson, capitals": lambda text: as_gson(text).replace("\\u003c", "\\u003C").replace("\\u003e", "\\u003E"),
    "JSON in JSON": lambda text: as_gson(as_gson(text)),
    "three times JSON": lambda text: as_gson(as_gson(as_gson(text))),
    "URL": lambda text: quote(text, safe=""),
    "URL, small letters": lambda text: quote(text, safe="").lower().replace("canary%2f9%2bxy7", "canary%2f9%2bxY7"),
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "URL in JSON": lambda text: as_gson(quote(text, safe="")).replace("%", "\\u0025"),
    "HTML": html.escape,
    "HTML, numbers": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "HTML in JSON": lambda text: as_gson(html.escape(text)),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_hidden_in_every_spelling(spelling: str) -> None:
    Secret(KEY)
    spelled = SPELLINGS[spelling](KEY)
    for without in (hide, redact):
        assert without(f"no such thing: {spelled}, see there") == "no such thing: ***, see there"


@pytest.mark.parametrize("end", "\\%&")
@pytest.mark.parametrize("spelling", ["plain", "JSON", "URL", "HTML", "HTML in HTML"])
def test_no_half_of_an_escape_is_left_of_a_secret(spelling: str, end: str) -> None:
    key = f"canary{ord(end)}EndsIn{end}"
    Secret(key)
    assert hide(f"see {SPELLINGS[spelling](key)}, there") == "see ***, there"


def units(one: str) -> list[int]:
    data = one.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


ESCAPES: list[Callable[[str], str]] = [
    str,
    lambda one: json.dumps(one, ensure_ascii=False)[1:-1],
    lambda one: f"\\{one}" if one in '/"\\' else one,
    lambda one: "".join(f"\\u{unit:04x}" for unit in units(one)),
    lambda one: "".join(f"\\u{unit:04X}" for unit in units(one)),
    lambda one: "".join(f"%{byte:02x}" for byte in one.encode()),
    lambda one: "".join(f"%{byte:02X}" for byte in one.encode()),
    lambda one: "".join(f"%25{byte:02X}" for byte in one.encode()),
    html.escape,
    lambda one: f"&#{ord(one)};",
    lambda one: f"&#x{ord(one):x};",
]
LETTERS = st.characters(min_codepoint=0x21, max_codepoint=0x7E) | st.sampled_from("ßé€😀")


ESCAPED = st.sampled_from(ESCAPES)
NUMBERS = count()


@given(st.lists(st.tuples(LETTERS, ESCAPED), min_size=2, max_size=20), ESCAPED)
def test_no_mixture_of_escapes_gets_a_secret_past(
    letters: list[tuple[str, Callable[[str], str]]], escaped: Callable[[str], str]
) -> None:
    start = f"canary{next(NUMBERS):06}"  # what was met stays known: it must be part of no other text
    Secret(start + "".join(one for one, _ in letters))
    spelled = "".join(map(escaped, start)) + "".join(how(one) for one, how in letters)
    assert hide(f"before {spelled} after") == "before *** after"


def test_a_secret_that_is_part_of_one_that_is_escaped_leaves_nothing_of_it() -> None:
    Secret("canaryShort"), Secret("canaryShort/andLonger")
    assert hide("canaryShort\\/andLonger canaryShort%2FandLonger canaryShort") == "*** *** ***"


@pytest.mark.parametrize(
    "text",
    ["100 % of it, C:\\canary\\u002f9, a & b", "canary%2F8%2BxY7%3D%3D", "canary\\\\", "%", "\\", "&#99;&#97;&#110;"],
)
def test_what_is_escaped_and_no_secret_stays_as_it_is(text: str) -> None:
    Secret(KEY)
    assert hide(text) == text


@pytest.mark.parametrize("piece", ["\\", "\\u0025", "%25", "&amp;", "&#0000", "c", "\\u0063a", "%63%61n"])
@pytest.mark.timeout(20)
def test_no_text_takes_long(piece: str) -> None:
    Secret(KEY)
    text = f"{piece * (200_000 // len(piece))} "
    assert hide(text) == text
