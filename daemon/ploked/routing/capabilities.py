"""The constraints of a call that go by what an endpoint can do and what it costs.

A fact that the upstream does not give never excludes: support for parameters, price, length of the output. Unknown
quantization is the exception, since the upstream itself treats it as a value ("unknown") that a list holds or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.money import Money, money, scaled

from .effective import ROUTING, Effective
from .rules import Constraint, Edit, label

UNITS = {
    "prompt": "USD per million prompt tokens",
    "completion": "USD per million completion tokens",
    "request": "USD per request",
    "image": "USD per image",
    "audio": "USD per unit of audio",
}
"""What the fields of `max_price` cap."""


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
    wanted = effective.routing.quantizations or []
    path, says = f"{ROUTING}.quantizations", f"routing.quantizations ({', '.join(wanted)})"

    def check(endpoint: EndpointRecord) -> str | None:
        found = endpoint.quantization or "unknown"
        return None if found in wanted else f"{label(endpoint)} has quantization {found}, which is not in {says}"

    def lift(endpoint: EndpointRecord) -> tuple[Edit, ...]:
        return (Edit("add", path, endpoint.quantization or "unknown"),)

    if wanted:
        yield Constraint("quantization", path, says, check, lift, upstream=True)


def required(effective: Effective) -> Iterator[Constraint]:
    """Require every parameter that config.toml requires, sent or not."""
    path = f"{effective.path}.required_supported_params"
    for name in effective.required:
        sent = name if name in effective.sent else None
        yield _parameter(name, path, "required_supported_params", (Edit("remove", path, name),), sent)


def sent(effective: Effective) -> Iterator[Constraint]:
    """Under `require_parameters`, require every parameter sent: the upstream would drop the endpoint.

    Parameters that are required anyway, and those that `tools` below looks at, are not said twice.
    """
    elsewhere = {*effective.required, "tools", "tool_choice"}
    for name in effective.sent if effective.requirements else ():
        if name not in elsewhere:
            yield _parameter(name, effective.origin(name), "sent under require_parameters", (), name)


def _parameter(name: str, origin: str, why: str, edits: tuple[Edit, ...], sent: str | None) -> Constraint:
    def check(endpoint: EndpointRecord) -> str | None:
        return f"{label(endpoint)} does not take {name} ({why})" if lacks(endpoint, name) else None

    says = f"{name} ({why})"
    return Constraint("lacksParameter", origin, says, check, lambda _: edits, upstream=sent is not None, sent=sent)


def tools(effective: Effective) -> Iterator[Constraint]:
    """Require tools when the profile asks for them or the request sends any; `tool_choice` needs both parameters."""
    sent, enforced = effective.sent, bool(effective.requirements)
    if effective.tools_required:
        edit = effective.change("tools_required", "false")
        yield _tools(("tools",), effective.origin("tools_required"), "tools_required", (edit,), False)
    if "tools" in sent:
        yield _tools(("tools",), effective.origin("tools"), "tools are sent", effective.removals("tools"), enforced)
    if "tool_choice" in sent:
        needed, origin = ("tools", "tool_choice"), effective.origin("tool_choice")
        upstream = enforced and "tools" in sent
        yield _tools(needed, origin, "tool_choice is sent", effective.removals("tool_choice"), upstream)


def _tools(needed: tuple[str, ...], origin: str, why: str, edits: tuple[Edit, ...], upstream: bool) -> Constraint:
    def check(endpoint: EndpointRecord) -> str | None:
        missing = [name for name in needed if lacks(endpoint, name)]
        return f"{label(endpoint)} does not take {' and '.join(missing)} ({why})" if missing else None

    return Constraint("toolsRequired", origin, f"{' and '.join(needed)} ({why})", check, lambda _: edits, upstream)


def output(effective: Effective) -> Iterator[Constraint]:
    """Require that an endpoint can write as many tokens as are asked for."""
    for name in ("max_tokens", "max_completion_tokens"):
        if name in effective.sent:
            yield _output(effective, name, effective.sent[name])


def _output(effective: Effective, name: str, wanted: int) -> Constraint:
    def check(endpoint: EndpointRecord) -> str | None:
        most = endpoint.max_completion_tokens
        if not most or most >= wanted:
            return None
        return f"{label(endpoint)} writes at most {most} tokens, fewer than {name} ({wanted})"

    def lift(endpoint: EndpointRecord) -> tuple[Edit, ...]:
        most = endpoint.max_completion_tokens or wanted
        return (effective.change(name, str(most), wanted - most),)

    # Only for `max_tokens` is it written down that the upstream filters by it.
    says, upstream = f"{name} ({wanted})", name == "max_tokens"
    return Constraint("maxOutputTooSmall", effective.origin(name), says, check, lift, upstream)


def price(effective: Effective) -> Iterator[Constraint]:
    """Require a price within the caps of `routing.max_price`; each cap is a constraint of its own."""
    caps = effective.routing.max_price
    for name in UNITS:
        cap = scaled(money(getattr(caps, name, None)), 1)
        if cap is not None:
            yield _price(name, cap)


def _price(name: str, cap: Money) -> Constraint:
    path, says = f"{ROUTING}.max_price.{name}", f"routing.max_price.{name} ({cap})"

    def check(endpoint: EndpointRecord) -> str | None:
        asked = listed_price(endpoint, name)
        if asked is None or asked <= cap:
            return None
        return f"{label(endpoint)} asks {asked} {UNITS[name]}, above {says}"

    def lift(endpoint: EndpointRecord) -> tuple[Edit, ...]:
        asked = listed_price(endpoint, name) or cap
        return (Edit("set", path, str(asked), Decimal(asked - cap)),)

    return Constraint("priceAboveCap", path, says, check, lift, upstream=True)


def listed_price(endpoint: EndpointRecord, name: str) -> Money | None:
    """Return the price that a field of `max_price` caps, in the unit of UNITS; None when it is unknown."""
    pricing = endpoint.pricing
    if name == "prompt":
        return pricing.prompt_per_1m
    return pricing.completion_per_1m if name == "completion" else pricing.other.get(name)
