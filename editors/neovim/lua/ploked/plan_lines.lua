---A route plan as text: its sections in order, and what stands behind each line.
local explain = require('ploked.explain')
local facts = require('ploked.facts')
local keys = require('ploked.keys')
local origins = require('ploked.origins')
local plan_endpoints = require('ploked.plan_endpoints')
local text = require('ploked.text')

local M = {}

---@class ploked.PlanTarget what a line is about
---@field endpoint? ploked.EndpointRecord
---@field place? ploked.Origin

---@alias ploked.AddLine fun(line: ploked.Line, target?: ploked.PlanTarget)

local REQUEST_KEYS = { 'model', 'messages', 'role', 'content', 'provider' }

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

---@param plan ploked.RoutePlan
---@param width integer
---@param add ploked.AddLine
local function add_advice(plan, width, add)
  for _, problem in ipairs(plan.problems or {}) do
    text.hanging({ ('config.toml:%d '):format(problem.line), 'PlokedError' }, problem.message, width, add)
  end
  if plan.message then
    text.hanging({ '! ', 'PlokedReason' }, plan.message, width, add)
  end
  for _, warning in ipairs(plan.warnings or {}) do
    local said = origins.mention(warning.message, warning.place)
    text.hanging({ '! ', 'PlokedReason' }, said, width, add, { place = warning.place })
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
    text.hanging({ ('  %s '):format(number), 'PlokedKey' }, relaxation.message, width, add)
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
  text.hanging({ 'Cost ', 'PlokedHeader' }, said, width, add)
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
  plan_endpoints.add(plan, width, add)
  add_request(plan, add)
  return lines, targets
end

return M
