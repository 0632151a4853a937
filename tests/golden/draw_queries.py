"""Draw the queries of `search/one-word-drawn.txt`: `python tests/golden/draw_queries.py`. A test holds it to this rule.

The rule was written, and the list drawn, before any of its queries was put to ploked or to fzf; the list is never cut
or mended after results. 300 different queries of one word, from all ids of the fixtures' model list, each alike likely,
by a generator that is seeded with the day of those facts. A query that was drawn before is drawn again. The shares are
those of people who type in a picker that searches at every key; the kinds are

- `prefixes` (90): the first 1, 2, 3, 4, 5 and 6 letters of a longer word of an id, 15 of each length, for on the way to
  a word of six letters every length is passed once;
- `words` (75): a whole word of an id, the author's too, of two letters or more (`sonnet`, `4.5`);
- `squashed` (60): two or three words of a slug that follow each other, without signs (`gpt4o`, `sonnet45`);
- `within` (25): three to six letters of a word of five or more, not from its start (`onnet`);
- `initials` (25): the first letters of three or four words of a slug that follow each other, with all of a number
  (`gf25`);
- `vowelless` (25): a word of five letters or more without the vowels after its first letter, of which three letters at
  least are left (`snnt`).

Words are what stands between the signs of an id other than dots; letters are letters, digits and dots. Queries of two
words are not drawn: fzf adds up the scores of its terms, which is an order, but not one that is known to be expected.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ploked_fixtures.catalog import PAYLOADS

SEED = 20260822
LIST = Path(__file__).parent / "search" / "one-word-drawn.txt"
PER_LINE = 12
Draw = Callable[[random.Random, str], str]
"""Makes a query of an id; an empty one where the id has none of this kind."""


def words(id_: str) -> list[str]:
    """Return the words of an id, the author's first."""
    return re.findall(r"[^/:~_-]+", id_.lower())


def slug_words(id_: str) -> list[str]:
    """Return the words of the slug alone."""
    return words(id_.rpartition("/")[2].partition(":")[0])


def prefix(length: int) -> Draw:
    """Return who draws the first `length` letters of a longer word."""

    def draw(chance: random.Random, id_: str) -> str:
        longer = [word for word in words(id_) if len(word) > length]
        return chance.choice(longer)[:length] if longer else ""

    return draw


def word(chance: random.Random, id_: str) -> str:
    """Draw a whole word."""
    whole = [each for each in words(id_) if len(each) > 1]
    return chance.choice(whole) if whole else ""


def run(chance: random.Random, all_words: list[str], counts: tuple[int, int]) -> list[str]:
    """Draw as many words that follow each other; none where there are too few."""
    count = chance.choice(counts)
    starts = range(len(all_words) - count + 1)
    start = chance.choice(starts) if starts else 0
    return all_words[start : start + count] if starts else []


def squashed(chance: random.Random, id_: str) -> str:
    """Draw words without signs."""
    return "".join(run(chance, slug_words(id_), (2, 3))).replace(".", "")


def within(chance: random.Random, id_: str) -> str:
    """Draw the middle or the end of a word."""
    long = [each for each in words(id_) if len(each) >= 5]
    if not long:
        return ""
    text = chance.choice(long)
    length = chance.choice(range(3, min(6, len(text) - 1) + 1))
    start = chance.choice(range(1, len(text) - length + 1))
    return text[start : start + length]


def initials(chance: random.Random, id_: str) -> str:
    """Draw first letters, and numbers as a whole."""
    return "".join(
        re.sub(r"\D", "", each) if each[0].isdigit() else each[0] for each in run(chance, slug_words(id_), (3, 4))
    )


def vowelless(chance: random.Random, id_: str) -> str:
    """Draw a word without its vowels."""
    long = [each for each in words(id_) if len(each) >= 5 and each.isalpha()]
    text = chance.choice(long) if long else ""
    short = text[:1] + re.sub("[aeiou]", "", text[1:])
    return short if 3 <= len(short) < len(text) else ""


KINDS: tuple[tuple[str, int, Draw], ...] = (
    *((f"prefixes of {length}", 15, prefix(length)) for length in range(1, 7)),
    ("words", 75, word),
    ("squashed", 60, squashed),
    ("within", 25, within),
    ("initials", 25, initials),
    ("vowelless", 25, vowelless),
)


def drawn() -> dict[str, list[str]]:
    """Return the queries by kind, in the order in which they are drawn."""
    chance = random.Random(SEED)
    ids = [row["id"] for row in json.loads((PAYLOADS / "models.json").read_bytes())["data"]]
    seen = {""}
    queries: dict[str, list[str]] = {}
    for kind, count, draw in KINDS:
        queries[kind] = []
        while len(queries[kind]) < count:
            query = draw(chance, chance.choice(ids))
            if query not in seen:
                seen.add(query)
                queries[kind].append(query)
    return queries


def lines() -> Iterator[str]:
    """Yield the lines of the list."""
    yield "# Drawn by tests/golden/draw_queries.py, which says how; do not edit."
    for kind, queries in drawn().items():
        yield f"# {kind}"
        for start in range(0, len(queries), PER_LINE):
            yield " ".join(queries[start : start + PER_LINE])


if __name__ == "__main__":
    LIST.write_text("\n".join(lines()) + "\n", encoding="utf-8")
