"""The endpoints that config.toml selects for a model, as tags."""

from __future__ import annotations

from collections.abc import Sequence

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.keys import entry_matches
from ploked_protocol.preferences import RegistryPrefs

from .names import named_id


def selected_tags(prefs: RegistryPrefs, endpoints: Sequence[EndpointRecord], *ids: str) -> list[str]:
    """Return the tags that `selected_endpoints` covers among `endpoints`; empty when nothing is selected.

    `ids` are the ids the model goes by, as for `named_id`. An entry that covers none stands as it is, so that an
    endpoint that has gone can still be seen and taken off.
    """
    entries = prefs.model(named_id(prefs, *ids)).selected_endpoints
    tags = list(dict.fromkeys(endpoint.key.tag for endpoint in endpoints))
    covered = [[tag for tag in tags if entry_matches(entry, tag)] or [entry] for entry in entries]
    return list(dict.fromkeys(tag for found in covered for tag in found))
