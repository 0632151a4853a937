"""Loads config.toml: syntax errors keep the last good preferences, slips cost only the key they are in."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ploked_protocol.preferences import ConfigProblem, RegistryPrefs

from .leaked import LeakedKey, leaked_keys, leaked_problems, silenced
from .positions import START, Positions, Span, problem_at
from .reader import Reader, UnfitError
from .wording import shown

VERSION = 1
"""The `version` of config.toml that this code reads."""

MAX_BYTES = 1 << 20
LARGE = 100_000
"""Characters from which on a text is read with more care for what else goes on."""
MAX_KEY_PARTS = 32
"""tomllib takes time and memory by the square of a dotted key's parts: a long one would end the process."""

LAST_GOOD = "The last good preferences stay in force."

_LONG_KEY = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){%d}""" % MAX_KEY_PARTS  # noqa: UP031, braces abound
)
_WINDOW = 1 << 16
_LONG_NUMBER = re.compile(r"[0-9_]{4000,}")
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TOKEN = re.compile(r"[\w./:@~+-]+|\S")

_ADVICE = {
    "Illegal character '\\n'": "a text is not closed on this line: add the quote that ends it",
    "Unterminated string": "add the quotes that end the text",
    "Invalid value": "write a value after the `=`; text needs quotes",
    "Expected newline or end of document after a statement": "one `key = value` to a line, and text needs quotes",
    "Expected '=' after a key": 'write `key = value`, and quote a key that holds blanks or other signs, as in "a b"',
    "Invalid statement": "a line is `key = value`, a `[table]`, or a comment after `#`",
    "Cannot overwrite a value": "this key has a value already: keep one of the two",
    "Cannot declare": "this table is there already: join the two, or write `[[...]]` for a further entry",
    "Cannot mutate immutable": "this table is closed already: put the key inside its braces",
    "Expected ']": "close the header, as in `[registry]` or `[[registry.models]]`",
    "Unclosed array": "put a `,` between the entries and a `]` after the last",
    "Unclosed inline table": "put a `,` between the pairs and a `}` after the last, all on one line",
    "Invalid initial character for a key part": "a key is missing; `{ ... }` stays on one line, with no `,` at its end",
    "Unescaped": "write `\\\\` for a backslash, or use single quotes",
}
"""How tomllib's messages begin -> what to do about it."""


@dataclass(frozen=True)
class Loaded:
    """What one text of config.toml says."""

    prefs: RegistryPrefs | None
    """None when the text cannot be read at all: the caller keeps its last good ones."""
    problems: list[ConfigProblem]
    positions: Positions
    """Answers for paths of `prefs`, such as `("registry", "profiles", 0, "params", "temperature")`."""
    path: str = ""
    leaked: list[LeakedKey] = field(default_factory=list)
    """API keys in the text; they belong elsewhere."""


def load(text: str, path: Path | str) -> Loaded:
    """Return the preferences in `text` and what is wrong with it; never raises. `path` is kept for messages."""
    text = text.removeprefix("\ufeff")  # some editors of Windows write it; tomllib refuses it
    name = Path(path).name
    if problem := _refused(text, name):
        return Loaded(None, [problem], Positions(""), str(path))
    positions = Positions(text)
    try:
        document = tomllib.loads(text)
        reader = Reader(positions)
        prefs = _registry(document, reader)
    except tomllib.TOMLDecodeError as error:
        return Loaded(None, [_syntax(text, name, error)], positions, str(path))
    except RecursionError:
        return Loaded(None, [_too_deep(text, name)], positions, str(path))
    except ValueError:  # int() refuses numbers of more than 4,300 digits; nothing else in tomllib raises a bare one
        return Loaded(None, [_too_long_a_number(text, name)], positions, str(path))
    leaked = leaked_keys(document)
    leaks = leaked_problems(leaked, positions)
    others = silenced([*reader.problems, *_version(document, positions)], leaked)
    problems = sorted([*leaks, *others], key=lambda each: (each.line, each.column))
    return Loaded(prefs, problems, positions, str(path), leaked)


def _registry(document: dict[str, Any], reader: Reader) -> RegistryPrefs:
    try:
        prefs = reader.value(RegistryPrefs, document.get("registry", {}), ("registry",))
    except UnfitError:
        return RegistryPrefs()
    return prefs if isinstance(prefs, RegistryPrefs) else RegistryPrefs()


def _version(document: dict[str, Any], positions: Positions) -> list[ConfigProblem]:
    """Return a remark on a `version` that is missing or not ours. Without `[registry]`, the file need not have one."""
    version = document.get("version")
    if version == VERSION or ("registry" not in document and version is None):
        return []
    if version is None:
        message = f"There is no version: write `version = {VERSION}` at the top. The file is read as version {VERSION}."
    elif isinstance(version, int) and version > VERSION:
        message = f"Version {shown(version)} is newer than this ploked, which knows {VERSION}: what it knows applies."
    else:
        message = f"The version is {VERSION}, not {shown(version)}. The file is read as version {VERSION}."
    return [problem_at(positions.find(("version",)) or START, "information", "version", message)]


def _refused(text: str, name: str) -> ConfigProblem | None:
    """Return why `text` is not even parsed; None for almost every text."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        span = _span_at(text, error.start)
        return problem_at(span, "error", "syntax", f"{name} holds a character that is no Unicode text. {LAST_GOOD}")
    if size > MAX_BYTES:
        message = f"{name} has {size:,} bytes; at most {MAX_BYTES:,} are read. {LAST_GOOD}"
        return problem_at(START, "error", "tooLarge", message)
    if long_key := _long_key(text):
        message = f"{name} has a dotted key of more than {MAX_KEY_PARTS} parts. {LAST_GOOD}"
        return problem_at(_span_at(text, long_key.start()), "error", "tooLarge", message)
    return None


def _long_key(text: str) -> re.Match[str] | None:
    """Return the first dotted key of too many parts.

    A search lets no other thread run: it is made in windows that overlap by half. A key whose parts are so long that
    no 32 of them fit in half a window is not found, and does no harm: it has 1,000 of them at most.
    """
    for at in range(0, len(text), _WINDOW // 2):
        window = (at, at + _WINDOW)
        if text.count(".", *window) >= MAX_KEY_PARTS and (found := _LONG_KEY.search(text, *window)):
            return found
    return None


def _syntax(text: str, name: str, error: tomllib.TOMLDecodeError) -> ConfigProblem:
    """Return the problem where tomllib's message says it is (its attributes came with 3.14, the message stayed)."""
    said = str(error)
    at = _AT.search(said)
    what = said[: at.start()] if at else said
    end = max(len(text.rstrip()) - 1, 0)  # the last thing written shows better than the empty line after it
    span = _token_span(text, int(at[1]), int(at[2])) if at and at[1] else _span_at(text, end)
    advice = next((f" - {advice}" for start, advice in _ADVICE.items() if what.startswith(start)), "")
    return problem_at(span, "error", "syntax", f"{name} cannot be read: {what}{advice}. {LAST_GOOD}")


def _too_deep(text: str, name: str) -> ConfigProblem:
    lines = text.split("\n")
    deepest = max(range(len(lines)), key=lambda row: lines[row].count("[") + lines[row].count("{"))
    message = f"{name} nests lists or tables too deeply. {LAST_GOOD}"
    return problem_at(_token_span(text, deepest + 1, 1), "error", "tooLarge", message)


def _too_long_a_number(text: str, name: str) -> ConfigProblem:
    number = _LONG_NUMBER.search(text)
    span = _span_at(text, number.start()) if number else START
    return problem_at(span, "error", "syntax", f"{name} holds a number that is too long. {LAST_GOOD}")


def _span_at(text: str, offset: int) -> Span:
    before = text[:offset]
    return _token_span(text, before.count("\n") + 1, offset - before.rfind("\n"))


def _token_span(text: str, line: int, column: int) -> Span:
    """Return the token that begins at a 1-based place, at least one column wide."""
    row = text.split("\n")[line - 1] if line <= text.count("\n") + 1 else ""
    token = _TOKEN.match(row, column - 1)
    return Span(line, column, line, max(token.end() + 1 if token else 0, column + 1))
