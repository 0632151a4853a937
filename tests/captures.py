"""Real answers of real APIs, where this machine has them; they are never part of the repository.

Looked for in `$PLOKED_CAPTURES`, else in `../shared/data` beside the repository. Tests that need them are skipped
elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_PLACE = Path(os.environ.get("PLOKED_CAPTURES") or Path(__file__).resolve().parents[2] / "shared" / "data")

CAPTURES: Path | None = _PLACE if (_PLACE / "openrouter").is_dir() else None
"""The folder that holds `openrouter/` and its siblings, None where there is none."""

requires_captures = pytest.mark.skipif(CAPTURES is None, reason="needs the captured answers (set PLOKED_CAPTURES)")


def captured(name: str) -> Path:
    """Return the path of a capture below the folder; only for tests marked `requires_captures`."""
    assert CAPTURES is not None
    return CAPTURES / name
