"""Read OpenRouter's `pricing` objects: decimal strings in USD per token, with a few odd habits."""

from __future__ import annotations

from typing import Any

import msgspec
from ploked_protocol.catalog import PriceOverride, Pricing
from ploked_protocol.money import Money, money

from .readers import whole

CONDITIONS = ("min_prompt_tokens", "utc_start", "utc_end")
PRICE_KEYS = frozenset({
    "prompt", "completion", "request", "image", "image_token", "image_output", "audio", "audio_output",
    "input_audio_cache", "web_search", "internal_reasoning", "input_cache_read", "input_cache_write",
    "input_cache_write_1h",
})  # fmt: skip
"""The keys of the spec. Others pass too; in an override these tell a price from a condition where both are numbers."""
VARIES = Money(-1)
"""Sent by routers, whose price depends on the model they pick. Compared by identity."""


class Priced(msgspec.Struct, frozen=True):
    """A price list as far as it could be read."""

    pricing: Pricing = Pricing()
    problem: str | None = None
    """What could not be read, for people."""


class PriceReader:
    """Reads the decoded `pricing` of a row; equal amounts are read once, and shared.

    A negative or unreadable price is None (unknown), or left out of `other`; it is never passed on as money.
    """

    def __init__(self) -> None:
        self._amounts = _Amounts()

    def __call__(self, payload: Any) -> Priced:
        """Return the prices of `payload`, a JSON value; unknown ones when it is no object."""
        if type(payload) is not dict:
            return Priced() if payload is None else Priced(problem="pricing is not an object")
        bad: list[str] = []
        discount = self._amount(payload.pop("discount", None))
        overrides = self._overrides(payload.pop("overrides", None), bad)
        varies, prices = self._prices(payload, bad)
        pricing = Pricing.per_token(
            prices.pop("prompt", None),
            prices.pop("completion", None),
            varies=varies,
            discount=None if discount is VARIES else discount,
            other=prices,
            overrides=overrides,
        )
        return Priced(pricing, f"prices not understood: {', '.join(bad[:5])}" if bad else None)

    def _prices(self, items: dict[str, Any], bad: list[str]) -> tuple[bool, dict[str, Money]]:
        """Return whether some price varies, and the amounts by key; unreadable keys are added to `bad`."""
        varies = False
        prices: dict[str, Money] = {}
        for key, item in items.items():
            amount = self._amount(item)
            if amount is VARIES:
                varies = True
            elif amount is not None:
                prices[key] = amount
            elif item is not None and type(item) not in (dict, list):  # those are no prices, but news of upstream
                bad.append(key[:40])
        return varies, prices

    def _amount(self, item: object) -> Money | None:
        return self._amounts[item] if type(item) is str else _amount(item)

    def _overrides(self, payload: object, bad: list[str]) -> tuple[PriceOverride, ...]:
        if type(payload) is not list:
            return ()
        entries = [self._override(entry, bad) for entry in payload]
        return tuple(entry for entry in entries if entry is not None)

    def _override(self, payload: object, bad: list[str]) -> PriceOverride | None:
        """Return the entry; None when it has no condition, or an unknown one: nobody can say when it holds."""
        fields = payload if type(payload) is dict else {}
        conditions = {key: value for key in CONDITIONS if (value := whole(fields.get(key))) is not None}
        rest = {key: item for key, item in fields.items() if key not in CONDITIONS}
        if not conditions or any(type(item) is not str and key not in PRICE_KEYS for key, item in rest.items()):
            bad.append("overrides")
            return None
        return PriceOverride(**conditions, prices=self._prices(rest, bad)[1])


class _Amounts(dict[str, "Money | None"]):
    """Prices by their text, each read once."""

    def __missing__(self, text: str) -> Money | None:
        amount = self[text] = _amount(text)
        return amount


def _amount(item: object) -> Money | None:
    """Return the amount, VARIES itself for -1, None for any other negative one."""
    amount = money(item)
    if amount is None or amount >= 0:
        return amount
    return VARIES if amount == VARIES else None
