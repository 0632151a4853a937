"""The examples of PROTOCOL.md are what a daemon says."""

from __future__ import annotations

from golden.make_examples import made
from ploked_protocol.document import EXAMPLES


async def test_the_examples_are_those_of_a_run_today() -> None:
    again = "run `python tests/golden/make_examples.py`, then `python -m ploked_protocol.document protocol`"
    assert await made() == EXAMPLES.read_text(encoding="utf-8"), again
