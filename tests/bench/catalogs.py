"""Catalogs to search in: the real one, all of models.dev where it was captured, and one as large as asked for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from captures import CAPTURES
from ploked.importers.openrouter import parse_models
from ploked_fixtures.catalog import PAYLOADS
from ploked_protocol.catalog import EndpointRecord, ModelRecord, Pricing
from ploked_protocol.keys import EndpointKey
from ploked_protocol.money import Money

CAPTURE = "openrouter/models-20260822.json"
TAGS = (
    "deepinfra/fp8", "novita/fp8", "fireworks", "together", "groq", "google-vertex/global", "amazon-bedrock/us",
    "azure", "parasail/fp8", "siliconflow/fp8",
)  # fmt: skip
ENDPOINTS = len(TAGS)


def real_models() -> list[ModelRecord]:
    """Return the newest captured list (421 models), or the fixtures' where there is none."""
    path = CAPTURES / CAPTURE if CAPTURES is not None else PAYLOADS / "models.json"
    return parse_models(path.read_bytes()).rows


def modelsdev() -> list[ModelRecord] | None:
    """Return every model of models.dev under its provider; None where it was not captured."""
    path = CAPTURES / "modelsdev" / "api.json" if CAPTURES is not None else Path("absent")
    if not path.exists():
        return None
    providers: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return [
        _of_modelsdev(provider["id"], provider["name"], model)
        for provider in providers.values()
        for model in provider["models"].values()
    ]


def _of_modelsdev(provider: str, provider_name: str, model: dict[str, Any]) -> ModelRecord:
    cost, name = model.get("cost") or {}, model.get("name") or model["id"]
    modalities = ", ".join((model.get("modalities") or {}).get("input") or ["text"])
    return ModelRecord(
        id=f"{provider}/{model['id']}",
        name=name,
        source="models.dev",
        description=f"{name} as {provider_name} offers it. Takes {modalities}.",
        created=_unix_s(model.get("release_date")),
        context_hint=(model.get("limit") or {}).get("context") or None,
        pricing=Pricing.per_token(*(_per_token(cost.get(key)) for key in ("input", "output"))),
    )


def _per_token(per_million: float | None) -> Money | None:
    return None if per_million is None else Money(Money(str(per_million)) / 1_000_000)


def _unix_s(day: str | None) -> int | None:
    try:
        return int(datetime.fromisoformat(day or "").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def made_models(count: int, seed: int = 1) -> list[ModelRecord]:
    """Return `count` models: the real ones under other authors, in other sizes and builds, no text of two alike."""
    chance, real = random.Random(seed), real_models()
    authors = sorted({model.id.partition("/")[0] for model in real})
    made: dict[str, ModelRecord] = {}
    while len(made) < count:
        model = real[len(made) % len(real)]
        size = chance.choice(["mini", "pro", "lite", "base", "chat", f"{chance.randrange(1, 400)}b"])
        build = f"{chance.choice('vrb')}{chance.randrange(1000)}.{len(made) // len(real)}"
        slug = f"{model.id.partition('/')[2]}-{size}-{build}"
        id_ = f"{chance.choice(authors)}/{slug}"
        made[id_] = msgspec.structs.replace(
            model,
            id=id_,
            name=f"{model.name} {size.title()} {build}",
            canonical_slug=slug,
            description=f"{model.description} In {size}, build {build}.",
            created=(model.created or 0) + len(made),
        )
    return list(made.values())


def endpoints_of(model: ModelRecord) -> list[EndpointRecord]:
    """Return ten endpoints, whose prices differ."""
    prompt = model.pricing.prompt_per_token or Money(0)
    return [
        EndpointRecord(
            key=EndpointKey(model.id, tag),
            provider=tag.partition("/")[0],
            provider_name=tag.partition("/")[0].title(),
            source=model.source,
            pricing=Pricing.per_token(Money(prompt * (number + 1)), Money(prompt * (number + 3))),
            context_length=model.context_hint,
            supports_tools="yes",
        )
        for number, tag in enumerate(TAGS)
    ]


def told_when_asked(models: Sequence[ModelRecord]) -> Callable[[str], list[EndpointRecord] | None]:
    """Return who knows ten endpoints of each model, and makes their records when asked for them."""
    by_id = {model.id: model for model in models}
    return lambda model_id: endpoints_of(by_id[model_id]) if model_id in by_id else None


TYPED = (
    "kimi k2", "claude sonnet", "gpt4o", "deepseek r1", "qwen3 coder", "llama 70b", "gemini flash", "sonnet45",
    "mistral small", "openai/gpt-5", "gemini-2.5-fl", "haiku 4.5", "grok 4 fast", "nemotron", "phi 4", "glm 4.6",
    "minimax m2", "command r", "nova pro", "o3 mini", "ds r1", "x-ai/grok", "opus thinking", "free vision",
    "70b instruct", "codestral", "gtp4o", "reasoning", "anthropic/cl", "hermes 405b", "batch", "kat coder", "jamba",
)  # fmt: skip


def typed_queries(count: int = 300) -> list[str]:
    """Return what a picker sends while all of `TYPED` is typed key by key."""
    queries: Iterator[str] = (text[: end + 1] for text in TYPED for end in range(len(text)))
    return list(queries)[:count]
