"""The catalog as a check of preferences sees it, on the fixtures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ploked.importers.openrouter import parse_endpoints
from ploked.preferences.wording import closest
from ploked.routing.serving import Serving
from ploked_protocol.catalog import Freshness, ModelRecord
from ploked_protocol.keys import ModelKey
from ploked_protocol.money import Money


class FixtureCatalog:
    """Answers from the payloads of `ploked_fixtures`; empty where told so."""

    def __init__(
        self,
        *,
        models: bool = True,
        providers: bool = True,
        expanded: Sequence[str] = (),
        successors: Mapping[str, str] | None = None,
    ) -> None:
        self._successors = successors or {}
        self._expires = {row["id"]: row.get("expiration_date") for row in _rows("models")} if models else {}
        self._names = {row["slug"]: row["name"] for row in _rows("providers")} if providers else {}
        self._serving = {model_id: _serving(model_id) for model_id in expanded}

    def knows_models(self) -> bool:
        return bool(self._expires)

    def knows_providers(self) -> bool:
        return bool(self._names)

    def has_model(self, model_id: str) -> bool:
        return model_id in self._expires

    def has_provider(self, slug_or_tag: str) -> bool:
        return slug_or_tag in self._names

    def successor(self, model_id: str) -> str | None:
        return self._successors.get(model_id)

    def closest_models(self, text: str) -> list[str]:
        return closest(text, self._expires)

    def closest_providers(self, text: str) -> list[str]:
        return closest(text, self._names)

    def provider_slug_of_name(self, name: str) -> str | None:
        return next((slug for slug, shown in self._names.items() if shown.lower() == name.lower()), None)

    def model_expires(self, model_id: str) -> str | None:
        return self._expires[model_id]

    def serving_now(self, model_id: str) -> Serving | None:
        return self._serving.get(model_id)

    def known_tags(self) -> dict[str, list[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for endpoint in (each for serving in self._serving.values() for each in serving.endpoints):
            found[endpoint.provider].add(endpoint.key.tag)
        return {slug: sorted(tags) for slug, tags in found.items()}

    def lowest_price(self, of: str) -> Money | None:
        return Money({"prompt": "0.01", "completion": "0.02"}[of]) if self._expires else None


@lru_cache(maxsize=8)
def _serving(model_id: str) -> Serving:
    text = (files("ploked_fixtures") / "openrouter" / "endpoints.json").read_text(encoding="utf-8")
    answer = json.dumps({"data": json.loads(text)[model_id]}).encode()
    model = ModelRecord(id=model_id, name=model_id, source="openrouter")
    batch = parse_endpoints(answer, ModelKey.parse(model_id))
    return Serving(model, batch.rows, Freshness(source="openrouter", stale=False))


@lru_cache(maxsize=2)
def _rows(name: str) -> list[dict[str, Any]]:
    text = (files("ploked_fixtures") / "openrouter" / f"{name}.json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)["data"]
    return rows
