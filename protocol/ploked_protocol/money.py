"""Money: exact decimals that print in plain notation."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


class Money(Decimal):
    """An amount in US dollars, exact, printed without an exponent ("0.00000008", never "8E-8").

    A type of its own because msgspec prints a bare `Decimal` in scientific notation below 1e-6.
    """

    __slots__ = ()

    def __str__(self) -> str:
        """Return the amount in plain notation, every digit kept."""
        return format(self, "f")

    def __reduce__(self) -> tuple[type[Money], tuple[str]]:
        """Pickle and copy as text; `Decimal` would drop the subclass."""
        return (Money, (str(self),))


MAX_MAGNITUDE = 30  # decimal exponent; beyond it a price is garbage and plain notation would be pages long


def money(value: object) -> Money | None:
    """Return `value` (a decimal string or a JSON number, USD) as exact money.

    None when it is absent, not a number, not finite or absurd in size: upstream data never raises.
    A float is read by its shortest text, so 0.2 is 0.2.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        amount = Money(value if isinstance(value, Decimal) else str(value))
    except (InvalidOperation, ValueError):
        return None
    if not amount.is_finite() or abs(amount.adjusted()) > MAX_MAGNITUDE:
        return None
    return amount or Money(0)


def scaled(amount: Money | None, factor: int) -> Money | None:
    """Return `amount` times `factor` (1000 or 1_000_000), normalised so that no zeros trail; None stays None."""
    if amount is None:
        return None
    return Money((amount * factor).normalize())
