"""Units times prices: the terms that the cost of one request is made of. Pure.

A price for reading from the cache stands in place of the prompt price, and so does one for writing to it; a price for
writing that is below the prompt price is for the storage alone and comes on top. Reasoning is part of the answer, at a
price of its own where one is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ploked_protocol.money import Money
from ploked_protocol.plans import Cost, CostPart

from .prices import Fact, Prices

READ, WRITES, REASONING = "input_cache_read", ("input_cache_write", "input_cache_write_1h"), "internal_reasoning"


def are_known(prices: Prices) -> bool:
    """Return whether prompt and completion have a price, without which nothing can be worked out."""
    return "prompt" in prices and "completion" in prices


def cost_of(prices: Prices, parts: Sequence[CostPart]) -> Cost:
    """Return the sum of `parts`, and of the price per request where there is one."""
    if "request" in prices:
        parts = [*parts, part(prices["request"], 1)]
    return Cost(_sum(parts), list(parts))


def part(fact: Fact, units: int) -> CostPart:
    """Return one term."""
    return CostPart(fact.fact, units, fact.price, Money((fact.price * units).normalize()))


def prompt_parts(prices: Prices, tokens: int, read: int = 0, written: int = 0) -> list[CostPart]:
    """Return what a prompt costs of which `read` tokens come from the cache and `written` go there."""
    read = min(read, tokens) if READ in prices else 0
    written = min(written, tokens - read) if WRITES[0] in prices else 0
    parts = [part(prices[READ], read)] if read else []
    if written:
        return [*parts, *_stored(prices, tokens - read, written, prices[WRITES[0]])]
    return [*parts, part(prices["prompt"], tokens - read)] if tokens > read else parts


def cheapest_prompt(prices: Prices, tokens: int) -> list[CostPart]:
    """Return what a prompt costs at least: all of it is read from the cache, where that costs less."""
    prompt = prices["prompt"]
    read = prices.get(READ, prompt)
    return [part(read if read.price < prompt.price else prompt, tokens)]


def dearest_prompt(prices: Prices, tokens: int) -> list[CostPart]:
    """Return what a prompt costs at most: whatever the cache does with it costs as much as it can."""
    prompt = prices["prompt"]
    read = prices.get(READ, prompt)
    dearest = read if read.price > prompt.price else prompt
    writes = [prices[name] for name in WRITES if name in prices]
    if not writes:
        return [part(dearest, tokens)]
    write = max(writes, key=lambda fact: _whole_price(fact, prompt))
    if _whole_price(write, prompt) <= dearest.price:
        return [part(dearest, tokens)]
    return _stored(prices, tokens, tokens, write)


def answer_parts(prices: Prices, tokens: int, reasoning: int = 0) -> list[CostPart]:
    """Return what an answer costs of which `reasoning` tokens were thought and not said."""
    apart = min(reasoning, tokens) if REASONING in prices else 0
    parts = [part(prices[REASONING], apart)] if apart else []
    return [*parts, part(prices["completion"], tokens - apart)] if tokens > apart else parts


def cheapest_answer(prices: Prices, tokens: int) -> list[CostPart]:
    """Return what an answer costs at least: thought or said, whichever is cheaper."""
    said, thought = _answers(prices)
    return [part(thought if thought.price < said.price else said, tokens)]


def dearest_answer(prices: Prices, tokens: int) -> list[CostPart]:
    """Return what an answer costs at most."""
    said, thought = _answers(prices)
    return [part(thought if thought.price > said.price else said, tokens)]


def _answers(prices: Prices) -> tuple[Fact, Fact]:
    return prices["completion"], prices.get(REASONING, prices["completion"])


def _stored(prices: Prices, tokens: int, stored: int, write: Fact) -> list[CostPart]:
    """Return what `tokens` cost of which `stored` are written to the cache."""
    plain = tokens if write.price < prices["prompt"].price else tokens - stored
    parts = [part(prices["prompt"], plain)] if plain else []
    return [*parts, part(write, stored)]


def _whole_price(write: Fact, prompt: Fact) -> Decimal:
    """Return what a token costs that is written to the cache."""
    return write.price if write.price >= prompt.price else prompt.price + write.price


def _sum(parts: Sequence[CostPart]) -> Money:
    return Money(sum([each.amount for each in parts], Decimal(0)).normalize())
