"""The requests that read and write config.toml: profiles, defaults, selected endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
from ploked_protocol import plans, queries
from ploked_protocol.errors import ErrorData, InvalidParams, UnknownProfile
from ploked_protocol.keys import as_entry
from ploked_protocol.preferences import ModelProfile

from . import routing
from .keys.store import KeyStore
from .preferences import edit
from .preferences.changes import edit_preferences, models_named
from .preferences.live import LivePreferences
from .preferences.load import load
from .routing.names import Known
from .settings import Settings
from .sweeps.manager import SweepManager
from .threads import think
from .view import CatalogFacts


class ConfigEditor(Protocol):
    """A client that may have config.toml open."""

    async def edit_open(self, path: str, change: Callable[[str], str]) -> queries.ConfigEdited | None:
        """Apply `change` to the open text and return what was done; None when the file is not open there."""

    async def edit_elsewhere(self, path: str, change: Callable[[str], str]) -> tuple[queries.ConfigEdited | None, str]:
        """Do the same where other clients have the file open; with None, say who did not take the edit.

        Raises ConfigNotEditable when it has changes there that are not saved.
        """

    def tell(self, message: str) -> None:
        """Show `message` to the user: results of commands are not shown by every client."""


class ConfigEdits:
    """The part of RegistryService that edits: where the file is open, in the asking editor first; else on disk."""

    settings: Settings
    preferences: LivePreferences
    sweeps: SweepManager
    facts: CatalogFacts
    keys: KeyStore

    def list_profiles(self, params: queries.ListProfilesParams) -> queries.ListProfilesResult:
        """Answer `ploked/listProfiles`."""
        return queries.ListProfilesResult(profiles=routing.list_profiles(self.preferences.prefs, params.model))

    async def set_default_profile(
        self, params: queries.SetDefaultProfileParams, editor: ConfigEditor
    ) -> queries.ConfigEdited:
        """Answer `ploked/setDefaultProfile`; raises UnknownProfile, UnknownModel, ConfigNotEditable."""
        await self._expect_model(params.model)

        def change(text: str) -> str:
            self._profile_in(text, params.model, params.name)
            return edit.set_default_profile(text, params.name, params.model)

        return await self._edit(editor, change)

    async def save_profile(self, params: queries.SaveProfileParams, editor: ConfigEditor) -> queries.ConfigEdited:
        """Answer `ploked/saveProfile`; raises InvalidParams, UnknownModel, UnknownSweep, ConfigNotEditable."""
        if not params.name.strip():
            raise InvalidParams("A profile needs a name.", ErrorData(path="$.name"))
        await self._expect_model(params.model)
        profile, model = await self._profile_to_save(params)
        return await self._edit(
            editor, lambda text: edit.save_profile(text, profile, model, set_default=params.set_default)
        )

    async def delete_profile(self, params: queries.DeleteProfileParams, editor: ConfigEditor) -> queries.ConfigEdited:
        """Answer `ploked/deleteProfile`; raises UnknownProfile, ConfigNotEditable."""

        def change(text: str) -> str:
            known = self._profile_in(text, params.model, params.name)
            if known is not None and known.scope != ("global" if params.model is None else "model"):
                raise _not_deletable(known)
            return edit.delete_profile(text, params.name, params.model)

        return await self._edit(editor, change)

    async def select_endpoints(
        self, params: queries.SelectEndpointsParams, editor: ConfigEditor
    ) -> queries.ConfigEdited:
        """Answer `ploked/selectEndpoints`; raises UnknownModel, ConfigNotEditable."""
        await self.facts.asked_for(params.model)
        entries = [as_entry(endpoint) for endpoint in params.endpoints]
        return await self._edit(editor, lambda text: edit.select_endpoints(text, params.model, entries))

    async def edit_preferences(self, params: plans.EditPreferencesParams, editor: ConfigEditor) -> queries.ConfigEdited:
        """Answer `ploked/editPreferences`; raises InvalidParams, UnknownModel, ConfigNotEditable."""
        for model in models_named(params.edits):
            await self._expect_model(model)
        counted = self.preferences.prefs
        if params.config_text is not None:
            counted = (await think(load, params.config_text, "config.toml")).prefs or counted
        return await self._edit(editor, lambda text: edit_preferences(text, params.edits, counted))

    async def store_key(self, params: queries.StoreKeyParams, editor: ConfigEditor) -> queries.ConfigEdited:
        """Answer `ploked/storeKey`; raises InvalidParams, ConfigNotEditable, and PlokedError of the file of keys.

        The key is stored before it is taken from the text: whatever fails, it is in one of the two.
        """

        def change(text: str) -> str:
            rest, key = edit.take_key(text, tuple(params.path))
            self.keys.keep(key)
            return rest

        edited = await self._edit(editor, change)
        said = f"The key is in {self.keys.file.path} now, which only you can read."
        if edited.via == "editor":
            where = f" in {edited.editor}" if edited.editor else ""
            said += f" Save config.toml{where} to take it off the disk; undo would bring it back into the text."
        editor.tell(said)
        return msgspec.structs.replace(edited, message=said)

    async def _edit(self, editor: ConfigEditor, change: Callable[[str], str]) -> queries.ConfigEdited:
        path, passed_over = str(self.settings.config_path), ""
        done = await editor.edit_open(path, change)
        if done is None:
            done, passed_over = await editor.edit_elsewhere(path, change)
        if done is not None:
            return done
        done = await self.preferences.edit(change)
        return msgspec.structs.replace(done, message=f"{done.message} {passed_over}".strip())

    async def _expect_model(self, model: str | None) -> None:
        """Raise UnknownModel for a model that neither config.toml nor the catalog names."""
        if model is not None and all(prefs.model != model for prefs in self.preferences.prefs.models):
            await self.facts.asked_for(model)

    def _profile_in(self, text: str, model: str | None, name: str) -> Known | None:
        """Return the profile that `name` means in the text to be edited, which an editor may not have saved yet.

        None when the text is broken, which the edit itself reports; raises UnknownProfile.
        """
        prefs = load(text, self.settings.config_path).prefs
        return None if prefs is None else routing.find_profile(prefs, model, name)

    async def _profile_to_save(self, params: queries.SaveProfileParams) -> tuple[ModelProfile, str | None]:
        """Return the profile and its model; a sweep row gives what the params do not."""
        if params.sweep_id is None and params.request_id is None:
            return ModelProfile(params.name, params.params), params.model
        if params.sweep_id is None or params.request_id is None:
            missing = "sweepId" if params.sweep_id is None else "requestId"
            raise InvalidParams("A row of a sweep is named by sweepId and requestId.", ErrorData(path=f"$.{missing}"))
        model, sent = await self.sweeps.sent_params(params.sweep_id, params.request_id)
        return ModelProfile(params.name, params.params if params.params.set_values() else sent), params.model or model


def _not_deletable(known: Known) -> UnknownProfile:
    name = known.profile.name
    if known.path is None:
        return UnknownProfile(f"The profile {name!r} is built in: config.toml has none of this name to delete.")
    return UnknownProfile(
        f"The profile {name!r} is a global one.", ErrorData(next_step="Delete it without naming a model.")
    )
