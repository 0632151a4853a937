"""What the keys of config.toml mean, in a sentence with the unit, for people who stand on one."""

from __future__ import annotations

from .positions import KeyPath

MEANINGS = {
    "global_default_profile": "The profile of every model that names none.",
    "strictness": "Which sources endpoints may come from: OpenRouter alone, also your own ones, or any.",
    "allow_down": "Whether plans keep endpoints that answered under 80 % of requests in the last 30 minutes.",
    "models_ttl_s": "Seconds for which the model list counts as fresh.",
    "endpoints_ttl_s": "Seconds for which the endpoints of a model count as fresh.",
    "default_profile": "The profile of this model, before the global default.",
    "extends": "The profile whose parameters hold where this one sets none: of the same model, else a global one.",
    "allowed_providers": "Slugs or whole tags that may serve this model; empty allows all.",
    "banned_providers": "Slugs or whole tags that may not serve this model.",
    "required_supported_params": "Parameters that an endpoint has to take, sent or not.",
    "selected_endpoints": "Slugs or whole tags that are chosen for this model; empty selects all.",
    "routing": "Routing preferences of this model; each takes the place of the one in `[registry.routing]`.",
    "tools_required": "Whether an endpoint has to take tools; it is never sent.",
    "routing.order": "Slugs or whole tags to try first, in this order.",
    "routing.only": "Slugs or whole tags that may serve, and no others.",
    "routing.ignore": "Slugs or whole tags that may not serve.",
    "routing.allow_fallbacks": "Whether others are tried when the first ones fail; true when it is not set.",
    "routing.require_parameters": "Whether endpoints that lack a parameter of the request are left out, not sent less.",
    "routing.data_collection": "Whether endpoints may keep and train on what is sent: allow or deny.",
    "routing.zdr": "Whether to use only endpoints that keep nothing of what is sent (zero data retention).",
    "routing.enforce_distillable_text": "Whether to use only models whose answers may be used for training.",
    "routing.quantizations": "The precisions that an endpoint may have; `unknown` stands for those that do not say.",
    "routing.sort": "What decides which endpoint is tried first: price, throughput, latency or exacto.",
    "routing.sort.by": "What decides which endpoint is tried first: price, throughput, latency or exacto.",
    "routing.sort.partition": "Whether each model of a request is sorted for itself (model) or all together (none).",
    "routing.preferred_min_throughput": "Tokens per second. Slower endpoints are tried last, and never left out.",
    "routing.preferred_max_latency": "Seconds to the first token. Slower endpoints are tried last, and never left out.",
    "routing.max_price": "The most that an endpoint may ask; those that ask more are left out.",
    "routing.max_price.prompt": "USD per million prompt tokens.",
    "routing.max_price.completion": "USD per million completion tokens.",
    "routing.max_price.request": "USD per request.",
    "routing.max_price.image": "USD per image.",
    "routing.max_price.audio": "USD per unit of audio.",
}
"""Keys as they end: those of the routing preferences with all that is above them in these."""


def meaning_of(path: KeyPath) -> str | None:
    """Return what the key at `path` means; None where there is no more to say than its name does."""
    names = [part for part in path if isinstance(part, str)]
    if "routing" in names:
        names = names[names.index("routing") :]
        percentile = names[-1] if len(names) == 3 and names[1].startswith("preferred_") else None
        said = MEANINGS.get(".".join(names[:2] if percentile else names))
        return f"At {percentile}: {said}" if said and percentile else said
    return MEANINGS.get(names[-1]) if names else None
