---@meta
-- Written by `python -m ploked_protocol.lua_types`, from the method table of the protocol. JSON's null is nil here.

---Which sweep to stop.
---@class ploked.CancelSweepParams
---@field sweepId string

---A refresh ended, in the background or asked for.
---@class ploked.CatalogChanged
---@field refreshed ploked.Refreshed

---What the catalog holds.
---@class ploked.CatalogStatus
---@field models integer
---@field endpoints integer
---@field providers integer
---@field freshness ploked.Freshness
---@field upstream string

---What an edit of config.toml did.
---@class ploked.ConfigEdited
---@field changed boolean
---@field via "disk"|"editor"
---@field path string
---@field message string

---Something wrong in config.toml; lines and columns are 1-based, columns count code points.
---@class ploked.ConfigProblem
---@field code string
---@field message string
---@field severity "error"|"information"|"warning"
---@field line integer
---@field column integer
---@field endLine integer
---@field endColumn integer
---@field suggestion? string

---What became of config.toml.
---@class ploked.ConfigStatus
---@field path string
---@field state "absent"|"broken"|"loaded"|"unreadable"
---@field problems ploked.ConfigProblem[]
---@field message? string

---Which profile to remove: of one model, or a global one without `model`.
---@class ploked.DeleteProfileParams
---@field name string
---@field model? string

---One serving of a model: the model id, the whole tag, and an ordinal where both repeat.
---
---Provider and quantization alone collide: three `google-vertex` endpoints of one model all say "unknown".
---@class ploked.EndpointKey
---@field model string
---@field tag string
---@field ordinal? integer

---One concrete serving of a model by a provider: the truth about parameters, price and limits.
---@class ploked.EndpointRecord
---@field key ploked.EndpointKey
---@field provider string
---@field providerName string
---@field source string
---@field quantization? string
---@field pricing? ploked.Pricing
---@field contextLength? integer
---@field maxPromptTokens? integer
---@field maxCompletionTokens? integer
---@field supportedParameters? string[]
---@field supportsTools? "no"|"uncertain"|"yes"
---@field uptime30m? number
---@field uptime5m? number
---@field uptime1d? number
---@field status? integer
---@field latencyMs? ploked.Percentiles
---@field throughputTps? ploked.Percentiles
---@field implicitCaching? boolean

---An endpoint that does not qualify, with every reason.
---@class ploked.Exclusion
---@field endpoint ploked.EndpointRecord
---@field reasons ploked.Reason[]

---How old an answer is and where it is from.
---@class ploked.Freshness
---@field source string
---@field refreshedAt? string
---@field ageS? number
---@field stale? boolean
---@field error? string

---`steps` values of one numeric parameter from `start` to `stop`, both included, evenly spaced in decimals.
---@class ploked.GridAxis
---@field parameter string
---@field start string
---@field stop string
---@field steps integer

---Sampling parameters, as in the chat-completions body; only those set are sent.
---
---Ranges are the documented ones (upstream "Parameter" table). `tools_required` is ours: it asks for an
---endpoint that takes `tools` and is never sent.
---@class ploked.LLMParameters
---@field temperature? number
---@field top_p? number
---@field top_k? integer
---@field min_p? number
---@field top_a? number
---@field frequency_penalty? number
---@field presence_penalty? number
---@field repetition_penalty? number
---@field max_tokens? integer
---@field max_completion_tokens? integer
---@field seed? integer
---@field stop? string|string[]
---@field logprobs? boolean
---@field top_logprobs? integer
---@field logit_bias? table<string, number>
---@field response_format? table<string, any>
---@field structured_outputs? boolean
---@field reasoning? table<string, any>
---@field reasoning_effort? string
---@field include_reasoning? boolean
---@field verbosity? string
---@field tools? table<string, any>[]
---@field tool_choice? string|table<string, any>
---@field parallel_tool_calls? boolean
---@field tools_required? boolean

---What to sweep: the cartesian product of the axes and seeds, for each eligible endpoint.
---@class ploked.LaunchSweepParams
---@field model string
---@field grid? ploked.GridAxis[]
---@field seeds? integer[]
---@field perEndpoint? boolean
---@field selectedEndpoints? (string|ploked.EndpointKey)[]
---@field messages? table<string, any>[]
---@field prompt? string
---@field concurrency? integer
---@field profile? string
---@field params? ploked.LLMParameters

---Which model to expand.
---@class ploked.ListEndpointsParams
---@field model string

---The endpoints of a model, cheapest prompt first as upstream sends them.
---@class ploked.ListEndpointsResult
---@field model string
---@field endpoints ploked.EndpointRecord[]
---@field freshness ploked.Freshness
---@field message? string
---@field selected? string[]

---With a model, its own profiles come along.
---@class ploked.ListProfilesParams
---@field model? string

---The model's own profiles first, then the global ones, then the built-in one.
---@class ploked.ListProfilesResult
---@field profiles ploked.ListedProfile[]

---A profile and where it applies.
---@class ploked.ListedProfile
---@field profile ploked.ModelProfile
---@field scope "built-in"|"global"|"model"
---@field isDefault boolean

---A named set of parameters, global or of one model.
---@class ploked.ModelProfile
---@field name string
---@field params? ploked.LLMParameters

---Why a plan is empty and what to do.
---@class ploked.NothingLeft
---@field removedLast ploked.Reason[]
---@field loosen string[]

---Where an effective value comes from.
---@class ploked.Origin
---@field layer "built-in"|"call"|"global"|"model"
---@field profile? string
---@field file? string
---@field line? integer
---@field key? string

---Percentiles of the last 30 minutes; None where upstream gave none (no API key).
---@class ploked.Percentiles
---@field p50? number
---@field p75? number
---@field p90? number
---@field p99? number

---Preferences were read again: on a save, an edit, or the file going away.
---@class ploked.PreferencesChanged
---@field config ploked.ConfigStatus
---@field changed boolean

---Prices that replace the listed ones under a condition; later entries win, key by key (`pricing.overrides`).
---@class ploked.PriceOverride
---@field minPromptTokens? integer
---@field utcStart? integer
---@field utcEnd? integer
---@field prices? table<string, string>

---What tokens cost, in USD. None means unknown, or varying when `varies` is set; never negative.
---
---Listed prices are already net of `discount`; it is kept only to be shown.
---@class ploked.Pricing
---@field promptPerToken? string
---@field completionPerToken? string
---@field promptPer1k? string
---@field completionPer1k? string
---@field promptPer1m? string
---@field completionPer1m? string
---@field varies? boolean
---@field other? table<string, string>
---@field discount? string
---@field overrides? ploked.PriceOverride[]

---One constraint that excludes an endpoint.
---@class ploked.Reason
---@field code "denied"|"lacksParameter"|"maxOutputTooSmall"|"notAllowed"|"notSelected"|"priceAboveCap"|"quantization"|"strictness"|"tierNotAskedFor"|"toolsRequired"
---@field message string
---@field origin? string

---Nothing: refresh models and providers. `model`: refresh the endpoints of that model instead.
---@class ploked.RefreshCatalogParams
---@field model? string

---One entry per kind refreshed.
---@class ploked.RefreshCatalogResult
---@field refreshed ploked.Refreshed[]

---What one refresh did. A failed or empty one keeps the last good rows.
---@class ploked.Refreshed
---@field kind "endpoints"|"models"|"providers"
---@field outcome "failed"|"unchanged"|"updated"
---@field count integer
---@field skipped integer
---@field freshness ploked.Freshness
---@field model? string
---@field added? string[]
---@field removed? string[]
---@field message? string

---The parameters in effect, value by value, and where each comes from.
---@class ploked.ResolvedProfile
---@field name string
---@field params table<string, any>
---@field origins table<string, ploked.Origin>

---The answer to `ploked/routePlan`.
---@class ploked.RoutePlan
---@field model string
---@field endpoints ploked.EndpointRecord[]
---@field excluded ploked.Exclusion[]
---@field profile ploked.ResolvedProfile
---@field request? table<string, any>
---@field freshness ploked.Freshness
---@field message? string
---@field nothingLeft? ploked.NothingLeft

---What to plan for. Anything left out comes from config.toml.
---@class ploked.RoutePlanParams
---@field model string
---@field profile? string
---@field params? ploked.LLMParameters
---@field selectedEndpoints? (string|ploked.EndpointKey)[]
---@field messages? table<string, any>[]
---@field prompt? string

---Save `params`, or the parameters of a sweep row, under `name`: for one model, or for all without `model`.
---@class ploked.SaveProfileParams
---@field name string
---@field params? ploked.LLMParameters
---@field model? string
---@field sweepId? string
---@field requestId? string
---@field setDefault? boolean

---A free-text query over id, name, canonical slug and description; empty lists all.
---@class ploked.SearchModelsParams
---@field query? string
---@field limit? integer

---Rows, best first; with an empty query, in the order of the catalog.
---@class ploked.SearchModelsResult
---@field rows ploked.SearchRow[]
---@field total integer
---@field freshness ploked.Freshness

---One model as a picker shows it.
---@class ploked.SearchRow
---@field id string
---@field name string
---@field author string
---@field slug string
---@field contextHint? integer
---@field supportsTools "no"|"uncertain"|"yes"
---@field basis "endpoints"|"hint"
---@field promptPer1m? string
---@field completionPer1m? string
---@field description string
---@field expires? string
---@field source string

---The endpoints to use for a model, as tags, slugs or keys; an empty list removes the selection.
---@class ploked.SelectEndpointsParams
---@field model string
---@field endpoints (string|ploked.EndpointKey)[]

---With a model, its default; without, the global default.
---@class ploked.SetDefaultProfileParams
---@field name string
---@field model? string

---Nothing to ask for.
---@class ploked.StatusParams

---The daemon about itself.
---@class ploked.StatusResult
---@field version string
---@field protocol string
---@field pid integer
---@field uptimeS number
---@field catalog ploked.CatalogStatus
---@field config ploked.ConfigStatus
---@field hasKey boolean
---@field runningSweeps integer

---The state after cancelling: "cancelled", or the final state of a sweep that had ended before.
---@class ploked.SweepCancelled
---@field sweepId string
---@field state "cancelled"|"done"|"failed"|"running"

---The answer to `ploked/launchSweep`; rows arrive through `ploked/sweepProgress` and `ploked/sweepResults`.
---@class ploked.SweepLaunched
---@field sweepId string
---@field requests integer
---@field message? string

---Sent after each finished request of a sweep, and once at its end.
---@class ploked.SweepProgress
---@field sweepId string
---@field state "cancelled"|"done"|"failed"|"running"
---@field done integer
---@field total integer
---@field failed integer
---@field row? ploked.SweepRow
---@field message? string

---A sweep as far as it has come.
---@class ploked.SweepResults
---@field sweepId string
---@field state "cancelled"|"done"|"failed"|"running"
---@field rows ploked.SweepRow[]
---@field model string
---@field total integer
---@field cost? string
---@field best? string
---@field message? string

---Which sweep, and in which order: a row field, with a leading `-` for descending (`-latencyMs`).
---@class ploked.SweepResultsParams
---@field sweepId string
---@field sort? string

---One request of a sweep: what was planned and what came back.
---@class ploked.SweepRow
---@field requestId string
---@field label string
---@field params table<string, any>
---@field tag? string
---@field status "cancelled"|"error"|"ok"|"pending"
---@field latencyMs? number
---@field promptTokens? integer
---@field completionTokens? integer
---@field cost? string
---@field costSource? "estimated"|"reported"
---@field finishReason? string
---@field summary? string
---@field error? string
---@field servedBy? string
---@field servedModel? string
---@field finishedAt? string

---Sent to every client when a sweep begins, whoever launched it.
---@class ploked.SweepStarted
---@field sweepId string
---@field model string
---@field total integer

---@alias ploked.Method
---| 'ploked/searchModels' # Search models by free text over id, name, canonical slug and description, best first.
---| 'ploked/listEndpoints' # List the endpoints that serve a model; fetched on first use, then answered from memory.
---| 'ploked/routePlan' # Say which endpoints qualify under the preferences, why each other one does not, and the exact request.
---| 'ploked/launchSweep' # Send a grid of parameters to the eligible endpoints and keep every result.
---| 'ploked/sweepResults' # Return the rows of a sweep so far, sorted as asked.
---| 'ploked/cancelSweep' # Stop a sweep; rows that have come back stay.
---| 'ploked/refreshCatalog' # Fetch the model list, or the endpoints of one model, now.
---| 'ploked/status' # Describe the daemon, its catalog and its configuration.
---| 'ploked/listProfiles' # List the profiles that apply to a model, or to all models.
---| 'ploked/setDefaultProfile' # Make a profile the default of a model, or of all models, in config.toml.
---| 'ploked/saveProfile' # Save parameters, or those of a sweep row, as a profile in config.toml.
---| 'ploked/deleteProfile' # Remove a profile from config.toml.
---| 'ploked/selectEndpoints' # Write the selected endpoints of a model to config.toml.
---| 'ploked/preferencesChanged' # config.toml was read again.
---| 'ploked/catalogChanged' # A refresh of models, endpoints or providers ended.
---| 'ploked/sweepStarted' # A sweep began, in this session or another.
---| 'ploked/sweepProgress' # A request of a sweep ended, or the sweep did.
