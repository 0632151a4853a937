"""What README.md tells the users of an editor to write, as it stands there."""

from __future__ import annotations

import re

from conftest import REPO


def configuration(editor: str) -> str:
    """Return the first block of code that follows the bold name of an editor."""
    text = (REPO / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^\*\*{editor}\*\*.*?^```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"README.md tells users of {editor} nothing to write"
    return found[1]
