"""Reading what an editor newer than lsprotocol says about itself.

lsprotocol's enums are closed: one unknown value makes the whole of `initialize` unreadable, and an editor that gets
no answer to it hangs. So the parts that do not fit are left out, and the rest counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Fits = Callable[[Any], bool]


def prune(node: dict[str, Any], fits: Fits) -> dict[str, Any]:
    """Return `node` without the smallest parts that keep `fits` from accepting it; at worst an empty dict.

    Each key is judged alone, so that the cost grows with the size of `node` and no faster.
    """
    kept: dict[str, Any] = {}
    for key, value in node.items():

        def fits_here(candidate: object, key: str = key) -> bool:
            return fits({key: candidate})

        fitting = value if fits_here(value) else _without_misfits(value, fits_here)
        if fits_here(fitting):
            kept[key] = fitting
    return kept if fits(kept) else {}


def _without_misfits(value: Any, fits: Fits) -> Any:
    if isinstance(value, dict):
        return prune(value, fits)
    if isinstance(value, list):
        return [item for item in value if fits([item])]
    return value
