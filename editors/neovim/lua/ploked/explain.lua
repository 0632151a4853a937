---What a plan says of each endpoint: whether it qualifies, every reason, and what it would cost.
local facts = require('ploked.facts')
local origins = require('ploked.origins')
local text = require('ploked.text')

local M = {}

---@class ploked.Explained what a plan says of one endpoint
---@field verdict 'eligible'|'uncertain'|'excluded'
---@field reasons ploked.Reason[] why it is excluded, or uncertain
---@field dropped string[] parameters that it would not take
---@field share? number
---@field cost? ploked.CostRange

---What tells an endpoint from the others of its model: tags alone may repeat.
---@param key ploked.EndpointKey
---@return string
local function name(key)
  return ('%s\n%d'):format(key.tag, key.ordinal or 0)
end

---@param plan ploked.RoutePlan
---@return table<string, ploked.Explained>
local function index(plan)
  local found = {}
  for at, endpoint in ipairs(plan.endpoints) do
    local verdict = (plan.verdicts or {})[at] or {}
    found[name(endpoint.key)] = {
      verdict = verdict.verdict or 'eligible',
      reasons = verdict.uncertain or {},
      dropped = verdict.dropped or {},
      share = verdict.share,
      cost = verdict.cost,
    }
  end
  for _, exclusion in ipairs(plan.excluded) do
    found[name(exclusion.endpoint.key)] = { verdict = 'excluded', reasons = exclusion.reasons, dropped = {} }
  end
  return found
end

local indexes = setmetatable({}, { __mode = 'k' }) -- by plan

---@param plan? ploked.RoutePlan
---@param endpoint ploked.EndpointRecord
---@return ploked.Explained|nil nothing where there is no plan, or it does not know the endpoint
function M.of(plan, endpoint)
  if plan then
    indexes[plan] = indexes[plan] or index(plan)
    return indexes[plan][name(endpoint.key)]
  end
end

---@param plan ploked.RoutePlan
---@return string such as `3/12 endpoints qualify`
function M.count(plan)
  local kept = #plan.endpoints
  return ('%d/%d endpoints qualify'):format(kept, kept + #plan.excluded)
end

---What a reason says below its endpoint, whose tag it need not repeat.
---@param reason ploked.Reason
---@param tag string
---@return string
function M.message(reason, tag)
  local said = text.one_line(reason.message)
  return vim.startswith(said, tag .. ' ') and said:sub(#tag + 2) or said
end

---All reasons on one line below their endpoint, the codes first: the messages may be cut.
---@param reasons ploked.Reason[]
---@param tag string
---@return string codes
---@return string messages
function M.in_short(reasons, tag)
  local codes, messages = {}, {}
  for _, reason in ipairs(reasons) do
    table.insert(messages, M.message(reason, tag))
    if not vim.tbl_contains(codes, reason.code) then
      table.insert(codes, reason.code)
    end
  end
  return table.concat(codes, ', '), table.concat(messages, '; ')
end

---Whether nothing is wrong with an endpoint but that others have been selected: its mark says so.
---@param explained ploked.Explained
---@return boolean
function M.only_unselected(explained)
  return #explained.reasons == 1 and explained.reasons[1].code == 'notSelected'
end

local VERDICTS = {
  eligible = { 'qualifies', 'PlokedSelected' },
  uncertain = { 'qualifies, but for what is not known', 'PlokedUncertain' },
  excluded = { 'does not qualify', 'PlokedReason' },
}

---@param cost? ploked.Cost
---@return string such as `$0.0021 = 1000 × $0.000002 (pricing.prompt) + …`
local function cost_in_full(cost)
  if not cost then
    return 'not known'
  end
  local parts = vim.tbl_map(function(part)
    return ('%d × %s (%s)'):format(part.units, facts.money(part.price), part.fact)
  end, cost.parts)
  return facts.money(cost.amount) .. (#parts > 0 and ' = ' .. table.concat(parts, ' + ') or '')
end

---What a plan says of an endpoint, as rows of a name and a text.
---@param explained ploked.Explained
---@param add fun(name: string, said: string, highlight?: string, place?: ploked.Origin)
function M.in_full(explained, add)
  add('plan', VERDICTS[explained.verdict][1], VERDICTS[explained.verdict][2])
  for _, reason in ipairs(explained.reasons) do
    local file = origins.file(reason.place)
    local from = file ~= '' and file or reason.origin or ''
    add('  ' .. reason.code, reason.message .. (from ~= '' and (' (%s)'):format(from) or ''), nil, reason.place)
  end
  if #explained.dropped > 0 then
    add('  drops', table.concat(explained.dropped, ', '), 'PlokedUncertain')
  end
  if explained.share then
    add('  share', facts.share(explained.share))
  end
  for _, case in ipairs(explained.cost and { 'lowest', 'expected', 'highest' } or {}) do
    add('  ' .. case .. ' cost', cost_in_full(explained.cost[case]))
  end
end

return M
