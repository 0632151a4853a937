"""The catalog as requests and the checks of config.toml see it: what exists, and what is close to a name."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ploked_protocol.catalog import EndpointRecord, ModelRecord
from ploked_protocol.errors import ErrorData, UnknownModel
from ploked_protocol.keys import InvalidKeyError, ModelKey, ProviderKey
from ploked_protocol.money import Money

from .alike import alike
from .catalog import WarmCatalog
from .routing.serving import Serving
from .search.index import SearchIndex


class CatalogFacts:
    """Names that the catalog knows, and their neighbours."""

    def __init__(self, catalog: WarmCatalog, index: SearchIndex) -> None:
        self._catalog = catalog
        self._index = index

    def model(self, model_id: str) -> ModelRecord:
        """Return the row of `model_id`, whatever its form; raises UnknownModel with the closest ids.

        A virtual variant has the row of its base. A bare preset has none: it gets an empty one, so that it can be sent.
        To look for close ids takes milliseconds: who is in the event loop awaits `asked_for`.
        """
        try:
            record = self._find(ModelKey.parse(model_id))
        except InvalidKeyError as error:
            raise self._unknown(model_id, f"{error}.") from None
        if record is None:
            raise self._unknown(model_id, f"No model is called {model_id[:80]!r}.")
        return record

    async def asked_for(self, model_id: str) -> ModelRecord:
        """Return the same, or raise it from a thread; the upstream is asked behind it what took the place of the id."""
        record = self.find_model(model_id)
        if record is None:
            self._catalog.touch_successor(model_id)
            record = await asyncio.to_thread(self.model, model_id)
        return record

    def find_model(self, model_id: str) -> ModelRecord | None:
        """Return the same row, or None; looks for no close ids, which takes milliseconds."""
        try:
            return self._find(ModelKey.parse(model_id))
        except InvalidKeyError:
            return None

    def _find(self, key: ModelKey) -> ModelRecord | None:
        if key.listed is None:
            return ModelRecord(id=str(key), name=str(key), source="openrouter")
        return self._catalog.model(str(key)) or self._catalog.model(str(key.listed))

    def serving(self, model: ModelRecord) -> ModelRecord:
        """Return the model that serves `model`: an alias's target, else itself."""
        return (self._catalog.model(model.alias_target) if model.alias_target else None) or model

    def answering_names(self, model_id: str) -> list[str]:
        """Return the ids and canonical slugs that an answer of `model_id` may give as its model.

        None where the upstream chooses the model (a router, a bare preset). Raises UnknownModel.
        """
        model = self.model(model_id)
        serving = self.serving(model)
        if not self._catalog.endpoints_now(serving.id):
            return []
        named = (model_id, model.id, model.canonical_slug, serving.id, serving.canonical_slug)
        return list(dict.fromkeys(name for name in named if name))

    def endpoints_now(self, model_id: str) -> Sequence[EndpointRecord] | None:
        """Return the endpoints of `model_id`, whatever its form, as far as they are known; None when they are not."""
        serving = self.serving_now(model_id)
        return None if serving is None else serving.endpoints

    def serving_now(self, model_id: str) -> Serving | None:
        """Return who serves `model_id`, whatever its form, from memory; None while its endpoints are not known."""
        model = self.find_model(model_id)
        if model is None:
            return None
        serving = self.serving(model)
        if serving.key.listed is None:
            return Serving(serving, (), self._catalog.models_freshness())
        endpoints = self._catalog.endpoints_now(serving.id)
        return None if endpoints is None else Serving(serving, endpoints, self._catalog.endpoints_freshness(serving.id))

    def knows_serving(self, model_id: str) -> bool:
        """Return whether it is known who serves `model_id`, by more than the copy that is bundled with ploked."""
        serving = self.serving_now(model_id)
        return serving is not None and not serving.bundled

    def knows_models(self) -> bool:
        """Return whether there are any models: without, none is called unknown."""
        return bool(self._catalog.models)

    def knows_providers(self) -> bool:
        """Return whether there are any providers."""
        return bool(self.provider_names)

    def model_expires(self, model_id: str) -> str | None:
        """Return the ISO date after which the model goes away; None when unknown."""
        record = self.find_model(model_id)
        return record.expires if record else None

    def has_model(self, model_id: str) -> bool:
        """Return whether the catalog has a row for `model_id`."""
        return self.find_model(model_id) is not None

    def successor(self, model_id: str) -> str | None:
        """Return what to write for an id that is not listed, where what took its place is known; its suffix stays."""
        try:
            listed = str(ModelKey.parse(model_id).listed)
        except InvalidKeyError:
            return None
        successor = self._catalog.successor(listed)
        return successor and successor + model_id.removeprefix(listed)

    def closest_models(self, text: str) -> list[str]:
        """Return ids close to `text`, best first, never `text` itself."""
        return self._index.closest(text)

    @property
    def provider_names(self) -> dict[str, str]:
        """Return the display name of every known provider, by slug."""
        return self._catalog.provider_names

    @property
    def quantizations(self) -> list[str]:
        """Return every quantization that a known endpoint has."""
        return sorted({endpoint.quantization for endpoint in self._endpoints() if endpoint.quantization})

    def _endpoints(self) -> Iterator[EndpointRecord]:
        for model in self._catalog.models:
            yield from self._catalog.endpoints_now(model.id) or ()

    def known_tags(self) -> dict[str, list[str]]:
        """Return the tags of all known endpoints, by the slug of their provider."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for endpoint in self._endpoints():
            found[endpoint.provider][endpoint.key.tag] = None
        return {slug: list(tags) for slug, tags in found.items()}

    def lowest_price(self, of: str) -> Money | None:
        """Return what the cheapest model that costs anything asks per million `prompt` or `completion` tokens, USD."""
        prices = (getattr(model.pricing, f"{of}_per_1m") for model in self._catalog.models)
        return min((price for price in prices if price), default=None)

    def has_provider(self, entry: str) -> bool:
        """Return whether the provider of a slug or a whole tag is known."""
        return ProviderKey.of_tag(entry).slug in self.provider_names

    def closest_providers(self, text: str) -> list[str]:
        """Return provider slugs close to `text`, best first, never `text` itself."""
        rapidfuzz = alike()
        slug = ProviderKey.of_tag(text).slug
        names = list(self.provider_names)
        found = rapidfuzz.extract(slug, names, scorer=rapidfuzz.ratio, limit=3, score_cutoff=60)
        return [name for name, _, _ in found if name != text]

    def provider_slug_of_name(self, name: str) -> str | None:
        """Return the slug of a display name ("Moonshot AI"), in any case; None when no provider is called so."""
        wanted = name.casefold()
        return next((slug for slug, shown in self.provider_names.items() if shown.casefold() == wanted), None)

    def _unknown(self, model_id: str, why: str) -> UnknownModel:
        close = self.closest_models(model_id)
        hint = f" Closest: {', '.join(close)}." if close else " Search the catalog for it."
        if successor := self.successor(model_id):
            hint = f" {successor} took its place."
        return UnknownModel(
            why + hint, ErrorData(suggestions=close, next_step="Pick one of the suggestions, or search.")
        )
