"""The requests that read and write config.toml: profiles, defaults, selected endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ploked_protocol import queries
from ploked_protocol.keys import as_entry
from ploked_protocol.preferences import ModelProfile

from . import routing
from .preferences import edit
from .preferences.live import LivePreferences
from .settings import Settings
from .sweeps.manager import SweepManager
from .view import CatalogFacts


class ConfigEditor(Protocol):
    """A client that may have config.toml open."""

    async def edit_open(self, path: str, change: Callable[[str], str]) -> queries.ConfigEdited | None:
        """Apply `change` to the open text and return what was done; None when the file is not open there."""


class ConfigEdits:
    """The part of RegistryService that edits: in the editor that has the file open, else on disk."""

    settings: Settings
    preferences: LivePreferences
    sweeps: SweepManager
    facts: CatalogFacts

    def list_profiles(self, params: queries.ListProfilesParams) -> queries.ListProfilesResult:
        """Answer `ploked/listProfiles`."""
        return queries.ListProfilesResult(profiles=routing.list_profiles(self.preferences.prefs, params.model))

    async def set_default_profile(
        self, params: queries.SetDefaultProfileParams, editor: ConfigEditor
    ) -> queries.ConfigEdited:
        """Answer `ploked/setDefaultProfile`; raises UnknownProfile, ConfigNotEditable."""
        routing.find_profile(self.preferences.prefs, params.model, params.name)
        return await self._edit(editor, lambda text: edit.set_default_profile(text, params.name, params.model))

    async def save_profile(self, params: queries.SaveProfileParams, editor: ConfigEditor) -> queries.ConfigEdited:
        """Answer `ploked/saveProfile`; raises UnknownSweep, ConfigNotEditable."""
        profile, model = await self._profile_to_save(params)
        return await self._edit(
            editor, lambda text: edit.save_profile(text, profile, model, set_default=params.set_default)
        )

    async def delete_profile(self, params: queries.DeleteProfileParams, editor: ConfigEditor) -> queries.ConfigEdited:
        """Answer `ploked/deleteProfile`; raises UnknownProfile, ConfigNotEditable."""
        routing.find_profile(self.preferences.prefs, params.model, params.name)
        return await self._edit(editor, lambda text: edit.delete_profile(text, params.name, params.model))

    async def select_endpoints(
        self, params: queries.SelectEndpointsParams, editor: ConfigEditor
    ) -> queries.ConfigEdited:
        """Answer `ploked/selectEndpoints`; raises UnknownModel, ConfigNotEditable."""
        self.facts.model(params.model)
        entries = [as_entry(endpoint) for endpoint in params.endpoints]
        return await self._edit(editor, lambda text: edit.select_endpoints(text, params.model, entries))

    async def _edit(self, editor: ConfigEditor, change: Callable[[str], str]) -> queries.ConfigEdited:
        done = await editor.edit_open(str(self.settings.config_path), change)
        return done if done is not None else await self.preferences.edit(change)

    async def _profile_to_save(self, params: queries.SaveProfileParams) -> tuple[ModelProfile, str | None]:
        """Return the profile and its model; a sweep row gives what the params do not."""
        if params.sweep_id is None or params.request_id is None:
            return ModelProfile(params.name, params.params), params.model
        model, sent = await self.sweeps.sent_params(params.sweep_id, params.request_id)
        return ModelProfile(params.name, params.params if params.params.set_values() else sent), params.model or model
