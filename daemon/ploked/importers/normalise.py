"""Make records of OpenRouter's rows. Pure; one `Normaliser` reads one answer.

A row without the one thing that names it is refused (RowError); anything else that is odd costs only its own field.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from ploked_protocol.catalog import EndpointRecord, ModelRecord, Percentiles, ProviderRecord, Support
from ploked_protocol.keys import EndpointKey, InvalidKeyError, ModelKey

from .payloads import EndpointPayload, ModelPayload, ProviderPayload
from .pricing import PriceReader
from .readers import Memo, count, iso_date, prose, real, text, url, whole, words

SOURCE = "openrouter"
MAX_DESCRIPTION = 4096
"""Characters. The longest description ever sent was 4075 long; since 2026-04 upstream cuts them at about 200."""
NO_REAL_DATE = "2098-12-31"
"""Sent as `expiration_date` of models that do not expire."""
ZDR_SUFFIX = "/zdr"
"""A tag that ends so is an endpoint that keeps no data, whether or not a list says so."""

MANGLED = "\ufffd"
"""Stands where a character could not be read."""


class RowError(ValueError):
    """A row that cannot become a record; the message says why, for people."""


class Architecture(msgspec.Struct, frozen=True):
    """What is kept of `architecture`; `instruct_type` and `modality` say nothing more."""

    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    tokenizer: str | None = None


class TopProvider(msgspec.Struct, frozen=True):
    """What is kept of `top_provider`."""

    max_completion_tokens: int | None = None
    is_moderated: bool | None = None


class Normaliser:
    """Turns payloads into records, sharing equal parts between them, and notes what could not be read."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        """Fields that were left out of rows that were kept, for people."""
        self._parameters = Memo(words)
        self._pricing = Memo(PriceReader())
        self._architecture = Memo(_architecture)
        self._top_provider = Memo(_top_provider)
        self._set_values = Memo(_set_values)
        self._alias_target = Memo(_alias_target)
        self._percentiles = Memo(_percentiles)
        self._ordinals: Counter[str] = Counter()

    def model(self, row: ModelPayload) -> ModelRecord:
        """Return the row as a record; raises RowError when its id is none."""
        id_ = _model_id(row.id)
        architecture = self._architecture[bytes(row.architecture)]
        top_provider = self._top_provider[bytes(row.top_provider)]
        expires = iso_date(row.expiration_date)
        return ModelRecord(
            id=id_,
            name=text(row.name) or id_,
            source=SOURCE,
            canonical_slug=text(row.canonical_slug),
            description=prose(row.description, MAX_DESCRIPTION),
            created=count(row.created),
            context_hint=count(row.context_length),
            max_completion_hint=top_provider.max_completion_tokens,
            supported_parameters=self._parameters[bytes(row.supported_parameters)],
            pricing=self._priced(row.pricing, id_),
            input_modalities=architecture.input_modalities,
            output_modalities=architecture.output_modalities,
            tokenizer=architecture.tokenizer,
            knowledge_cutoff=iso_date(row.knowledge_cutoff),
            expires=None if expires == NO_REAL_DATE else expires,
            alias_target=self._alias_target[bytes(row.alias_target)],
            hugging_face_id=text(row.hugging_face_id),
            is_moderated=top_provider.is_moderated,
            default_parameters=self._set_values[bytes(row.default_parameters)],
        )

    def endpoint(self, row: EndpointPayload, model: str) -> EndpointRecord:
        """Return the row as a record of `model`, the id that was asked for; raises RowError without a tag."""
        tag = text(row.tag)
        if tag is None or not tag.partition("/")[0]:
            raise RowError("it has no tag" if tag is None else f"its tag {tag!r} names no provider")
        key = EndpointKey(model, tag, self._ordinals[tag])
        self._ordinals[tag] += 1
        parameters = self._parameters[bytes(row.supported_parameters)]
        quantization = text(row.quantization)
        return EndpointRecord(
            key=key,
            provider=key.provider.slug,
            provider_name=text(row.provider_name) or key.provider.slug,
            source=SOURCE,
            quantization=None if quantization == "unknown" else quantization,
            pricing=self._priced(row.pricing, tag),
            context_length=count(row.context_length),
            max_prompt_tokens=count(row.max_prompt_tokens),
            max_completion_tokens=count(row.max_completion_tokens),
            supported_parameters=parameters,
            supports_tools=_supports_tools(parameters),
            uptime_30m=real(row.uptime_last_30m),
            uptime_5m=real(row.uptime_last_5m),
            uptime_1d=real(row.uptime_last_1d),
            status=whole(row.status),
            latency_ms=self._percentiles[bytes(row.latency_last_30m)],
            throughput_tps=self._percentiles[bytes(row.throughput_last_30m)],
            implicit_caching=_flag(row.supports_implicit_caching),
            zdr=True if tag.endswith(ZDR_SUFFIX) else None,
        )

    def provider(self, row: ProviderPayload) -> ProviderRecord:
        """Return the row as a record; raises RowError without a slug."""
        slug = text(row.slug)
        if slug is None:
            raise RowError("it has no slug")
        return ProviderRecord(
            slug=slug,
            name=text(row.name) or slug,
            source=SOURCE,
            privacy_policy_url=url(row.privacy_policy_url),
            terms_of_service_url=url(row.terms_of_service_url),
            status_page_url=url(row.status_page_url),
            headquarters=text(row.headquarters),
            datacenters=words(row.datacenters) or (),
        )

    def _priced(self, raw: msgspec.Raw, whose: str) -> Any:
        priced = self._pricing[bytes(raw)]
        if priced.problem:
            self.notes.append(f"{whose[:80]}: {priced.problem}")
        return priced.pricing


def _model_id(value: object) -> str:
    id_ = value.strip() if type(value) is str else ""
    if not id_:
        raise RowError("it has no id")
    try:
        if not id_.isprintable() or MANGLED in id_:
            raise InvalidKeyError(id_)
        ModelKey.parse(id_)
    except InvalidKeyError:
        raise RowError(f"{id_[:80]!r} is not a model id (author/slug)") from None
    return id_


def other_model_id(value: object, asked: ModelKey) -> str | None:
    """Return the id that an answer gives as its own, where it is one and not the one that was asked for."""
    try:
        id_ = _model_id(value)
    except RowError:
        return None
    return None if id_ == str(asked.listed) else id_


def _supports_tools(parameters: tuple[str, ...] | None) -> Support:
    if parameters is None:
        return "uncertain"
    return "yes" if "tools" in parameters else "no"


def _flag(value: object) -> bool | None:
    return value if type(value) is bool else None


def _fields(payload: object) -> dict[str, Any]:
    return payload if type(payload) is dict else {}


def _architecture(payload: object) -> Architecture:
    fields = _fields(payload)
    return Architecture(
        words(fields.get("input_modalities")) or (),
        words(fields.get("output_modalities")) or (),
        text(fields.get("tokenizer")),
    )


def _top_provider(payload: object) -> TopProvider:
    fields = _fields(payload)
    return TopProvider(count(fields.get("max_completion_tokens")), _flag(fields.get("is_moderated")))


def _set_values(payload: object) -> dict[str, object]:
    return {name: value for name, value in _fields(payload).items() if value is not None}


def _alias_target(payload: object) -> str | None:
    return text(_fields(payload).get("slug")) or text(payload)


def _percentiles(payload: object) -> Percentiles | None:
    fields = _fields(payload)
    values = {name: real(fields.get(name)) for name in Percentiles.__struct_fields__}
    return None if all(value is None for value in values.values()) else Percentiles(**values)
