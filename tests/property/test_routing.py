"""Over random endpoints, preferences and calls: a plan agrees with a slow reference, and its request with the upstream.

The two references at the top are written from the rules (upstream.md, sections 4 and 5), not from the code.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import assume, example, given
from hypothesis import strategies as st
from ploked.routing import pinned_body, plan
from ploked.routing.constraints import constraints
from ploked.routing.effective import effective
from ploked.routing.relax import relaxations
from ploked.routing.rules import Edit, failures
from ploked_fixtures.validation import problem
from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import EndpointKey, as_entry
from ploked_protocol.plans import RoutePlan, RoutePlanParams
from ploked_protocol.preferences import LLMParameters, ModelProfile, RegistryPrefs, RoutingPrefs
from routing_cases import FRESH, KIMI, MODEL, NOW, endpoint

Rows = list[EndpointRecord]

TIERS = {"flex", "priority", "default"}


def names(entry: str, tag: str) -> bool:
    """Return whether `entry` covers `tag`: a whole tag itself, a slug its regions and kinds but no tier."""
    parts = tag.split("/")
    tier = len(parts) > 1 and parts[-1] in TIERS
    return entry == tag or (entry == parts[0] and not tier)


def takes(row: EndpointRecord, name: str) -> bool:
    return row.supported_parameters is None or name in row.supported_parameters


def price(row: EndpointRecord, name: str) -> Decimal | None:
    per_token = {"prompt": row.pricing.prompt_per_token, "completion": row.pricing.completion_per_token}[name]
    return None if per_token is None else per_token * 1_000_000


# the upstream


def upstream(body: dict[str, Any], rows: Rows) -> Rows:
    """Return the endpoints that the upstream would choose among for `body`."""
    return [row for row in rows if upstream_takes(body, row)]


def upstream_takes(body: dict[str, Any], row: EndpointRecord) -> bool:
    wish = body.get("provider", {})
    tag, only, order = row.key.tag, wish.get("only", []), wish.get("order", [])
    parts = tag.split("/")
    if len(parts) > 1 and parts[-1] in TIERS and tag not in [*only, *order]:
        return False
    if only and not any(names(entry, tag) for entry in only):
        return False
    if order and wish.get("allow_fallbacks") is False and not any(names(entry, tag) for entry in order):
        return False
    if any(names(entry, tag) for entry in wish.get("ignore", [])):
        return False
    if "quantizations" in wish and (row.quantization or "unknown") not in wish["quantizations"]:
        return False
    for name, cap in wish.get("max_price", {}).items():
        asked = price(row, name)
        if asked is not None and asked > Decimal(str(cap)):
            return False
    if wish.get("require_parameters"):
        sent = set(body) - {"model", "messages", "provider"}
        if not all(takes(row, name) for name in sent):
            return False
    most = row.max_completion_tokens
    return most is None or body.get("max_tokens", 0) <= most


# the reasons


def reference_reasons(row: EndpointRecord, prefs: RegistryPrefs, call: RoutePlanParams) -> list[tuple[str, str | None]]:
    """Return code and origin of every reason against `row`, in no order."""
    mine = next((each for each in prefs.models if each.model == KIMI), None)
    at = f"registry.models[{prefs.models.index(mine)}]" if mine else ""
    tag = row.key.tag
    found: list[tuple[str, str | None]] = []

    allowed = mine.allowed_providers if mine else []
    required = sorted(set(mine.required_supported_params)) if mine else []
    chosen, chosen_at = (mine.selected_endpoints if mine else []), f"{at}.selected_endpoints"
    if call.selected_endpoints is not None:
        chosen, chosen_at = list(map(as_entry, call.selected_endpoints)), "call"
    only, order = prefs.routing.only or [], prefs.routing.order or []

    if prefs.strictness == "OpenRouterOnly" and row.source != "openrouter":
        found.append(("strictness", "registry.strictness"))
    if tag.count("/") and tag.split("/")[-1] in TIERS and tag not in [*allowed, *only, *order, *chosen]:
        found.append(("tierNotAskedFor", None))
    if allowed and not any(names(entry, tag) for entry in allowed):
        found.append(("notAllowed", f"{at}.allowed_providers"))
    if only and not any(names(entry, tag) for entry in only):
        found.append(("notAllowed", "registry.routing.only"))
    if order and prefs.routing.allow_fallbacks is False and not any(names(entry, tag) for entry in order):
        found.append(("notAllowed", "registry.routing.order"))
    if chosen and not any(names(entry, tag) for entry in chosen):
        found.append(("notSelected", chosen_at))
    banned = set(mine.banned_providers) if mine else set()
    found += [("denied", f"{at}.banned_providers") for entry in banned if names(entry, tag)]
    found += [("denied", "registry.routing.ignore") for entry in set(prefs.routing.ignore or []) if names(entry, tag)]
    if prefs.routing.quantizations and (row.quantization or "unknown") not in prefs.routing.quantizations:
        found.append(("quantization", "registry.routing.quantizations"))
    for name in ("prompt", "completion"):
        cap = getattr(prefs.routing.max_price, name, None)
        asked = price(row, name)
        if cap is not None and asked is not None and asked > Decimal(str(cap)):
            found.append(("priceAboveCap", f"registry.routing.max_price.{name}"))

    values = reference_values(prefs, call)
    sent = {name for name in values if name != "tools_required"}
    tools_required = values.get("tools_required", (False, ""))[0]
    enforced = bool(prefs.routing.require_parameters or required or tools_required)
    found += [("lacksParameter", f"{at}.required_supported_params") for name in required if not takes(row, name)]
    checked = sent - {*required, "tools", "tool_choice"} if enforced else set()
    found += [("lacksParameter", values[name][1]) for name in checked if not takes(row, name)]
    if tools_required and not takes(row, "tools"):
        found.append(("toolsRequired", values["tools_required"][1]))
    if "tools" in sent and not takes(row, "tools"):
        found.append(("toolsRequired", values["tools"][1]))
    if "tool_choice" in sent and not (takes(row, "tools") and takes(row, "tool_choice")):
        found.append(("toolsRequired", values["tool_choice"][1]))
    for name in ("max_tokens", "max_completion_tokens"):
        most = row.max_completion_tokens
        if name in sent and most is not None and values[name][0] > most:
            found.append(("maxOutputTooSmall", values[name][1]))
    return found


def reference_values(prefs: RegistryPrefs, call: RoutePlanParams) -> dict[str, tuple[Any, str]]:
    """Return every parameter in effect with the place that sets it."""
    places: dict[str, tuple[str, ModelProfile]] = {}
    for n, profile in enumerate(prefs.profiles):
        places[profile.name] = (f"registry.profiles[{n}].params", profile)
    mine = next((each for each in prefs.models if each.model == KIMI), None)
    own = mine.profiles if mine else []
    for n, profile in enumerate(own):
        places[profile.name] = (f"registry.models[0].profiles[{n}].params", profile)
    values: dict[str, tuple[Any, str]] = {}
    middle = call.profile or (mine.default_profile if mine else None)
    for name in (prefs.global_default_profile, middle):
        if name in places:
            path, profile = places[name]
            values |= {key: (value, f"{path}.{key}") for key, value in profile.params.set_values().items()}
    return values | {key: (value, "call") for key, value in call.params.set_values().items()}


# what is drawn

SUFFIXES = ["", "/fp8", "/fp4", "/eu", "/flex", "/eu/priority"]
TAGS = [slug + suffix for slug in ("a", "b", "c") for suffix in SUFFIXES]
ENTRIES = [*TAGS, "d"]
PARAMETERS = ["tools", "tool_choice", "seed", "top_k", "max_completion_tokens"]


@st.composite
def some_of(draw: st.DrawFn, /, most: int, **fields: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Draw at most `most` of `fields`: with all of them at once, nothing would be left of any plan."""
    present = draw(st.lists(st.sampled_from(sorted(fields)), max_size=most, unique=True))
    return {name: draw(fields[name]) for name in present}


entries = st.lists(st.sampled_from(ENTRIES), max_size=6)
usd = st.none() | st.decimals("0", "3", places=1).map(str)


@st.composite
def an_endpoint(draw: st.DrawFn) -> EndpointRecord:
    return endpoint(
        draw(st.sampled_from(TAGS)),
        *draw(st.lists(st.sampled_from(PARAMETERS), unique=True)),
        usd_per_1m=(draw(usd), draw(usd)),
        most=draw(st.sampled_from([None, 100, 200, 300])),
        quantization=draw(st.sampled_from([None, "fp8", "fp4"])),
        source=draw(st.sampled_from(["openrouter", "openrouter", "house"])),
        known=draw(st.sampled_from([True, True, True, False])),
    )


rows_of_one_model = st.lists(an_endpoint(), min_size=1, max_size=8, unique_by=lambda row: row.key.tag)
params = some_of(
    4,
    temperature=st.sampled_from([0.0, 0.7]),
    top_k=st.sampled_from([0, 40]),
    seed=st.just(1),
    max_tokens=st.sampled_from([50, 150, 250]),
    max_completion_tokens=st.sampled_from([150, 350]),
    tools=st.just([{"type": "function", "function": {"name": "f"}}]),
    tool_choice=st.just("auto"),
    tools_required=st.booleans(),
)
routing = some_of(
    4,
    order=entries,
    only=entries,
    ignore=st.lists(st.sampled_from(ENTRIES), max_size=3),
    allow_fallbacks=st.booleans(),
    require_parameters=st.booleans(),
    data_collection=st.sampled_from(["allow", "deny"]),
    quantizations=st.lists(st.sampled_from(["fp8", "fp4", "unknown"]), max_size=2),
    sort=st.sampled_from(["price", {"by": "latency", "partition": "none"}]),
    preferred_max_latency=st.sampled_from([2.5, {"p90": 3.0}]),
    max_price=some_of(2, prompt=st.sampled_from([0.5, 1, 2]), completion=st.sampled_from([0, 1.5])),
)
model_prefs = some_of(
    3,
    default_profile=st.sampled_from(["p", "q", "default", "gone"]),
    allowed_providers=entries,
    banned_providers=st.lists(st.sampled_from(ENTRIES), max_size=3),
    required_supported_params=st.lists(st.sampled_from(PARAMETERS), max_size=2),
    selected_endpoints=entries,
    profiles=params.map(lambda own: [{"name": "p", "params": own}]),
).map(lambda given: {"model": KIMI, **given})
registries = some_of(
    3,
    global_default_profile=st.sampled_from(["p", "q", "gone"]),
    strictness=st.sampled_from(["OpenRouterOnly", "AllowCustom", "AllowAny"]),
    routing=routing,
    profiles=st.tuples(params, params).map(
        lambda two: [{"name": n, "params": each} for n, each in zip("pq", two, strict=True)]
    ),
    models=model_prefs.map(lambda one: [one]),
).map(lambda given: msgspec.convert(given, RegistryPrefs))
calls = st.builds(
    RoutePlanParams,
    model=st.sampled_from([KIMI, f"{KIMI}:nitro"]),
    profile=st.sampled_from([None, None, "default"]),
    params=st.just(LLMParameters()) | params.map(lambda given: msgspec.convert(given, LLMParameters)),
    selected_endpoints=st.none() | entries | entries.map(lambda tags: [EndpointKey(KIMI, tag) for tag in tags]),
    prompt=st.none() | st.just("hello"),
)


def planned(rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams) -> RoutePlan:
    return plan(MODEL, rows, prefs, call, FRESH, now=NOW)


def tags(rows: Any) -> list[str]:
    return [str(row.key) for row in rows]


# the properties


@given(rows_of_one_model, registries, calls)
def test_eligible_and_excluded_partition_the_endpoints_in_upstream_order(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    found = planned(rows, prefs, call)
    excluded = tags(each.endpoint for each in found.excluded)
    assert tags(found.endpoints) == [tag for tag in tags(rows) if tag not in excluded]
    assert excluded == [tag for tag in tags(rows) if tag not in tags(found.endpoints)]


@given(rows_of_one_model, registries, calls)
def test_every_reason_is_given_and_no_other(rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams) -> None:
    found = planned(rows, prefs, call)
    given_reasons = {str(e.endpoint.key): [(r.code, r.origin) for r in e.reasons] for e in found.excluded}
    for row in rows:
        expected = sorted(reference_reasons(row, prefs, call), key=str)
        assert sorted(given_reasons.get(str(row.key), []), key=str) == expected


@given(rows_of_one_model, registries, calls)
def test_each_constraint_says_alone_what_it_says_among_the_others(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    rules = constraints(effective(prefs, KIMI, call))
    for row in rows:
        together = [(rule.code, rule.origin, why) for rule, why in failures(row, rules)]
        alone = [(rule.code, rule.origin, why) for rule in rules for _, why in failures(row, [rule])]
        assert together == alone


@given(rows_of_one_model, registries, calls)
def test_the_upstream_would_choose_among_exactly_the_endpoints_of_the_plan(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    found = planned(rows, prefs, call)
    if found.request is None:
        assert found.endpoints == []
    else:
        assert tags(upstream(found.request, rows)) == tags(found.endpoints)


@given(rows_of_one_model, registries, calls)
def test_a_request_has_only_fields_that_the_upstream_takes(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    found = planned(rows, prefs, call)
    if found.request is not None:
        allowed = {"model", "messages", "provider", *LLMParameters.__struct_fields__} - {"tools_required"}
        assert set(found.request) <= allowed
        assert problem(found.request) is None
        assert found.request.get("provider", "left out") != {}
        assert all(value not in (None, [], {}) for value in found.request.get("provider", {}).values())


@given(rows_of_one_model, registries, calls)
def test_a_parameter_that_is_required_makes_the_request_require_parameters(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    found = planned(rows, prefs, call)
    mine = prefs.model(KIMI)
    if found.request is not None:
        required = mine.required_supported_params or found.profile.params.get("tools_required")
        said = found.request.get("provider", {}).get("require_parameters")
        assert said == (True if required else prefs.routing.require_parameters)


@given(rows_of_one_model, registries, calls, st.data())
def test_a_further_constraint_adds_no_endpoint_but_a_tier_it_names(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams, data: st.DataObject
) -> None:
    before = tags(planned(rows, prefs, call).endpoints)
    entry = data.draw(st.sampled_from(ENTRIES))
    narrowed = data.draw(st.sampled_from(further_constraints(prefs, entry)))
    after = tags(planned(rows, narrowed, call).endpoints)
    assert [tag for tag in after if tag not in before and tag != f"{KIMI}|{entry}"] == []


def further_constraints(prefs: RegistryPrefs, entry: str) -> list[RegistryPrefs]:
    """Return `prefs` with one constraint more, in each of the ways there are."""
    mine, routing_prefs = prefs.model(KIMI), prefs.routing
    models = [
        msgspec.structs.replace(mine, banned_providers=[*mine.banned_providers, entry]),
        msgspec.structs.replace(mine, required_supported_params=[*mine.required_supported_params, "seed"]),
        msgspec.structs.replace(mine, allowed_providers=mine.allowed_providers or [entry]),
        msgspec.structs.replace(mine, selected_endpoints=mine.selected_endpoints or [entry]),
    ]
    routings = [
        msgspec.structs.replace(routing_prefs, ignore=[*(routing_prefs.ignore or []), entry]),
        msgspec.structs.replace(routing_prefs, only=routing_prefs.only or [entry]),
        msgspec.structs.replace(routing_prefs, require_parameters=True),
        msgspec.structs.replace(routing_prefs, quantizations=routing_prefs.quantizations or ["fp8"]),
    ]
    return [
        msgspec.structs.replace(prefs, strictness="OpenRouterOnly"),
        *(msgspec.structs.replace(prefs, models=[each]) for each in models),
        *(msgspec.structs.replace(prefs, routing=each) for each in routings),
    ]


@given(rows_of_one_model, registries, calls)
def test_a_plan_is_a_pure_function(rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams) -> None:
    kept = copy.deepcopy((rows, prefs, call))
    assert planned(rows, prefs, call) == planned(*copy.deepcopy(kept))
    assert (rows, prefs, call) == kept


@given(rows_of_one_model, registries, calls)
def test_an_empty_plan_says_what_removed_the_last_endpoint_and_what_to_change(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    found = planned(rows, prefs, call)
    assert (found.nothing_left is None) == bool(found.endpoints)
    if found.nothing_left is not None:
        assert found.request is None
        assert found.nothing_left.removed_last
        assert found.nothing_left.loosen
        assert found.nothing_left.loosen[0] in (found.message or "")


@given(rows_of_one_model, registries, calls)
def test_a_change_proposed_brings_back_exactly_what_it_promises(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    asked = effective(prefs, KIMI, call)
    rules = constraints(asked)
    judged = [(row, failures(row, rules)) for row in rows]
    if all(failed for _, failed in judged):
        for proposed in relaxations(judged, asked):
            after = planned(rows, *apply(proposed.edits, prefs, call))
            assert sorted(tags(after.endpoints)) == sorted(tags(proposed.endpoints)), str(proposed)


@given(rows_of_one_model, registries, calls)
def test_no_smaller_change_would_do(rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams) -> None:
    asked = effective(prefs, KIMI, call)
    rules = constraints(asked)
    judged = [(row, failures(row, rules)) for row in rows]
    assume(all(failed for _, failed in judged))
    proposed = relaxations(judged, asked)
    edits = {edit for each in proposed for edit in each.edits} | {
        e for row, f in judged for r, _ in f for e in r.lift(row)
    }
    edits |= set(asked.requirements)
    if len(proposed[0].edits) > 1:
        assert not any(planned(rows, *apply((edit,), prefs, call)).endpoints for edit in edits)


def apply(
    edits: tuple[Edit, ...], prefs: RegistryPrefs, call: RoutePlanParams
) -> tuple[RegistryPrefs, RoutePlanParams]:
    """Return preferences and call as they are once a person has done what the edits say."""
    tree = {"registry": msgspec.to_builtins(prefs), "call": {"params": msgspec.to_builtins(call.params)}}
    if call.selected_endpoints is not None:
        tree["call"]["selectedEndpoints"] = list(map(as_entry, call.selected_endpoints))
    for edit in edits:
        apply_one(edit, tree)
    wanted = msgspec.structs.replace(
        call,
        params=msgspec.convert(tree["call"]["params"], LLMParameters),
        selected_endpoints=tree["call"].get("selectedEndpoints"),
    )
    return msgspec.convert(tree["registry"], RegistryPrefs), wanted


def apply_one(edit: Edit, tree: dict[str, Any]) -> None:
    place, _, of_call = edit.path.partition(" of the ")
    *way, last = (f"{of_call}.{place}" if of_call else place).replace("[", ".").replace("]", "").split(".")
    at: Any = tree
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if edit.verb == "add":
        at.setdefault(last, []).append(edit.value)
    elif edit.verb == "set":
        assert edit.value is not None
        at[last] = edit.value if last == "strictness" else msgspec.json.decode(edit.value)
    elif edit.value is not None:
        at[last] = [entry for entry in at[last] if entry != edit.value]
    else:
        del at[last]


@given(rows_of_one_model, registries, calls)
def test_a_pinned_request_can_be_served_by_its_endpoint_alone(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    found = planned(rows, prefs, call)
    for row in found.endpoints:
        assert found.request is not None
        before = copy.deepcopy(found.request)
        body = pinned_body(found.request, row.key.tag, [other.key.tag for other in rows])
        assert found.request == before
        assert tags(upstream(body, rows)) == [str(row.key)]
        assert problem(body) is None


@example([], RegistryPrefs(routing=RoutingPrefs(only=["a"])), RoutePlanParams(model=KIMI, selected_endpoints=["b"]))
@given(st.just([]), registries, calls)
def test_a_model_without_endpoints_is_sent_unless_its_lists_have_nothing_in_common(
    rows: Rows, prefs: RegistryPrefs, call: RoutePlanParams
) -> None:
    found = planned(rows, prefs, call)
    mine = prefs.model(KIMI)
    chosen = (
        mine.selected_endpoints if call.selected_endpoints is None else list(map(as_entry, call.selected_endpoints))
    )
    lists = [each for each in (mine.allowed_providers, prefs.routing.only or [], chosen) if each]
    free = not lists or any(all(any(names(entry, tag) for entry in each) for each in lists) for tag in ENTRIES)
    assert found.message
    assert (found.request is not None) == free
    if found.request is not None and lists:
        only = found.request["provider"]["only"]
        for tag in TAGS:
            by_all = all(any(names(entry, tag) for entry in each) for each in lists)
            assert any(names(entry, tag) for entry in only) == by_all
