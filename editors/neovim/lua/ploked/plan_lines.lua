---A route plan as text: its sections in order, and what stands behind each line.
local endpoint_rows = require('ploked.endpoint_rows')
local explain = require('ploked.explain')
local facts = require('ploked.facts')
local keys = require('ploked.keys')
local origins = require('ploked.origins')
local text = require('ploked.text')

local M = {}

---@class ploked.PlanTarget what a line is about
---@field endpoint? ploked.EndpointRecord
---@field place? ploked.Origin

---@alias ploked.AddLine fun(line: ploked.Line, target?: ploked.PlanTarget)

local REQUEST_KEYS = { 'model', 'messages', 'role', 'content', 'provider' }
local INDENT = { '  ' }
local LEAST_WIDTH = 20 -- of what is wrapped, however narrow the window
local HANGING = 10

---Values with their origins, sorted by name.
---@param names string[]
---@param value_of fun(name: string): any
---@param origin_of table<string, ploked.Origin>
---@param add ploked.AddLine
local function add_values(names, value_of, origin_of, add)
  table.sort(names)
  local rows = vim.tbl_map(function(name)
    local value = { text.compact(value_of(name)), 'PlokedContext' }
    return { { '  ' .. name, 'PlokedKey' }, value, { origins.describe(origin_of[name]), 'PlokedNote' } }
  end, names)
  for at, line in ipairs(text.columns(rows)) do
    add(line, { place = origin_of[names[at]] })
  end
end

---@param plan ploked.RoutePlan
---@param add ploked.AddLine
local function add_preferences(plan, add)
  local profile = plan.profile
  add({ { 'Profile ', 'PlokedHeader' }, { profile.name, 'PlokedModel' } })
  add_values(vim.tbl_keys(profile.params), function(name)
    return profile.params[name]
  end, profile.origins, add)
  local routing = plan.routing or {}
  local origin_of = routing.origins or {}
  if next(origin_of) then
    add({ { 'Routing', 'PlokedHeader' } })
    add_values(vim.tbl_keys(origin_of), function(name)
      return vim.tbl_get(routing.values or {}, unpack(vim.split(name, '.', { plain = true })))
    end, origin_of, add)
  end
end

---Add a text broken to the width, behind a mark.
---@param mark ploked.Chunk
---@param said string
---@param width integer
---@param add ploked.AddLine
---@param target? ploked.PlanTarget
---@param highlight? string of the text
local function add_wrapped(mark, said, width, add, target, highlight)
  local taken = text.width(mark[1])
  local indent = math.min(taken, HANGING)
  local room = { math.max(LEAST_WIDTH, width - taken - 1), math.max(LEAST_WIDTH, width - indent - 1) }
  for at, part in ipairs(text.wrap(text.one_line(said), room[2], room[1])) do
    add({ at == 1 and mark or { (' '):rep(indent) }, { part, highlight } }, target)
  end
end

---@param said string
---@param place? ploked.Origin
---@return string such as `… (config.toml:12)`
local function with_place(said, place)
  local file = origins.file(place)
  return file == '' and said or ('%s (%s)'):format(said, file)
end

---@param plan ploked.RoutePlan
---@param width integer
---@param add ploked.AddLine
local function add_advice(plan, width, add)
  for _, problem in ipairs(plan.problems or {}) do
    add_wrapped({ ('config.toml:%d '):format(problem.line), 'PlokedError' }, problem.message, width, add)
  end
  if plan.message then
    add_wrapped({ '! ', 'PlokedReason' }, plan.message, width, add)
  end
  for _, warning in ipairs(plan.warnings or {}) do
    local said = with_place(warning.message, warning.place)
    add_wrapped({ '! ', 'PlokedReason' }, said, width, add, { place = warning.place })
  end
end

---@param plan ploked.RoutePlan
---@param width integer
---@param add ploked.AddLine
local function add_relaxations(plan, width, add)
  local relaxations = plan.relaxations or {}
  if #relaxations == 0 then
    for _, change in ipairs(plan.nothingLeft and plan.nothingLeft.loosen or {}) do
      add({ { '  to loosen: ' .. change, 'PlokedNote' } })
    end
    return
  end
  add({})
  local hint = (' press the number to change config.toml, %s for the first'):format(keys.names('relax'))
  add({ { 'Relaxations', 'PlokedHeader' }, { hint, 'PlokedNote' } })
  for at, relaxation in ipairs(relaxations) do
    local number = at <= 9 and relaxation.applicable and tostring(at) or ' '
    add_wrapped({ ('  %s '):format(number), 'PlokedKey' }, relaxation.message, width, add)
  end
end

---@param plan ploked.RoutePlan
---@param width integer
---@param add ploked.AddLine
local function add_cost(plan, width, add)
  local cost = plan.cost
  if not cost then
    return
  end
  local said = ('%s to %s, %s expected. %s'):format(
    facts.cost(cost.lowest),
    facts.cost(cost.highest),
    facts.cost(cost.expected),
    cost.message or ''
  )
  add_wrapped({ 'Cost ', 'PlokedHeader' }, said, width, add)
end

---@param explained ploked.Explained
---@return ploked.Cell[] cells behind those of the endpoint
local function cost_cells(explained)
  local range = explained.cost or {}
  local function amount(case)
    return explained.cost and facts.cost(range[case] and range[case].amount) or ''
  end
  local span = explained.cost and ('%s to %s'):format(amount('lowest'), amount('highest')) or ''
  return { { amount('expected'), 'PlokedPrice', right = true }, { span, 'PlokedNote' } }
end

local SHARE_HEADER = { 'share', 'PlokedHeader', right = true }
local COST_HEADER = { { 'cost', 'PlokedHeader', right = true }, { 'range', 'PlokedHeader' } }

---A row of the share, the endpoint, and the costs, which take the place of the prices.
---@param share ploked.Cell
---@param endpoint ploked.Cell[]
---@param costs? ploked.Cell[]
---@return ploked.Cell[]
local function row_of(share, endpoint, costs)
  local shown = vim.tbl_filter(function(cell)
    return not (costs and cell.price)
  end, endpoint)
  return vim.list_extend(vim.list_extend({ share }, shown), costs or {})
end

---@param plan ploked.RoutePlan
---@return ploked.Line[] one for the header, then one for each endpoint, those excluded last
local function endpoint_lines(plan)
  local rows = { row_of(SHARE_HEADER, endpoint_rows.HEADER, plan.cost and COST_HEADER) }
  for _, endpoint in ipairs(plan.endpoints) do
    local explained = explain.of(plan, endpoint)
    local share = { explained.share and facts.share(explained.share) or '', 'PlokedContext', right = true }
    table.insert(rows, row_of(share, endpoint_rows.cells(endpoint), plan.cost and cost_cells(explained)))
  end
  for _, exclusion in ipairs(plan.excluded) do
    local cells = endpoint_rows.cells(exclusion.endpoint, 'PlokedExcluded')
    table.insert(rows, row_of({ '' }, cells, plan.cost and {}))
  end
  return vim.tbl_map(function(line)
    return vim.list_extend({ INDENT }, line)
  end, text.columns(rows))
end

---@param reasons ploked.Reason[]
---@param mark string
---@param endpoint ploked.EndpointRecord
---@param width integer
---@param add ploked.AddLine
local function add_reasons(reasons, mark, endpoint, width, add)
  for _, reason in ipairs(reasons) do
    local code = { ('        %s%s: '):format(mark, reason.code), 'PlokedReason' }
    local said = with_place(explain.message(reason, endpoint.key.tag), reason.place)
    add_wrapped(code, said, width, add, { endpoint = endpoint, place = reason.place }, 'PlokedExcluded')
  end
end

---@param plan ploked.RoutePlan
---@param width integer
---@param add ploked.AddLine
local function add_endpoints(plan, width, add)
  local lines, order = endpoint_lines(plan), plan.tryOrder
  add({})
  add({ { ('Eligible (%d)'):format(#plan.endpoints), 'PlokedHeader' } })
  if order then
    add_wrapped({ order.estimate and '  ≈ ' or '  ' }, order.message, width, add, nil, 'PlokedNote')
  end
  add(lines[1])
  for at, endpoint in ipairs(plan.endpoints) do
    local explained = explain.of(plan, endpoint)
    add(lines[at + 1], { endpoint = endpoint })
    add_reasons(explained.reasons, '? ', endpoint, width, add)
    if #explained.dropped > 0 then
      local dropped = table.concat(explained.dropped, ', ')
      add({ { '        drops ', 'PlokedUncertain' }, { dropped, 'PlokedKey' } }, { endpoint = endpoint })
    end
  end
  if #plan.excluded == 0 then
    return
  end
  add({})
  add({ { ('Excluded (%d)'):format(#plan.excluded), 'PlokedHeader' } })
  for at, exclusion in ipairs(plan.excluded) do
    add(lines[#plan.endpoints + at + 1], { endpoint = exclusion.endpoint })
    add_reasons(exclusion.reasons, '', exclusion.endpoint, width, add)
  end
end

---@param plan ploked.RoutePlan
---@param add ploked.AddLine
local function add_request(plan, add)
  add({})
  if not plan.request then
    return add({ { 'No request: no endpoint is left.', 'PlokedError' } })
  end
  add({ { 'Request', 'PlokedHeader' } })
  for _, line in ipairs(vim.split(text.json(plan.request, REQUEST_KEYS), '\n')) do
    add({ { line } })
  end
end

---@param plan ploked.RoutePlan
---@param unsaved boolean whether it is of a config.toml that is not saved
---@param width integer
---@return ploked.Line[]
---@return table<integer, ploked.PlanTarget> by line, 1-based
function M.build(plan, unsaved, width)
  local lines, targets = {}, {}
  local function add(line, target)
    table.insert(lines, line)
    targets[#lines] = target
  end
  local age, highlight = facts.freshness(plan.freshness)
  local head = { { 'Route plan of ', 'PlokedHeader' }, { plan.model, 'PlokedModel' } }
  add(vim.list_extend(head, { { ('   %s   '):format(explain.count(plan)), 'PlokedContext' }, { age, highlight } }))
  if unsaved then
    add({ { 'with the unsaved changes of config.toml', 'PlokedStale' } })
  end
  add_preferences(plan, add)
  add_advice(plan, width, add)
  add_cost(plan, width, add)
  add_relaxations(plan, width, add)
  add_endpoints(plan, width, add)
  add_request(plan, add)
  return lines, targets
end

return M
