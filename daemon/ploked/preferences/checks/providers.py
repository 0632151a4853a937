"""Providers that nobody knows, entries that cover nothing, and entries that are banned as well as allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import SLUGS_OF_AUTHORS, ProviderKey, entry_matches, is_tier
from ploked_protocol.preferences import ConfigProblem, ModelPrefs, RoutingPrefs

from ...routing.request import common_entries
from ..positions import KeyPath, dotted
from ..wording import closest, did_you_mean, listed
from .context import QUANTIZATIONS, ROOT, Configured, Context


class Entry(NamedTuple):
    """One slug or tag of a list."""

    text: str
    path: KeyPath
    at: int

    @property
    def place(self) -> KeyPath:
        """Return the path of the entry; `path` is that of its list."""
        return (*self.path, self.at)


def check_providers(context: Context) -> Iterator[ConfigProblem]:
    """Yield what is wrong with the entries of all lists that name providers."""
    shared = context.prefs.routing
    allowed, banned = _of_routing(shared, ROOT)
    yield from _entries(context, [*allowed, *banned])
    yield from _contradictions(context, allowed, banned)
    for model in context.models:
        allowed, banned = _of_model(model.prefs, model.path)
        yield from _entries(context, [*allowed, *banned], model)
        if model.prefs.routing.ignore is None:
            banned += _of_routing(shared, ROOT)[1]
        yield from _contradictions(context, allowed, banned)
        yield from _nothing_in_common(context, model)


def _of_model(prefs: ModelPrefs, path: KeyPath) -> tuple[list[Entry], list[Entry]]:
    """Return the entries that allow and those that ban."""
    allowed, banned = _of_routing(prefs.routing, path)
    for name in ("allowed_providers", "selected_endpoints"):
        allowed += _in_list(getattr(prefs, name), (*path, name))
    return allowed, [*_in_list(prefs.banned_providers, (*path, "banned_providers")), *banned]


def _of_routing(routing: RoutingPrefs, path: KeyPath) -> tuple[list[Entry], list[Entry]]:
    order, only, ignore = (
        _in_list(getattr(routing, name) or [], (*path, "routing", name)) for name in ("order", "only", "ignore")
    )
    return [*order, *only], ignore


def _in_list(entries: Sequence[str], path: KeyPath) -> list[Entry]:
    return [Entry(text, path, index) for index, text in enumerate(entries)]


def _entries(context: Context, entries: Sequence[Entry], model: Configured | None = None) -> Iterator[ConfigProblem]:
    endpoints = model.endpoints if model is not None else ()
    for entry in entries:
        slug = ProviderKey.of_tag(entry.text).slug
        is_covered = any(entry_matches(entry.text, endpoint.key.tag) for endpoint in endpoints)
        if is_covered or not context.catalog.knows_providers():
            continue
        if not (context.catalog.has_provider(entry.text) or context.catalog.has_provider(slug)):
            near = _likely_providers(context, entry.text, slug)
            message = f"No provider has this slug or tag.{did_you_mean(near)}"
            yield context.problem(entry.place, "unknownProvider", message, near)
        elif model is not None and endpoints:
            yield _matches_nothing(context, entry, model.prefs.model, endpoints)
        else:
            yield from _unseen_tag(context, entry, slug)


def _likely_providers(context: Context, entry: str, slug: str) -> list[str]:
    """Return what `entry` may stand for: the author of a model, a display name, another case, a slip."""
    rest, lower, catalog = entry.removeprefix(slug), slug.lower(), context.catalog
    if known := [each + rest for each in SLUGS_OF_AUTHORS.get(lower, ()) if catalog.has_provider(each)]:
        return known
    if (named := catalog.provider_slug_of_name(entry)) and named != entry:
        return [named]
    if slug != lower and catalog.has_provider(lower):
        return [lower + rest]
    return context.closest_providers(slug)


def _matches_nothing(
    context: Context, entry: Entry, model_id: str, endpoints: Sequence[EndpointRecord]
) -> ConfigProblem:
    """Return the problem of an entry that covers no endpoint of its model, with what there is."""
    slug = ProviderKey.of_tag(entry.text).slug
    tags = list(dict.fromkeys(endpoint.key.tag for endpoint in endpoints if endpoint.provider == slug))
    if not tags:
        others = list(dict.fromkeys(endpoint.provider for endpoint in endpoints))
        message = f"This matches nothing: {slug} does not serve {model_id}. {listed(others)} do."
    elif entry.text == slug:
        message = f"This matches nothing: {slug} serves {model_id} as the service tier {listed(tags)} alone, and a slug"
        message += " covers no tier. Write the whole tag."
    else:
        message = f"This matches nothing: no endpoint of {model_id} has this tag. {slug} serves it as {listed(tags)}."
    return context.problem(entry.place, "matchesNothing", message, tags if len(tags) == 1 else [])


def _unseen_tag(context: Context, entry: Entry, slug: str) -> Iterator[ConfigProblem]:
    """Yield a remark on a tag that no known endpoint has: others may be there that are not known yet.

    A quantization or a tier that one provider has not been seen with is nothing odd.
    """
    suffix = entry.text.removeprefix(slug)[1:]
    tags = context.known_tags.get(slug, ())
    if not suffix or not tags or entry.text in tags or is_tier(entry.text) or suffix in QUANTIZATIONS:
        return
    near = [f"{slug}/{each}" for each in closest(suffix, [tag.removeprefix(slug)[1:] for tag in tags], most=1)]
    message = f"No endpoint that is known has this tag. {slug} has {listed(tags)}.{did_you_mean(near)}"
    yield context.problem(entry.place, "unknownTag", message, near, severity="information")


def _contradictions(context: Context, allowed: list[Entry], banned: list[Entry]) -> Iterator[ConfigProblem]:
    for entry in allowed:
        ban = next((ban for ban in banned if entry_matches(ban.text, entry.text)), None)
        if ban is not None:
            where = f"{dotted(ban.path)}, in line {context.line(ban.place)}"
            message = f"This is banned as well, by {ban.text} in {where}: the ban wins."
            yield context.problem(entry.place, "allowedAndBanned", message)


def _nothing_in_common(context: Context, model: Configured) -> Iterator[ConfigProblem]:
    """Yield a warning on lists that no endpoint can be in all of, while the endpoints are not known."""
    prefs, only = model.prefs, model.prefs.routing.only
    lists = {"allowed_providers": prefs.allowed_providers, "selected_endpoints": prefs.selected_endpoints}
    for name, entries in lists.items():
        if model.plan is None and only and entries and not common_entries([entries, only]):
            message = f"No endpoint can be in both this list and {name}: nothing is left."
            yield context.problem((*model.path, "routing", "only"), "nothingLeft", message)
