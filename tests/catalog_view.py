"""The catalog as a check of preferences sees it, on the fixtures."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ploked.preferences.wording import closest


class FixtureCatalog:
    """Answers from the payloads of `ploked_fixtures`; empty where told so."""

    def __init__(self, *, models: bool = True, providers: bool = True) -> None:
        self._expires = {row["id"]: row.get("expiration_date") for row in _rows("models")} if models else {}
        self._names = {row["slug"]: row["name"] for row in _rows("providers")} if providers else {}

    def knows_models(self) -> bool:
        return bool(self._expires)

    def knows_providers(self) -> bool:
        return bool(self._names)

    def has_model(self, model_id: str) -> bool:
        return model_id in self._expires

    def has_provider(self, slug_or_tag: str) -> bool:
        return slug_or_tag in self._names

    def closest_models(self, text: str) -> list[str]:
        return closest(text, self._expires)

    def closest_providers(self, text: str) -> list[str]:
        return closest(text, self._names)

    def provider_slug_of_name(self, name: str) -> str | None:
        return next((slug for slug, shown in self._names.items() if shown.lower() == name.lower()), None)

    def model_expires(self, model_id: str) -> str | None:
        return self._expires[model_id]


@lru_cache(maxsize=2)
def _rows(name: str) -> list[dict[str, Any]]:
    text = (files("ploked_fixtures") / "openrouter" / f"{name}.json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)["data"]
    return rows
