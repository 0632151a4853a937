"""OpenRouter's rows as they come: every field optional, of any type, unknown ones passed over.

Fields that many rows share word for word stay raw, so that equal ones are read once (`readers.Memo`).
"""

from __future__ import annotations

from typing import Any

import msgspec

Raw = msgspec.Raw
_ABSENT = msgspec.Raw()


class ModelPayload(msgspec.Struct, gc=False):
    """A row of `GET /models`."""

    id: Any = None
    canonical_slug: Any = None
    name: Any = None
    created: Any = None
    description: Any = None
    context_length: Any = None
    architecture: Raw = _ABSENT
    pricing: Raw = _ABSENT
    top_provider: Raw = _ABSENT
    supported_parameters: Raw = _ABSENT
    default_parameters: Raw = _ABSENT
    hugging_face_id: Any = None
    knowledge_cutoff: Any = None
    expiration_date: Any = None
    alias_target: Raw = _ABSENT


class EndpointPayload(msgspec.Struct, gc=False):
    """An entry of `data.endpoints` in `GET /models/{author}/{slug}/endpoints`."""

    tag: Any = None
    provider_name: Any = None
    quantization: Any = None
    pricing: Raw = _ABSENT
    context_length: Any = None
    max_prompt_tokens: Any = None
    max_completion_tokens: Any = None
    supported_parameters: Raw = _ABSENT
    uptime_last_30m: Any = None
    uptime_last_5m: Any = None
    uptime_last_1d: Any = None
    status: Any = None
    latency_last_30m: Raw = _ABSENT
    throughput_last_30m: Raw = _ABSENT
    supports_implicit_caching: Any = None


class ProviderPayload(msgspec.Struct, gc=False):
    """A row of `GET /providers`."""

    slug: Any = None
    name: Any = None
    privacy_policy_url: Any = None
    terms_of_service_url: Any = None
    status_page_url: Any = None
    headquarters: Any = None
    datacenters: Any = None


NotAnObject = str | int | float | bool | list[Any] | None
"""What may stand in place of a row; naming it keeps one such entry from failing the whole answer."""


class ModelList(msgspec.Struct):
    """The answer of `GET /models`."""

    data: list[ModelPayload | NotAnObject]
    total_count: Any = None
    """Since 2026-07: how many rows the whole list has."""


class EndpointList(msgspec.Struct):
    """The `data` of an answer about endpoints; `id` may name another model than was asked for."""

    endpoints: list[EndpointPayload | NotAnObject]
    id: Any = None


class EndpointAnswer(msgspec.Struct):
    """The answer of `GET /models/{author}/{slug}/endpoints`."""

    data: EndpointList


class ProviderList(msgspec.Struct):
    """The answer of `GET /providers`."""

    data: list[ProviderPayload | NotAnObject]
