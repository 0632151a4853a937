"""A large config.toml is read in a thread, and in a way that lets all other threads run meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ploked.preferences import positions
from ploked.preferences.live import LivePreferences
from ploked.preferences.load import MAX_BYTES, MAX_KEY_PARTS, load
from ploked.preferences.positions import Positions, Span
from ploked.preferences.problems import MOST_PROBLEMS

MODEL = '[[registry.models]]\nmodel = "a/b{}"\nallowed_providers = ["c", "d"]\nno_such_key = 1\n\n'


def models(count: int) -> str:
    return "version = 1\n" + "".join(MODEL.format(number) for number in range(count))


class Slices(bytes):
    """Bytes that know how much of them was asked for at once."""

    def __new__(cls, data: bytes) -> Slices:
        made = super().__new__(cls, data)
        made.longest = 0
        return made

    longest: int

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        self.longest = max(self.longest, len(part) if isinstance(part, bytes) else 1)
        return part


@contextmanager
def collections() -> Iterator[list[int]]:
    """Yield a list that grows by the generation of each collection."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


@pytest.mark.parametrize("text", [models(2000), "x = [" + "1, " * 50_000 + "]\n", "# " + "y" * 200_000])
def test_the_parser_is_handed_a_text_in_pieces_for_it_lets_no_other_thread_run_in_one(text: str) -> None:
    source = Slices(text.encode())
    assert positions.parsed(source).end_byte == len(source)
    assert 0 < source.longest <= positions.PIECE_BYTES


async def test_nothing_is_collected_while_a_large_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(models(3000))
    live = LivePreferences(path)
    with collections() as seen:
        await live.reload()
        assert seen.count(0) < 3  # of 80 that this makes otherwise
    assert len(live.prefs.models) == 3000
    assert gc.isenabled()


def test_places_are_found_far_into_a_text_of_many_kinds_of_characters() -> None:
    text = "# é😀\n" * 40_000 + '[registry]\nnote = "😀" # é\nlist = ["é", 2]\n'
    found = Positions(text)
    assert found.find(("registry", "note")) == Span(40_002, 8, 40_002, 11)
    assert found.find(("registry", "list", 1)) == Span(40_003, 14, 40_003, 15)
    assert found.find(("registry", "list"), "key") == Span(40_003, 1, 40_003, 5)
    assert found.find(("registry", "none")) is None


@pytest.mark.parametrize(("begin", "entry", "end"), [("[", "1,", "]"), ('"""', "y\n", '"""')], ids=["list", "string"])
def test_a_file_with_a_value_beyond_all_use_is_read_without_places(begin: str, entry: str, end: str) -> None:
    text = f"version = 1\n[registry]\nstrictnes = 1\nglobal_default_profile = 'x'\n[other]\nvalue = {begin}"
    few = positions.MOST_PARTS - text.count("\n") - 2  # there is a line more than there are line ends
    for count, line in ((few, 3), (few + 1, 1)):
        loaded = load(f"{text}{entry * count}{end}\n", "config.toml")
        assert loaded.prefs is not None
        assert loaded.prefs.global_default_profile == "x"
        assert [(problem.code, problem.line) for problem in loaded.problems] == [("unknownKey", line)]


async def test_of_very_many_problems_the_first_are_told_with_how_many_there_are(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("version = 1\n[registry]\n" + "".join(f"key{number} = 1\n" for number in range(400)))
    live = LivePreferences(path)
    await live.reload()
    problems = live.status().problems
    assert [problem.line for problem in problems] == list(range(3, 3 + MOST_PROBLEMS))
    assert "150 more problems are not shown" in problems[-1].message


@pytest.mark.parametrize("before", [0, (1 << 15) - 40, (1 << 15) - 2, 1 << 15, 3 << 15, MAX_BYTES - 200])
def test_a_key_of_too_many_parts_is_found_wherever_it_stands(before: int) -> None:
    text = "#" * max(before - 1, 0) + "\n" + "a." * MAX_KEY_PARTS + "b = 1\n"
    (problem,) = load(text, "config.toml").problems
    assert (problem.code, problem.line) == ("tooLarge", 2)
