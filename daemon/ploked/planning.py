"""The requests that plan where a request goes, and those that send many and compare what became of them."""

from __future__ import annotations

import msgspec
from ploked_protocol.errors import NoEligibleEndpoint
from ploked_protocol.plans import PlanVersusActual, PlanVersusActualParams, RoutePlan, RoutePlanParams
from ploked_protocol.sweeps import (
    CancelSweepParams,
    LaunchSweepParams,
    SweepCancelled,
    SweepLaunched,
    SweepResults,
    SweepResultsParams,
)

from . import routing
from .catalog import WarmCatalog
from .importers.http_rules import without_credentials
from .progress import Progress
from .serving import serving_endpoints
from .sweeps.manager import SweepManager
from .what_if import WhatIf


class Planning(WhatIf):
    """The part of RegistryService that plans and sends."""

    catalog: WarmCatalog
    sweeps: SweepManager

    async def route_plan(self, params: RoutePlanParams, progress: Progress) -> RoutePlan:
        """Answer `ploked/routePlan`; raises UnknownModel, UnknownProfile, UpstreamUnavailable."""
        model = await self.facts.asked_for(params.model)
        serving, endpoints, freshness = await serving_endpoints(self.catalog, model, progress)
        given = await self.preferred(params.config_text)
        plan = routing.plan(serving, list(endpoints), given.prefs, params, freshness, given.loaded, now=self.now())
        curl = None
        if plan.request is not None and params.as_curl:
            curl = routing.as_curl(plan.request, without_credentials(self.settings.upstream_url))
        return msgspec.structs.replace(plan, curl=curl, problems=given.problems)

    async def launch_sweep(self, params: LaunchSweepParams, progress: Progress) -> SweepLaunched:
        """Answer `ploked/launchSweep`; raises NoEligibleEndpoint, MissingKey and what a plan raises."""
        plan = await self.route_plan(
            RoutePlanParams(
                model=params.model,
                profile=params.profile,
                params=params.params,
                selected_endpoints=params.selected_endpoints,
                messages=params.messages,
                prompt=params.prompt,
                routing=params.routing,
            ),
            progress,
        )
        if plan.request is None:
            raise NoEligibleEndpoint(plan.message or "no endpoint is left")
        return await self.sweeps.launch(params, plan, self.facts.answering_names(params.model))

    async def sweep_results(self, params: SweepResultsParams) -> SweepResults:
        """Answer `ploked/sweepResults`; raises UnknownSweep, InvalidParams."""
        return await self.sweeps.results(params.sweep_id, params.sort)

    async def plan_versus_actual(self, params: PlanVersusActualParams) -> PlanVersusActual:
        """Answer `ploked/planVersusActual`; raises UnknownSweep."""
        return await self.sweeps.plan_versus_actual(params.sweep_id, params.request_id)

    async def cancel_sweep(self, params: CancelSweepParams) -> SweepCancelled:
        """Answer `ploked/cancelSweep`; raises UnknownSweep."""
        return await self.sweeps.cancel(params.sweep_id)
