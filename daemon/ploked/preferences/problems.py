"""How many problems are told at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from ploked_protocol.preferences import ConfigProblem

MOST_PROBLEMS = 250
"""Each costs every session, its client and the reader time; who has more mends the first ones first."""


def foremost(problems: Sequence[ConfigProblem]) -> list[ConfigProblem]:
    """Return the first 250 of `problems`; the last of these says how many more there are."""
    shown, rest = list(problems[:MOST_PROBLEMS]), len(problems) - MOST_PROBLEMS
    if rest > 0:
        message = f"{shown[-1].message} ({rest:,} more problems are not shown: mend these first.)"
        shown[-1] = msgspec.structs.replace(shown[-1], message=message)
    return shown
