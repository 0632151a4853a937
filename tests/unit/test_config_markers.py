"""The marked-up files of `fixtures/configs`: what is wrong in a line stands as a comment behind it.

    key = value #! warning unknownKey [key]: pattern of the message, `...` stands for anything => suggestion

`[...]` is the text that the problem covers and `=> ...` the text to put there; both may be left out, several markers
may follow each other, and `#!-1` speaks of the line above. A line without a marker must have no problem.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from catalog_view import FixtureCatalog
from ploked.preferences.check import check
from ploked.preferences.load import load
from ploked_protocol.preferences import ConfigProblem

CONFIGS = sorted((Path(__file__).parents[2] / "fixtures" / "configs").glob("*.toml"))
NOW = datetime(2026, 12, 10, 12, tzinfo=UTC)
EXPANDED = ("deepseek/deepseek-v3.2", "moonshotai/kimi-k2.5")
"""The models whose endpoints are known."""

MARKER = re.compile(r"(?P<above>-\d+)? (?P<severity>\w+) (?P<code>\w+)(?: \[(?P<covers>.*)\])?: (?P<message>.*)")


class Marker(NamedTuple):
    line: int
    severity: str
    code: str
    covers: str | None
    message: str
    suggestion: str | None


def markers(text: str) -> list[Marker]:
    return [
        read_marker(line, marker.strip())
        for line, row in enumerate(text.split("\n"), 1)
        for marker in re.split(r"#!(?=-\d| )", row)[1:]
    ]


def read_marker(line: int, marker: str) -> Marker:
    told, _, suggestion = marker.partition(" => ")
    match = MARKER.fullmatch(told if told.startswith("-") else f" {told}")
    assert match, f"line {line}: not a marker: {marker}"
    return Marker(
        line + int(match["above"] or 0),
        match["severity"],
        match["code"],
        match["covers"],
        match["message"],
        suggestion or None,
    )


def covered(text: str, problem: ConfigProblem) -> str:
    lines = text.split("\n")[problem.line - 1 : problem.end_line]
    lines[-1] = lines[-1][: problem.end_column - 1]
    lines[0] = lines[0][problem.column - 1 :]
    return " ".join(re.sub(r" *#!.*", "", line).strip() if len(lines) > 1 else line for line in lines)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_file_has_the_problems_its_markers_tell_and_no_others(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    loaded = load(text, path)
    problems = [*loaded.problems, *check(loaded, FixtureCatalog(expanded=EXPANDED), NOW)]
    told = sorted(markers(text), key=lambda marker: (marker.line, marker.code, marker.suggestion or ""))
    found = sorted(problems, key=lambda problem: (problem.line, problem.code, problem.suggestion or ""))
    assert [(p.line, p.severity, p.code) for p in found] == [(m.line, m.severity, m.code) for m in told]
    for problem, marker in zip(found, told, strict=True):
        pattern = ".*".join(re.escape(part) for part in marker.message.split("..."))
        assert re.fullmatch(pattern, problem.message), f"line {marker.line}: {problem.message}"
        assert problem.suggestion == marker.suggestion, f"line {marker.line}: {problem.message}"
        assert marker.covers in (None, covered(text, problem)), f"line {marker.line}: {problem.message}"


def test_there_are_marked_files_at_all() -> None:
    assert {"clean", "slips", "unknown", "unclosed"} <= {path.stem for path in CONFIGS}
