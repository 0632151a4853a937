"""One-word queries against fzf, whose order is what people are used to.

fzf is given the ids of the catalog, one a line, and nothing else. Where its scores tie it goes by the length of the
line and then by the order of the input; ours goes by the newest, which fzf cannot know. So ties are no difference: fzf
reads our first row before all others (`--tiebreak=index`), and puts another first only when that has a higher score.

Three lists are compared. One was written by somebody who saw the ids alone, and committed before any of it was tried:
they agree in 289 of 300, of which 285 were asked for. One is drawn by a rule (`golden/draw_queries.py`), with letters
from within words and words without their vowels: 263 of 300. The oldest, 288 of 300, was cut after results were seen.
Every difference is one of a rule of ours: most are letters that stand together, which come before letters strewn over
starts of words, and whole words before starts of words.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import REPO
from golden.draw_queries import LIST, lines
from ploked.importers.openrouter import parse_models
from ploked.search.index import SearchIndex
from ploked_fixtures.catalog import PAYLOADS

iterfzf = pytest.importorskip("iterfzf", reason="needs the fzf in the wheel of iterfzf")
FZF = Path(iterfzf.__file__).parent / "fzf"
GOLDEN = REPO / "tests" / "golden" / "search"
NOTHING = "-"
RULES = {
    "newest": "Starts of ids, slugs and names count alike, and the newest leads; fzf prefers the start of the id.",
    "whole": "A whole word comes before the start of one; fzf does not look at where a word ends.",
    "unsaid": "What is on its way to all of a name comes before what is on its way to a part of one.",
    "name": "A model is called by its name as much as by its id; fzf sees ids.",
    "together": "Letters that stand together come before letters that only follow each other, at starts of words too.",
    "initials": "Initials come before letters that only follow each other, and the newest leads.",
    "described": "What a description holds comes before letters that only follow each other in a name; fzf sees ids.",
    "strewn": "Letters strewn over a name are no match.",
    "gaps": "Letters in order rank by how many others lie between, and the newest leads; fzf weighs where they stand.",
}
AGREEING = {"blind": 289, "drawn": 263, "typed": 288}
"""Queries of each list that find first what fzf does; fewer would be a loss. It is no reason to cut a list."""


def queries(name: str) -> list[str]:
    text = (GOLDEN / f"one-word-{name}.txt").read_text(encoding="utf-8")
    return [query for line in text.splitlines() if not line.startswith("#") for query in line.split()]


def differences(name: str) -> list[list[str]]:
    """Return query, our first row, fzf's first row, and the name of the rule, as they are on record."""
    return [line.split() for line in (GOLDEN / f"one-word-{name}-differs.txt").read_text(encoding="utf-8").splitlines()]


def first_of_fzf(query: str, ids: list[str]) -> str:
    command = [str(FZF), "--no-extended", "--tiebreak=index", f"--filter={query}"]
    done = subprocess.run(command, input="\n".join(ids), capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0] or NOTHING


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    """Give an index of the models of the fixtures."""
    index = SearchIndex()
    index.update(parse_models((PAYLOADS / "models.json").read_bytes()).rows, lambda _: None)
    return index


def found(index: SearchIndex, name: str) -> list[list[str]]:
    """Return the queries of a list whose first row is another, with both rows."""
    ids, differ = index.search("").ids, []
    for query in queries(name):
        ours = (index.search(query, 1).ids or [NOTHING])[0]
        theirs = first_of_fzf(query, [ours, *(id_ for id_ in ids if id_ != ours)])
        if ours != theirs:
            differ.append([query, ours, theirs])
    return differ


def test_the_drawn_queries_are_those_that_the_rule_draws() -> None:
    assert LIST.read_text(encoding="utf-8").splitlines() == list(lines())


@pytest.mark.parametrize("name", AGREEING)
def test_most_queries_find_first_what_fzf_scores_highest_and_each_that_does_not_has_its_rule(
    index: SearchIndex, name: str
) -> None:
    assert len(set(queries(name))) == len(queries(name)) == 300
    assert found(index, name) == [[query, ours, theirs] for query, ours, theirs, _ in differences(name)]
    assert {rule for *_, rule in differences(name)} <= RULES.keys()
    assert 300 - len(differences(name)) >= AGREEING[name]


def test_fzf_does_tell_rows_apart() -> None:
    assert first_of_fzf("gpt4o", ["a/g-p-t-4-o", "openai/gpt-4o"]) == "openai/gpt-4o"
