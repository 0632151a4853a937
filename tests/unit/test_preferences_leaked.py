"""API keys in config.toml: found, marked without being repeated, and taken out."""

from __future__ import annotations

import pytest
from ploked.preferences.edit import take_key
from ploked.preferences.load import load
from ploked_protocol.errors import InvalidParams

KEY = "sk-or-" + "v1-" + "0123456789abcdef" * 4  # in parts, so that nobody takes it for a leak


def marked(text: str) -> list[tuple[str, int]]:
    """Return severity and line of each key that is found in a text."""
    found = load(text, "config.toml").problems
    return [(problem.severity, problem.line) for problem in found if problem.code == "leakedKey"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'api_key = "{KEY}"', [("error", 1)]),
        (f'[registry]\nstrictness = "{KEY}"', [("error", 2)]),
        ('[registry]\napi_key = "plain-looking"', [("error", 2)]),
        ('[registry]\nopenrouter_api_key = "plain-looking"', [("error", 2)]),
        ('OPENROUTER_API_KEY = "plain-looking"', [("error", 1)]),
        ("[registry.routing]\ntoken = 'plain-looking'", [("error", 2)]),
        (f'[other]\nwhatever = ["x", "{KEY}"]', [("error", 2)]),
        (f'[[registry.models]]\nmodel = "{KEY}"', [("error", 2)]),
        ('[github]\n"access-token" = "plain-looking"', [("warning", 2)]),
        ('[a]\nb = { apikey = "plain-looking" }', [("warning", 2)]),
    ],
)
def test_what_looks_like_a_key_is_marked(text: str, expected: list[tuple[str, int]]) -> None:
    assert marked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'api_key = ""',
        'api_key = "$OPENROUTER_API_KEY"',
        'api_key = "env:OPENROUTER_API_KEY"',
        'token = "short"',
        'api_key = "ask your admin for one"',
        "token = 123456789",
        "[registry]\nmax_tokens = 12",
        'name = "sk-or-bust"',
        'tokenizer = "cl100k_base"',
        f'note = "keys look like {KEY[:19]}"',
        f'# api_key = "{KEY}"',
    ],
)
def test_what_only_resembles_one_is_not(text: str) -> None:
    assert marked(text) == []


@pytest.mark.parametrize("key", [KEY, KEY[:20], "plain-looking-value"])
@pytest.mark.parametrize("name", ["strictness", "api_key", "global_default_profile"])
def test_no_problem_repeats_the_key(name: str, key: str) -> None:
    text = (
        f'version = "{key}"\n[registry]\napi_key = "{key}"\n{name}x = "{key}"\nallow_down = "{key}"\n'
        f'[registry.routing]\nonly = "{key}"\n'
        f'[[registry.models]]\nmodel = "{key}"\n[[registry.models]]\nmodel = "{key}"\n'
    )
    loaded = load(text, "config.toml")
    assert loaded.leaked
    assert len(loaded.problems) >= 6
    assert key[:20] not in repr(loaded.problems)
    assert key not in repr(loaded.leaked)


def test_a_key_is_taken_out_with_its_line_and_nothing_else() -> None:
    text = f"# mine\r\nversion = 1\r\n[registry]\r\napi_key = '{KEY}'\r\nallow_down = true # yes\r\n[b]\r\nc=1\r\n"
    rest, key = take_key(text, ("registry", "api_key"))
    assert rest == text.replace(f"api_key = '{KEY}'\r\n", "")
    assert key.reveal() == KEY


@pytest.mark.parametrize("path", [(), ("registry",), ("registry", "gone"), ("registry", "allow_down")])
def test_what_is_no_key_is_not_taken(path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidParams):
        take_key("version = 1\n[registry]\nallow_down = true\n", path)
