"""Plans the slow and obvious way, written from the rules (upstream.md, sections 4 to 6), not from the code.

`against` says what is against an endpoint, `unsure` what cannot be told of it; `upstream` is the upstream's own choice.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import as_entry
from ploked_protocol.plans import RoutePlanParams
from ploked_protocol.preferences import ModelPrefs, ModelProfile, RegistryPrefs, RoutingPrefs
from routing_cases import KIMI, NOW
from routing_draw import Case

Said = tuple[str, str | None]
"""Code and origin."""

TIERS = {"flex", "priority", "default"}
PER_MILLION = {"prompt": 1_000_000, "completion": 1_000_000}


def is_tier(tag: str) -> bool:
    parts = tag.split("/")
    return len(parts) > 1 and parts[-1] in TIERS


def names(entry: str, tag: str) -> bool:
    """Return whether `entry` covers `tag`: a whole tag itself, a slug its regions and kinds but no tier."""
    return entry == tag or (entry == tag.split("/")[0] and not is_tier(tag))


def any_names(entries: list[str], tag: str) -> bool:
    return any(names(entry, tag) for entry in entries)


def takes(row: EndpointRecord, name: str) -> bool:
    return row.supported_parameters is None or name in row.supported_parameters


def price(row: EndpointRecord, name: str, call: RoutePlanParams) -> Decimal | None:
    """Return the price in the unit of `max_price`, at the size and hour of the call."""
    listed = {"prompt": row.pricing.prompt_per_token, "completion": row.pricing.completion_per_token}
    found: Any = listed.get(name, row.pricing.other.get(name))
    at = datetime.fromisoformat(call.at) if call.at else NOW
    clock = int(at.astimezone(UTC).strftime("%H%M"))
    for override in row.pricing.overrides:
        holds = True
        if override.min_prompt_tokens is not None:
            holds = call.prompt_tokens is not None and call.prompt_tokens > override.min_prompt_tokens
        if override.utc_start is not None and override.utc_end is not None:
            start, end = override.utc_start, override.utc_end
            holds = holds and (start <= clock < end if start < end else clock >= start or clock < end)
        if holds and name in override.prices:
            found = override.prices[name]
    return None if found is None else found * PER_MILLION.get(name, 1)


# the preferences in effect


def own_table(prefs: RegistryPrefs) -> tuple[ModelPrefs, str]:
    """Return the preferences of the model and where they stand."""
    for n, model in enumerate(prefs.models):
        if model.model == KIMI:
            return model, f"registry.models[{n}]"
    return ModelPrefs(model=KIMI), ""


def routing_of(case: Case) -> dict[str, tuple[Any, str]]:
    """Return every routing preference in effect (each cap by itself) with the place that sets it."""
    mine, at = own_table(case.prefs)
    layers = [(case.prefs.routing, "registry.routing"), (mine.routing, f"{at}.routing"), (case.call.routing, "")]
    found: dict[str, tuple[Any, str]] = {}
    for prefs, path in layers:  # the lowest first
        for name in RoutingPrefs.__struct_fields__:
            value = getattr(prefs, name)
            if name == "max_price" and value is not None:
                caps = [(cap, getattr(value, cap)) for cap in value.__struct_fields__]
                found |= {
                    f"max_price.{cap}": (most, f"{path}.max_price.{cap}" if path else "call")
                    for cap, most in caps
                    if most is not None
                }
            elif value is not None:
                found[name] = (value, f"{path}.{name}" if path else "call")
    return found


def params_of(case: Case) -> dict[str, tuple[Any, str]]:
    """Return every parameter in effect with the place that sets it."""
    mine, at = own_table(case.prefs)
    shared = {each.name: (f"registry.profiles[{n}].params", each) for n, each in enumerate(case.prefs.profiles)}
    own = {each.name: (f"{at}.profiles[{n}].params", each) for n, each in enumerate(mine.profiles)}
    found: dict[str, tuple[Any, str]] = {}
    for name in (case.prefs.global_default_profile, case.call.profile or mine.default_profile):
        for path, profile in reversed(with_parents(name, own, shared)):
            found |= {key: (value, f"{path}.{key}") for key, value in profile.params.set_values().items()}
    return found | {key: (value, "call") for key, value in case.call.params.set_values().items()}


def with_parents(
    name: str | None, own: dict[str, tuple[str, ModelProfile]], shared: dict[str, tuple[str, ModelProfile]]
) -> list[tuple[str, ModelProfile]]:
    """Return a profile, its parent, and so on until one is unknown or came before."""
    line: list[tuple[str, ModelProfile]] = []
    found = own.get(name or "") or shared.get(name or "")
    while found is not None and found not in line:
        line.append(found)
        name, is_own = found[1].extends or "", found in own.values()
        candidates = [own.get(name), shared.get(name)] if is_own else [shared.get(name)]
        beside = [each for each in candidates if each is not None and each != found]
        found = beside[0] if beside else None
    return line


# what is against an endpoint


def against(row: EndpointRecord, case: Case) -> list[Said]:
    """Return code and origin of every reason that excludes `row`, in no order."""
    return judged(row, case)[0]


def unsure(row: EndpointRecord, case: Case) -> list[str | None]:
    """Return the origin of every preference of which it cannot be told whether `row` meets it, in no order."""
    return [origin for _, origin in judged(row, case)[1]]


def judged(row: EndpointRecord, case: Case) -> tuple[list[Said], list[Said]]:
    prefs, call, tag = case.prefs, case.call, row.key.tag
    mine, at = own_table(prefs)
    routing, params = routing_of(case), params_of(case)
    no: list[Said] = []
    maybe: list[Said] = []

    def wish(name: str, default: Any = None) -> Any:
        return routing.get(name, (default, ""))[0]

    chosen, chosen_at = mine.selected_endpoints, f"{at}.selected_endpoints"
    if call.selected_endpoints is not None:
        chosen, chosen_at = list(map(as_entry, call.selected_endpoints)), "call"
    only, order, ignore = wish("only", []), wish("order", []), wish("ignore", [])
    asked = [*mine.allowed_providers, *only, *order, *chosen]

    may_be_custom = prefs.strictness == "AllowAny" or (prefs.strictness == "AllowCustom" and at)
    if row.source != "openrouter" and not may_be_custom:
        no.append(("strictness", "registry.strictness"))
    if is_tier(tag) and tag not in asked:
        no.append(("tierNotAskedFor", None))
    if mine.allowed_providers and not any_names(mine.allowed_providers, tag):
        no.append(("notAllowed", f"{at}.allowed_providers"))
    if only and not any_names(only, tag):
        no.append(("notAllowed", routing["only"][1]))
    if order and wish("allow_fallbacks") is False and not any_names(order, tag):
        no.append(("notAllowed", routing["order"][1]))
    if chosen and not any_names(chosen, tag):
        no.append(("notSelected", chosen_at))
    no += [("denied", f"{at}.banned_providers") for entry in set(mine.banned_providers) if names(entry, tag)]
    no += [("denied", routing["ignore"][1]) for entry in set(ignore) if names(entry, tag)]
    if wish("quantizations") and (row.quantization or "unknown") not in wish("quantizations"):
        no.append(("quantization", routing["quantizations"][1]))
    if row.status == -5 and not prefs.allow_down and tag not in asked:
        no.append(("down", "registry.allow_down"))

    for name in ("prompt", "completion", "image"):
        cap, where = routing.get(f"max_price.{name}", (None, ""))
        asks = price(row, name, call)
        if cap is not None and asks is None and name != "image":
            maybe.append(("priceAboveCap", where))
        if cap is not None and asks is not None and asks > Decimal(str(cap)):
            no.append(("priceAboveCap", where))

    if wish("zdr") and not row.zdr:
        (no if row.zdr is False else maybe).append(("zdr", routing["zdr"][1]))
    if wish("data_collection") == "deny" and not row.zdr:
        maybe.append(("dataPolicy", routing["data_collection"][1]))
    if wish("enforce_distillable_text"):
        maybe.append(("distillable", routing["enforce_distillable_text"][1]))

    sent = {name for name in params if name != "tools_required"}
    tools_required = params.get("tools_required", (False, ""))[0]
    required = set(mine.required_supported_params)
    enforced = bool(wish("require_parameters") or required or tools_required)
    needs = [("lacksParameter", f"{at}.required_supported_params", [name]) for name in required]
    if enforced:
        free = sent - required - {"tools", "tool_choice"}
        needs += [("lacksParameter", params[name][1], [name]) for name in free]
    if tools_required:
        needs.append(("toolsRequired", params["tools_required"][1], ["tools"]))
    if "tools" in sent:
        needs.append(("toolsRequired", params["tools"][1], ["tools"]))
    if "tool_choice" in sent:
        needs.append(("toolsRequired", params["tool_choice"][1], ["tools", "tool_choice"]))
    for code, where, wanted in needs:
        if row.supported_parameters is None:
            maybe.append((code, where))
        elif not all(takes(row, name) for name in wanted):
            no.append((code, where))

    lengths = [name for name in ("max_tokens", "max_completion_tokens") if name in sent]
    for name in lengths:
        most = row.max_completion_tokens
        if most is None:
            maybe.append(("maxOutputTooSmall", params[name][1]))
        elif params[name][0] > most:
            no.append(("maxOutputTooSmall", params[name][1]))
    if call.prompt_tokens is not None:
        whole = call.prompt_tokens + max((params[name][0] for name in lengths), default=0)
        if row.max_prompt_tokens is not None and call.prompt_tokens > row.max_prompt_tokens:
            no.append(("contextTooSmall", "call"))
        elif not row.context_length:
            maybe.append(("contextTooSmall", "call"))
        elif whole > row.context_length:
            no.append(("contextTooSmall", "call"))
    return no, maybe


# the upstream


def upstream(body: dict[str, Any], case: Case) -> list[EndpointRecord]:
    """Return the endpoints that the upstream would choose among for `body`, at the size and hour of the call."""
    return [row for row in case.rows if upstream_takes(body, row, case.call)]


def upstream_takes(body: dict[str, Any], row: EndpointRecord, call: RoutePlanParams) -> bool:
    wish = body.get("provider", {})
    tag, only, order = row.key.tag, wish.get("only", []), wish.get("order", [])
    if is_tier(tag) and tag not in [*only, *order]:
        return False
    if only and not any_names(only, tag):
        return False
    if order and wish.get("allow_fallbacks") is False and not any_names(order, tag):
        return False
    if any_names(wish.get("ignore", []), tag):
        return False
    if "quantizations" in wish and (row.quantization or "unknown") not in wish["quantizations"]:
        return False
    if wish.get("zdr") and row.zdr is False:
        return False
    for name, cap in wish.get("max_price", {}).items():
        asks = price(row, name, call)
        if asks is not None and asks > Decimal(str(cap)):
            return False
    if wish.get("require_parameters"):
        sent = set(body) - {"model", "messages", "provider"}
        if not all(takes(row, name) for name in sent):
            return False
    most = row.max_completion_tokens
    return most is None or body.get("max_tokens", 0) <= most


# applying edits


def applied(edits: Any, case: Case) -> Case:
    """Return the case as it is once a person has done what the edits say."""
    call = msgspec.to_builtins(case.call)
    tree = {
        "registry": msgspec.to_builtins(case.prefs),
        "call": {"params": call.get("params", {}), "routing": call.get("routing", {})},
    }
    if case.call.selected_endpoints is not None:
        tree["call"]["selectedEndpoints"] = list(map(as_entry, case.call.selected_endpoints))
    for edit in edits:
        _apply(edit, tree)
    changed = msgspec.structs.replace(
        case.call,
        params=msgspec.convert(tree["call"]["params"], type(case.call.params)),
        routing=msgspec.convert(tree["call"]["routing"], RoutingPrefs),
        selected_endpoints=tree["call"].get("selectedEndpoints"),
    )
    return case._replace(prefs=msgspec.convert(tree["registry"], RegistryPrefs), call=changed)


def _apply(edit: Any, tree: dict[str, Any]) -> None:
    place, _, of_call = edit.path.partition(" of the ")
    *way, last = _steps(f"{of_call}.{place}" if of_call else place)
    at: Any = tree
    for step in way:
        at = _entry(at, step) if isinstance(at, list) else at.setdefault(step, [] if step == "models" else {})
    if edit.verb == "add":
        at.setdefault(last, []).append(edit.value)
    elif edit.verb == "set":
        at[last] = edit.value if last in ("strictness", "data_collection") else msgspec.json.decode(edit.value)
    elif edit.value is not None:
        at[last] = [entry for entry in at[last] if entry != edit.value]
    else:
        del at[last]


def _steps(path: str) -> list[str]:
    head, quote, rest = path.partition('["')
    if not quote:
        return path.replace("[", ".").replace("]", "").split(".")
    model, _, tail = rest.partition('"]')
    return [*head.split("."), model, *tail.removeprefix(".").split(".")]


def _entry(models: list[dict[str, Any]], step: str) -> dict[str, Any]:
    """Return the entry of an index, or the table of a model, which is made where there is none."""
    if step.isdigit():
        return models[int(step)]
    found = [model for model in models if model["model"] == step]
    if not found:
        models.append({"model": step})
    return found[0] if found else models[-1]
