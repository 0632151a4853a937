"""THE table: every custom method of the protocol, with its params, its result and its direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from . import picks, plans, queries, searching, sweeps

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Method(Generic[P, R]):
    """One row: `request` goes from client to daemon and has a result, `notification` from daemon to client."""

    name: str
    params: type[P]
    result: type[R]
    direction: Literal["request", "notification"]
    since: str
    summary: str
    slow: bool = False
    """Whether it may take over a second: it then reports work-done progress and can be cancelled."""
    edits: bool = False
    """Whether it edits config.toml: through `workspace/applyEdit` where the client has the file open, else on disk."""
    supersedes: bool = False
    """Whether, among many models, it ends an earlier one of the same session that is still being worked on."""

    @property
    def short(self) -> str:
        """Return the name without `ploked/`."""
        return self.name.partition("/")[2]

    @property
    def command(self) -> str | None:
        """Return the `workspace/executeCommand` twin of a request; None for a notification."""
        return f"ploked.{self.short}" if self.direction == "request" else None


def _request(
    name: str,
    params: type[P],
    result: type[R],
    summary: str,
    *,
    slow: bool = False,
    edits: bool = False,
    supersedes: bool = False,
) -> Method[P, R]:
    return Method(f"ploked/{name}", params, result, "request", "0.1", summary, slow, edits, supersedes)


def _notification(name: str, params: type[P], summary: str) -> Method[P, None]:
    return Method(f"ploked/{name}", params, type(None), "notification", "0.1", summary)


SEARCH_MODELS = _request(
    "searchModels",
    queries.SearchModelsParams,
    queries.SearchModelsResult,
    "Search models by words and predicates over what is known of them and of their endpoints, best first.",
    supersedes=True,
)
RECORD_PICK = _request(
    "recordPick",
    picks.RecordPickParams,
    picks.PickRecorded,
    "Count that a model, or one endpoint of it, was picked: among equals, search lists first what is picked.",
)
SET_FAVOURITE = _request(
    "setFavourite",
    picks.SetFavouriteParams,
    picks.FavouriteSet,
    "Make a model a favourite, or none: among equals, search lists favourites first.",
)
COMPLETE_QUERY = _request(
    "completeQuery",
    searching.CompleteQueryParams,
    searching.CompleteQueryResult,
    "Say what may stand at the cursor of a query: predicates, operators, and values with how many models have them.",
)
LIST_ENDPOINTS = _request(
    "listEndpoints",
    queries.ListEndpointsParams,
    queries.ListEndpointsResult,
    "List the endpoints that serve a model; fetched on first use, then answered from memory.",
    slow=True,
)
ROUTE_PLAN = _request(
    "routePlan",
    plans.RoutePlanParams,
    plans.RoutePlan,
    "Say which endpoints qualify under the preferences, why each other one does not, and the exact request.",
    slow=True,
)
LAUNCH_SWEEP = _request(
    "launchSweep",
    sweeps.LaunchSweepParams,
    sweeps.SweepLaunched,
    "Send a grid of parameters to the eligible endpoints and keep every result.",
    slow=True,
)
SWEEP_RESULTS = _request(
    "sweepResults",
    sweeps.SweepResultsParams,
    sweeps.SweepResults,
    "Return the rows of a sweep so far, sorted as asked.",
)
CANCEL_SWEEP = _request(
    "cancelSweep",
    sweeps.CancelSweepParams,
    sweeps.SweepCancelled,
    "Stop a sweep; rows that have come back stay.",
)
PLAN_VERSUS_ACTUAL = _request(
    "planVersusActual",
    plans.PlanVersusActualParams,
    plans.PlanVersusActual,
    "Compare what a sweep planned with what the upstream reports: who served, which model, at which price.",
)
REFRESH_CATALOG = _request(
    "refreshCatalog",
    queries.RefreshCatalogParams,
    queries.RefreshCatalogResult,
    "Fetch the model list, or the endpoints of one model, now.",
    slow=True,
)
STATUS = _request(
    "status",
    queries.StatusParams,
    queries.StatusResult,
    "Describe the daemon, its catalog and its configuration.",
)
LIST_PROFILES = _request(
    "listProfiles",
    queries.ListProfilesParams,
    queries.ListProfilesResult,
    "List the profiles that apply to a model, or to all models.",
)
SET_DEFAULT_PROFILE = _request(
    "setDefaultProfile",
    queries.SetDefaultProfileParams,
    queries.ConfigEdited,
    "Make a profile the default of a model, or of all models, in config.toml.",
    edits=True,
)
SAVE_PROFILE = _request(
    "saveProfile",
    queries.SaveProfileParams,
    queries.ConfigEdited,
    "Save parameters, or those of a sweep row, as a profile in config.toml.",
    edits=True,
)
DELETE_PROFILE = _request(
    "deleteProfile",
    queries.DeleteProfileParams,
    queries.ConfigEdited,
    "Remove a profile from config.toml.",
    edits=True,
)
SELECT_ENDPOINTS = _request(
    "selectEndpoints",
    queries.SelectEndpointsParams,
    queries.ConfigEdited,
    "Write the selected endpoints of a model to config.toml.",
    edits=True,
)
EDIT_PREFERENCES = _request(
    "editPreferences",
    plans.EditPreferencesParams,
    queries.ConfigEdited,
    "Make edits of config.toml together or not at all, such as those of a relaxation.",
    edits=True,
)
STORE_KEY = _request(
    "storeKey",
    queries.StoreKeyParams,
    queries.ConfigEdited,
    "Move an API key that stands in config.toml to the file of keys, which is the user's alone.",
    edits=True,
)
EFFECTIVE_PROFILE = _request(
    "effectiveProfile",
    plans.EffectiveProfileParams,
    plans.EffectiveProfile,
    "Show the parameters and routing preferences in effect, value by value, with the place each comes from.",
)
PREFERENCES_DIFF = _request(
    "preferencesDiff",
    plans.PreferencesDiffParams,
    plans.PreferencesDiff,
    "Say what a config.toml that is not saved would change for every model that it or the saved one names.",
)
PREFERENCES_CHANGED = _notification(
    "preferencesChanged",
    queries.PreferencesChanged,
    "config.toml was read again.",
)
CATALOG_CHANGED = _notification(
    "catalogChanged",
    queries.CatalogChanged,
    "A refresh of models, endpoints or providers ended.",
)
PICKS_CHANGED = _notification(
    "picksChanged",
    picks.PickRecorded,
    "A model was picked, made a favourite, or is none any more, in this session or another.",
)
SWEEP_STARTED = _notification(
    "sweepStarted",
    sweeps.SweepStarted,
    "A sweep began, in this session or another.",
)
SWEEP_PROGRESS = _notification(
    "sweepProgress",
    sweeps.SweepProgress,
    "A request of a sweep ended, or the sweep did.",
)

METHODS: tuple[Method[Any, Any], ...] = (
    SEARCH_MODELS,
    RECORD_PICK,
    SET_FAVOURITE,
    COMPLETE_QUERY,
    LIST_ENDPOINTS,
    ROUTE_PLAN,
    LAUNCH_SWEEP,
    SWEEP_RESULTS,
    CANCEL_SWEEP,
    PLAN_VERSUS_ACTUAL,
    REFRESH_CATALOG,
    STATUS,
    LIST_PROFILES,
    SET_DEFAULT_PROFILE,
    SAVE_PROFILE,
    DELETE_PROFILE,
    SELECT_ENDPOINTS,
    EDIT_PREFERENCES,
    STORE_KEY,
    EFFECTIVE_PROFILE,
    PREFERENCES_DIFF,
    PREFERENCES_CHANGED,
    CATALOG_CHANGED,
    PICKS_CHANGED,
    SWEEP_STARTED,
    SWEEP_PROGRESS,
)

BY_NAME: dict[str, Method[Any, Any]] = {method.name: method for method in METHODS}
REQUESTS: tuple[Method[Any, Any], ...] = tuple(m for m in METHODS if m.direction == "request")
