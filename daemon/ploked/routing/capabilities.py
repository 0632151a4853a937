"""The constraints of a call that go by what an endpoint can do and what it costs.

A fact that the upstream does not give never excludes: it leaves the endpoint uncertain. Unknown quantization is the
exception, since it is certain what becomes of it: the upstream shows "unknown" as a value that a list holds or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_CEILING, Context

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.errors import ReasonCode
from ploked_protocol.money import Money, money, scaled
from ploked_protocol.preferences import Origin

from .asking import OPTIONAL, Asking
from .effective import Effective
from .rules import UNKNOWN, Constraint, Edit, Edits, Said, Source, label

UNITS = {
    "prompt": "USD per million prompt tokens",
    "completion": "USD per million completion tokens",
    "request": "USD per request",
    "image": "USD per image",
    "audio": "USD per unit of audio",
}
"""What the fields of `max_price` cap."""

LENGTHS = ("max_tokens", "max_completion_tokens")
"""Parameters that say how long an answer may be."""

_EXACT_AS_FLOAT = Context(prec=15, rounding=ROUND_CEILING)
"""A decimal of 15 digits survives TOML's float; a longer price is rounded up, so that a cap set to it admits it."""


def lacks(endpoint: EndpointRecord, parameter: str) -> bool:
    """Return whether `endpoint` is known not to take `parameter`."""
    if parameter == "tools" and endpoint.supports_tools == "no":
        return True
    return endpoint.supported_parameters is not None and parameter not in endpoint.supported_parameters


def untaken(params: Iterable[str], endpoints: Sequence[EndpointRecord]) -> list[str]:
    """Return those of `params` that none of the `endpoints` takes, as far as they say; none without endpoints."""
    wanted = ((name, "tools" if name == "tools_required" else name) for name in params)
    return [name for name, taken in wanted if endpoints and all(lacks(each, taken) for each in endpoints)]


def quantization(effective: Effective) -> Iterator[Constraint]:
    """Require one of the quantizations of `routing.quantizations`, where it lists any."""
    wanted = effective.routing.quantizations
    if not wanted:
        return
    path, says = effective.routing_path("quantizations"), f"routing.quantizations ({', '.join(wanted)})"

    def check(endpoint: EndpointRecord) -> Said:
        found = endpoint.quantization or "unknown"
        if found in wanted:
            return None
        return f"{label(endpoint)} has quantization {found}, which is not in {says}"

    def lift(endpoint: EndpointRecord) -> tuple[Edits, ...]:
        return ((Edit("add", path, endpoint.quantization or "unknown"),),)

    source = effective.routing_source("quantizations")
    yield Constraint("quantization", source, says, check, lift, upstream=True)


def required(effective: Effective) -> Iterator[Constraint]:
    """Require every parameter that config.toml requires, sent or not."""
    listed = effective.required_params
    for name in effective.required:
        edit, is_sent = Edit("remove", listed.path, name), name in effective.sent
        ways: tuple[Edits, ...] = ((edit,),)
        if is_sent and name not in ("tools", "tool_choice"):  # while anything else is required, what is sent is too
            ways = ((edit, *effective.removals(name)), effective.requirements)
        source = effective.entry_source(listed, name)
        yield _takes((name,), source, "lacksParameter", listed.name, ways, upstream=is_sent)


def sent(effective: Effective) -> Iterator[Constraint]:
    """Under `require_parameters`, require every parameter sent: the upstream would drop the endpoint.

    Parameters that are required anyway, and those that `tools` below looks at, are not said twice.
    """
    elsewhere = {*effective.required, "tools", "tool_choice"}
    for name in effective.sent if effective.requirements else ():
        if name not in elsewhere:
            ways = (effective.removals(name), effective.requirements)
            source = effective.param_source(name)
            yield _takes((name,), source, "lacksParameter", "sent under require_parameters", ways, upstream=True)


def tools(effective: Effective) -> Iterator[Constraint]:
    """Require tools when the profile asks for them or the request sends any; `tool_choice` needs both parameters."""
    sent, enforced = effective.sent, bool(effective.requirements)
    if effective.tools_required:
        edits = (effective.change("tools_required", "false"),)
        yield _takes(("tools",), effective.param_source("tools_required"), "toolsRequired", "tools_required", (edits,))
    for name, needed in (("tools", ("tools",)), ("tool_choice", ("tools", "tool_choice"))):
        if name in sent:
            why = "tools are sent" if name == "tools" else "tool_choice is sent"
            ways = (effective.removals(name),)
            upstream = enforced and "tools" in sent
            yield _takes(needed, effective.param_source(name), "toolsRequired", why, ways, upstream=upstream)


def _takes(
    needed: tuple[str, ...], source: Source, code: ReasonCode, why: str, ways: tuple[Edits, ...], upstream: bool = False
) -> Constraint:
    """Return the constraint that an endpoint takes all parameters `needed`."""
    says = f"{' and '.join(needed)} ({why})"
    (one, *others), wants_tools = needed, "tools" in needed

    def check(endpoint: EndpointRecord) -> Said:
        taken = endpoint.supported_parameters
        if taken is not None and one in taken and not others and not (wants_tools and endpoint.supports_tools == "no"):
            return None
        missing = [name for name in needed if lacks(endpoint, name)]
        if missing:
            return f"{label(endpoint)} does not take {' and '.join(missing)} ({why})"
        return UNKNOWN if taken is None and not (needed == ("tools",) and endpoint.supports_tools == "yes") else None

    doubt = f"does not say which parameters it takes: {says}"
    return Constraint(code, source, says, check, lambda _: ways, upstream, doubt)


def output(effective: Effective) -> Iterator[Constraint]:
    """Require that an endpoint can write as many tokens as are asked for."""
    for name in LENGTHS:
        if name in effective.sent:
            yield _output(effective, name, effective.sent[name])


def _output(effective: Effective, name: str, wanted: int) -> Constraint:
    says = f"{name} ({wanted})"

    def check(endpoint: EndpointRecord) -> Said:
        most = endpoint.max_completion_tokens
        if not most:
            return UNKNOWN
        if most >= wanted:
            return None
        return f"{label(endpoint)} writes at most {most} tokens, fewer than {says}"

    def lift(endpoint: EndpointRecord) -> tuple[Edits, ...]:
        most = endpoint.max_completion_tokens or wanted
        return ((effective.change(name, str(most), wanted - most),),)

    # Only for `max_tokens` is it written down that the upstream filters by it.
    upstream, doubt = name == "max_tokens", f"does not say how many tokens it writes at most: {says}"
    return Constraint("maxOutputTooSmall", effective.param_source(name), says, check, lift, upstream, doubt)


def context(effective: Effective) -> Iterator[Constraint]:
    """Require that the prompt, where its size is given, and the longest answer asked for fit the context.

    The upstream is not taken to apply this: it counts the tokens of the messages, and is not told of the stated size.
    """
    prompt = effective.prompt_tokens
    if prompt is None:
        return
    lengths = {name: effective.sent[name] for name in LENGTHS if name in effective.sent}
    says = f"promptTokens ({prompt})" + "".join(f" and {name} ({most})" for name, most in lengths.items())
    needed = prompt + max(lengths.values(), default=0)

    def check(endpoint: EndpointRecord) -> Said:
        most, room = endpoint.max_prompt_tokens, endpoint.context_length
        if most and prompt > most:
            return f"{label(endpoint)} takes prompts of at most {most} tokens, fewer than {prompt}"
        if not room:
            return UNKNOWN
        return None if needed <= room else f"{label(endpoint)} has a context of {room} tokens, too few for {says}"

    def lift(endpoint: EndpointRecord) -> tuple[Edits, ...]:
        left = (endpoint.context_length or 0) - prompt
        most = endpoint.max_prompt_tokens
        if left < 1 or (most and prompt > most):
            return ()  # only a shorter prompt would do
        return (tuple(effective.change(name, str(left), n - left) for name, n in lengths.items() if n > left),)

    doubt = f"does not say how long its context is: {says}"
    yield Constraint("contextTooSmall", Source("call", Origin(layer="call")), says, check, lift, doubt=doubt)


def price(effective: Effective) -> Iterator[Constraint]:
    """Require a price within the caps of `routing.max_price`; each cap is a constraint of its own."""
    asking = Asking(effective.prices)
    for name in UNITS:
        cap = scaled(money(getattr(effective.routing.max_price, name, None)), 1)
        if cap is not None:
            yield _price(effective, asking, name, cap)


def _price(effective: Effective, asking: Asking, name: str, cap: Money) -> Constraint:
    leaf = f"max_price.{name}"
    path, says, unit = effective.routing_path(leaf), f"routing.{leaf} ({cap})", UNITS[name]

    def check(endpoint: EndpointRecord) -> Said:
        price = asking.price(endpoint, name)
        if price is None:
            return None if name in OPTIONAL else UNKNOWN
        if price <= cap:
            return None
        return f"{label(endpoint)} asks {price} {unit}{asking.which(endpoint, name)}, above {says}"

    def lift(endpoint: EndpointRecord) -> tuple[Edits, ...]:
        price = _EXACT_AS_FLOAT.plus(asking.price(endpoint, name) or cap)
        return ((Edit("set", path, format(price, "f"), price - cap),),)

    # At a stated size or hour the upstream, which goes by the real ones, may find another price.
    upstream = effective.prompt_tokens is None and effective.call.at is None
    doubt = f"does not say its {name} price: {says}"
    return Constraint("priceAboveCap", effective.routing_source(leaf), says, check, lift, upstream, doubt)
