"""One axis of a grid: evenly spaced decimals, checked against what the parameter allows."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import msgspec
from ploked_protocol.errors import ErrorData, InvalidParams
from ploked_protocol.preferences import LLMParameters
from ploked_protocol.sweeps import GridAxis

MIN_DECIMALS = 6
"""A third is sent as 0.333333; more are kept where `start` or `stop` has more."""
MAX_DECIMALS = 15
"""As many as a double tells apart."""
MAX_WHOLE = 2**53 - 1
"""The largest whole number that every JSON parser reads the same."""


def axis_values(axis: GridAxis, index: int = 0) -> list[int | float]:
    """Return the values of `grid[index]` from `start` to `stop`, both included, as they are sent.

    They are worked out in decimals, so that 0.2 is sent as 0.2. Those of whole-number parameters are rounded, halves
    up, and repeats dropped. One step is `start` alone. Raises InvalidParams, with the path, for a parameter that is
    no number or a value out of its range.
    """
    path = f"$.grid[{index}]"
    whole = _is_whole(axis.parameter, path)
    _check(axis.parameter, axis.start, whole, f"{path}.start")
    if axis.steps == 1:
        return [_number(axis.start, whole)]
    _check(axis.parameter, axis.stop, whole, f"{path}.stop")
    steps = (axis.start + (axis.stop - axis.start) * step / (axis.steps - 1) for step in range(axis.steps))
    unit = Decimal(1).scaleb(-_decimals(axis))
    return list(dict.fromkeys(_number(step.quantize(unit), whole) for step in steps))


def checked_seeds(seeds: list[int]) -> list[int | float]:
    """Return `seeds`, repeats included: they ask for replicates; raises InvalidParams for one that is too large."""
    for index, seed in enumerate(seeds):
        _check("seed", Decimal(seed), True, f"$.seeds[{index}]")
    return list(seeds)


def plain(value: float) -> str:
    """Return a value as people write it: `0.2`, `1`, `0.000001`."""
    return format(Decimal(repr(value)).normalize(), "f")


@cache
def numeric_parameters() -> dict[str, bool]:
    """Return the parameters that can be an axis, and whether each takes whole numbers only."""
    from msgspec import inspect  # imported late: only a sweep needs it

    fields = inspect.type_info(LLMParameters).fields  # type: ignore[attr-defined]  # it is declared as any type
    kinds = {field.name: getattr(field.type, "types", (field.type,)) for field in fields}
    number = (inspect.IntType, inspect.FloatType)
    return {
        name: any(isinstance(kind, inspect.IntType) for kind in of)
        for name, of in kinds.items()
        if any(isinstance(kind, number) for kind in of)
    }


def _is_whole(parameter: str, path: str) -> bool:
    known = numeric_parameters()
    if parameter in known:
        return known[parameter]
    from difflib import get_close_matches  # imported late: only a slip needs it

    close = get_close_matches(parameter, known, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise InvalidParams(
        f"{parameter!r} is not a parameter with a number for a value.{hint} There are: {', '.join(known)}.",
        ErrorData(suggestions=[*close, *(name for name in known if name not in close)], path=f"{path}.parameter"),
    )


def _check(parameter: str, value: Decimal, whole: bool, path: str) -> None:
    """Raise InvalidParams when `value` is out of the documented range of `parameter` (`LLMParameters`)."""
    if not value.is_finite() or abs(value) > MAX_WHOLE:
        raise InvalidParams(f"{parameter} cannot be {str(value)[:40]}.", ErrorData(path=path))
    try:
        msgspec.convert({parameter: _number(value, whole)}, LLMParameters)
    except msgspec.ValidationError as error:
        expected = str(error).partition(" - at ")[0].replace("`", "")
        raise InvalidParams(f"{parameter} cannot be {value}: {expected}.", ErrorData(path=path)) from None


def _number(value: Decimal, whole: bool) -> int | float:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP)) if whole else float(value + 0)  # `+ 0` turns -0 into 0


def _decimals(axis: GridAxis) -> int:
    given = max(-exponent for number in (axis.start, axis.stop) if isinstance(exponent := _exponent(number), int))
    return min(max(given, MIN_DECIMALS), MAX_DECIMALS)


def _exponent(number: Decimal) -> int | str:
    return number.as_tuple().exponent
