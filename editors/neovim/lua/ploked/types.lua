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

---A query that is being typed, and where.
---@class ploked.CompleteQueryParams
---@field query? string
---@field position? integer

---What may stand at the cursor, best first.
---@class ploked.CompleteQueryResult
---@field items ploked.QueryCompletion[]
---@field start integer
---@field end integer
---@field countsOver "all"|"matches"

---What an edit of config.toml did.
---@class ploked.ConfigEdited
---@field changed boolean
---@field via "disk"|"editor"
---@field path string
---@field message string
---@field editor? string

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

---What one request costs in one case, USD, with the facts that it was worked out from.
---@class ploked.Cost
---@field amount string
---@field parts ploked.CostPart[]

---One term of a cost: tokens (or requests) times a price.
---@class ploked.CostPart
---@field fact string
---@field units integer
---@field price string
---@field amount string

---What one request may cost at an endpoint; a figure is null when a price or a size that it needs is unknown.
---@class ploked.CostRange
---@field lowest? ploked.Cost
---@field expected? ploked.Cost
---@field highest? ploked.Cost

---Which profile to remove: of one model, or a global one without `model`.
---@class ploked.DeleteProfileParams
---@field name string
---@field model? string

---One difference between a plan and what the upstream reports.
---@class ploked.Deviation
---@field code "otherModel"|"otherPrice"|"parameterDropped"|"retried"|"servedOutsidePlan"
---@field message string
---@field planned? string
---@field actual? string

---Edits of config.toml to make together, such as those of a relaxation.
---@class ploked.EditPreferencesParams
---@field edits ploked.PreferenceEdit[]
---@field configText? string

---The parameters and routing preferences in effect, value by value, with the place that each comes from.
---@class ploked.EffectiveProfile
---@field profile ploked.ResolvedProfile
---@field routing ploked.ResolvedRouting
---@field chain string[]
---@field warnings? ploked.PlanWarning[]
---@field problems? ploked.ConfigProblem[]

---Whose parameters to show: a model with its default profile, or a profile by name.
---@class ploked.EffectiveProfileParams
---@field model? string
---@field profile? string
---@field params? ploked.LLMParameters
---@field configText? string

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
---@field zdr? boolean

---An endpoint that does not qualify, with every reason.
---@class ploked.Exclusion
---@field endpoint ploked.EndpointRecord
---@field reasons ploked.Reason[]

---What is kept now.
---@class ploked.FavouriteSet
---@field model string
---@field favourite boolean
---@field changed boolean

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
---@field routing? ploked.RoutingPrefs

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

---Where the words of the query stand, in order: `[start, end]` in Unicode code points, end not included.
---
---Letters and digits are marked, punctuation between them is not. Of each word it is what ranked the model: the
---letters as they stand together, the initials, or the letters in order. A word that is found in the description alone
---marks nothing; of one with a slip, the word that was taken for it is marked.
---@class ploked.Matches
---@field id? integer[][]
---@field name? integer[][]

---Caps in USD per million tokens (`prompt`, `completion`) or per unit.
---@class ploked.MaxPrice
---@field prompt? number
---@field completion? number
---@field request? number
---@field image? number
---@field audio? number

---What a change of preferences does to one model.
---@class ploked.ModelDiff
---@field model string
---@field changed boolean
---@field gained ploked.EndpointKey[]
---@field lost ploked.EndpointKey[]
---@field before ploked.PlanSummary
---@field after ploked.PlanSummary
---@field known? boolean
---@field message? string

---A named set of parameters, global or of one model.
---@class ploked.ModelProfile
---@field name string
---@field params? ploked.LLMParameters
---@field extends? string

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

---What a request for a model would get under the preferences in force, with the default profile of the model.
---@class ploked.Outlook
---@field eligible? integer
---@field total? integer
---@field lowestPromptPer1m? string
---@field highestPromptPer1m? string
---@field lowestCompletionPer1m? string
---@field highestCompletionPer1m? string
---@field context? integer
---@field uncertain boolean

---A bound per percentile, in the unit of the field that holds it.
---@class ploked.PercentilePrefs
---@field p50? number
---@field p75? number
---@field p90? number
---@field p99? number

---Percentiles of the last 30 minutes; None where upstream gave none (no API key).
---@class ploked.Percentiles
---@field p50? number
---@field p75? number
---@field p90? number
---@field p99? number

---The model that a pick counts for, and whether it is a favourite.
---@class ploked.PickRecorded
---@field model string
---@field favourite boolean

---What one request of a plan may cost, over all endpoints that are kept.
---@class ploked.PlanCost
---@field lowest? string
---@field expected? string
---@field highest? string
---@field lowestAt? ploked.EndpointKey
---@field highestAt? ploked.EndpointKey
---@field message? string

---A plan in a few figures.
---@class ploked.PlanSummary
---@field eligible integer
---@field total integer
---@field lowestPromptPer1m? string
---@field highestPromptPer1m? string
---@field lowestCompletionPer1m? string
---@field highestCompletionPer1m? string

---The answer to `ploked/planVersusActual`.
---@class ploked.PlanVersusActual
---@field sweepId string
---@field rows ploked.PlannedAndActual[]
---@field deviating integer
---@field message string

---Which sweep, and which of its rows; all without `requestId`.
---@class ploked.PlanVersusActualParams
---@field sweepId string
---@field requestId? string

---Something that a person would want to know before the request is sent.
---@class ploked.PlanWarning
---@field code "accountSettings"|"parameterDropped"|"parameterUnsupported"|"preferenceMatchesNothing"|"staleFacts"
---@field message string
---@field origin? string
---@field place? ploked.Origin

---One request as it was planned, and as the upstream reports it.
---@class ploked.PlannedAndActual
---@field requestId string
---@field plannedModel string
---@field plannedTags string[]
---@field plannedCost? string
---@field actualModel? string
---@field actualProvider? string
---@field actualTag? string
---@field actualCost? string
---@field attempts? string[]
---@field deviations? ploked.Deviation[]

---One change of config.toml, or of the call.
---@class ploked.PreferenceEdit
---@field verb "add"|"remove"|"set"
---@field path string
---@field value? string

---Preferences were read again: on a save, an edit, or the file going away.
---@class ploked.PreferencesChanged
---@field config ploked.ConfigStatus
---@field changed boolean

---The answer to `ploked/preferencesDiff`: every model that either text names.
---@class ploked.PreferencesDiff
---@field models ploked.ModelDiff[]
---@field problems ploked.ConfigProblem[]
---@field message string

---A config.toml that is not saved, to hold against the preferences in force.
---@class ploked.PreferencesDiffParams
---@field configText string
---@field promptTokens? integer

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

---Something that may stand at the cursor.
---@class ploked.QueryCompletion
---@field label string
---@field insertText string
---@field kind "flag"|"marker"|"operator"|"predicate"|"sort"|"value"
---@field detail string
---@field count? integer

---A mistake in a query, which cost only itself.
---@class ploked.QueryProblem
---@field start integer
---@field end integer
---@field message string
---@field expected? string[]
---@field suggestion? string

---One constraint that excludes an endpoint, or one fact that leaves it uncertain.
---@class ploked.Reason
---@field code "contextTooSmall"|"dataPolicy"|"denied"|"distillable"|"down"|"lacksParameter"|"maxOutputTooSmall"|"notAllowed"|"notSelected"|"priceAboveCap"|"quantization"|"staleFact"|"strictness"|"tierNotAskedFor"|"toolsRequired"|"unknownFact"|"zdr"
---@field message string
---@field origin? string
---@field place? ploked.Origin

---What was picked: say so when a model is taken into use, not when it is looked at.
---@class ploked.RecordPickParams
---@field model string
---@field endpoint? string

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

---A smallest set of changes and exactly the endpoints that they bring back: no part of it brings any of them.
---@class ploked.Relaxation
---@field edits ploked.PreferenceEdit[]
---@field bringsBack ploked.EndpointKey[]
---@field message string
---@field applicable boolean

---The parameters in effect, value by value, and where each comes from.
---@class ploked.ResolvedProfile
---@field name string
---@field params table<string, any>
---@field origins table<string, ploked.Origin>

---The routing preferences in effect, value by value, and where each comes from.
---@class ploked.ResolvedRouting
---@field values? ploked.RoutingPrefs
---@field origins? table<string, ploked.Origin>

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
---@field verdicts? ploked.Verdict[]
---@field tryOrder? ploked.TryOrder
---@field routing? ploked.ResolvedRouting
---@field relaxations? ploked.Relaxation[]
---@field cost? ploked.PlanCost
---@field warnings? ploked.PlanWarning[]
---@field curl? string
---@field problems? ploked.ConfigProblem[]

---What to plan for. Anything left out comes from config.toml.
---@class ploked.RoutePlanParams
---@field model string
---@field profile? string
---@field params? ploked.LLMParameters
---@field selectedEndpoints? (string|ploked.EndpointKey)[]
---@field messages? table<string, any>[]
---@field prompt? string
---@field routing? ploked.RoutingPrefs
---@field promptTokens? integer
---@field cachedTokens? integer
---@field outputTokens? integer
---@field at? string
---@field configText? string
---@field strategy? "model"|"models"
---@field asCurl? boolean

---OpenRouter's `provider` object: the fields it takes and no others.
---
---Layers (the call, the model, `[registry.routing]`) are laid over each other value by value. Scalars and lists of a
---higher layer hold; `max_price`, percentiles and `sort` merge field by field, where a number counts as `p50` and a
---plain sort as `by`.
---@class ploked.RoutingPrefs
---@field order? string[]
---@field only? string[]
---@field ignore? string[]
---@field allow_fallbacks? boolean
---@field require_parameters? boolean
---@field data_collection? "allow"|"deny"
---@field zdr? boolean
---@field enforce_distillable_text? boolean
---@field quantizations? string[]
---@field sort? string|ploked.SortPrefs
---@field preferred_min_throughput? number|ploked.PercentilePrefs
---@field preferred_max_latency? number|ploked.PercentilePrefs
---@field max_price? ploked.MaxPrice

---Save `params`, or the parameters of a sweep row, under `name`: for one model, or for all without `model`.
---@class ploked.SaveProfileParams
---@field name string
---@field params? ploked.LLMParameters
---@field model? string
---@field sweepId? string
---@field requestId? string
---@field setDefault? boolean

---What to look for; an empty query lists all.
---@class ploked.SearchModelsParams
---@field query? string
---@field limit? integer
---@field highlight? boolean
---@field effective? boolean

---Rows, best first; with an empty query, in the order of the catalog.
---
---Every word of the query is found in each row. First come those that are called so (id, name), then those with it in
---the canonical slug, then in the description; there whole words before starts of words, those before starts of parts
---and initials, those before the middle of words, and those before letters that only follow each other. Of equals come
---first favourites, then what was picked often and lately, then what begins with a query of one word (author, id or
---name), then the newest, then what the catalog lists first.
---@class ploked.SearchModelsResult
---@field rows ploked.SearchRow[]
---@field total integer
---@field freshness ploked.Freshness
---@field problems? ploked.QueryProblem[]
---@field query? string
---@field uncertain? integer[]

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
---@field favourite? boolean
---@field matches? ploked.Matches
---@field effective? ploked.Outlook

---The endpoints to use for a model, as tags, slugs or keys; an empty list removes the selection.
---@class ploked.SelectEndpointsParams
---@field model string
---@field endpoints (string|ploked.EndpointKey)[]

---With a model, its default; without, the global default.
---@class ploked.SetDefaultProfileParams
---@field name string
---@field model? string

---Which model is a favourite, or is none any more.
---@class ploked.SetFavouriteParams
---@field model string
---@field favourite? boolean

---The object form of `sort`.
---@class ploked.SortPrefs
---@field by string
---@field partition? "model"|"none"

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
---@field keySource? "environment"|"file"|"keyring"
---@field keyProblem? string
---@field runningSweeps integer

---The place in config.toml of the key to move: keys and 0-based indexes, as in `["registry", "api_key"]`.
---@class ploked.StoreKeyParams
---@field path (string|integer)[]

---The state after cancelling: "cancelled", or the final state of a sweep that had ended before.
---
---It is "running" where another process runs the sweep, such as a daemon that has left its place, and has not ended it
---within two seconds.
---@class ploked.SweepCancelled
---@field sweepId string
---@field state "cancelled"|"done"|"failed"|"running"
---@field message? string

---The answer to `ploked/launchSweep`; rows arrive through `ploked/sweepProgress` and `ploked/sweepResults`.
---@class ploked.SweepLaunched
---@field sweepId string
---@field requests integer
---@field message? string

---Sent after each finished request of a sweep, and once at its end.
---
---Sweeps of other processes are told of too, such as those of a daemon that was restarted: from the last row on that
---had come. A client that begins to listen hears the last word on each of them.
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
---@field servedTag? string
---@field deviations? ploked.Deviation[]

---Sent to every client when a sweep begins, whoever launched it.
---@class ploked.SweepStarted
---@field sweepId string
---@field model string
---@field total integer

---In which order the upstream tries the endpoints of a plan.
---@class ploked.TryOrder
---@field by "default"|"exacto"|"latency"|"order"|"price"|"throughput"
---@field estimate boolean
---@field message string

---What the plan says of one endpoint that is kept, beside its record at the same index of `endpoints`.
---@class ploked.Verdict
---@field key ploked.EndpointKey
---@field verdict "eligible"|"uncertain"
---@field uncertain? ploked.Reason[]
---@field dropped? string[]
---@field share? number
---@field cost? ploked.CostRange

---@alias ploked.Method
---| 'ploked/searchModels' # Search models by words and predicates over what is known of them and of their endpoints, best first.
---| 'ploked/recordPick' # Count that a model, or one endpoint of it, was picked: among equals, search lists first what is picked.
---| 'ploked/setFavourite' # Make a model a favourite, or none: among equals, search lists favourites first.
---| 'ploked/completeQuery' # Say what may stand at the cursor of a query: predicates, operators, and values with how many models have them.
---| 'ploked/listEndpoints' # List the endpoints that serve a model; fetched on first use, then answered from memory.
---| 'ploked/routePlan' # Say which endpoints qualify under the preferences, why each other one does not, and the exact request.
---| 'ploked/launchSweep' # Send a grid of parameters to the eligible endpoints and keep every result.
---| 'ploked/sweepResults' # Return the rows of a sweep so far, sorted as asked.
---| 'ploked/cancelSweep' # Stop a sweep; rows that have come back stay.
---| 'ploked/planVersusActual' # Compare what a sweep planned with what the upstream reports: who served, which model, at which price.
---| 'ploked/refreshCatalog' # Fetch the model list, or the endpoints of one model, now.
---| 'ploked/status' # Describe the daemon, its catalog and its configuration.
---| 'ploked/listProfiles' # List the profiles that apply to a model, or to all models.
---| 'ploked/setDefaultProfile' # Make a profile the default of a model, or of all models, in config.toml.
---| 'ploked/saveProfile' # Save parameters, or those of a sweep row, as a profile in config.toml.
---| 'ploked/deleteProfile' # Remove a profile from config.toml.
---| 'ploked/selectEndpoints' # Write the selected endpoints of a model to config.toml.
---| 'ploked/editPreferences' # Make edits of config.toml together or not at all, such as those of a relaxation.
---| 'ploked/storeKey' # Move an API key that stands in config.toml to the file of keys, which is the user's alone.
---| 'ploked/effectiveProfile' # Show the parameters and routing preferences in effect, value by value, with the place each comes from.
---| 'ploked/preferencesDiff' # Say what a config.toml that is not saved would change for every model that it or the saved one names.
---| 'ploked/preferencesChanged' # config.toml was read again.
---| 'ploked/catalogChanged' # A refresh of models, endpoints or providers ended.
---| 'ploked/picksChanged' # A model was picked, made a favourite, or is none any more, in this session or another.
---| 'ploked/sweepStarted' # A sweep began, in this session or another.
---| 'ploked/sweepProgress' # A request of a sweep ended, or the sweep did.
