---One answer of a sweep as it was planned, and as the upstream reports it.
local facts = require('ploked.facts')
local text = require('ploked.text')

local M = {}

---@param deviations? ploked.Deviation[]
---@return string codes such as `otherPrice retried`
function M.codes(deviations)
  return table.concat(
    vim.tbl_map(function(deviation)
      return deviation.code
    end, deviations or {}),
    ' '
  )
end

---@param pair ploked.PlannedAndActual
---@return string
local function served(pair)
  local provider = pair.actualProvider
  if pair.actualTag then
    return provider and ('%s (%s)'):format(pair.actualTag, provider) or pair.actualTag
  end
  return provider or '?'
end

---What was planned beside what came, as rows of three columns.
---@param pair ploked.PlannedAndActual
---@return ploked.Line[]
function M.lines(pair)
  local function row(name, planned, actual)
    return { { name, 'PlokedKey' }, { planned }, { actual, planned ~= actual and 'PlokedUncertain' or nil } }
  end
  local head = { { '' }, { 'planned', 'PlokedHeader' }, { 'actual', 'PlokedHeader' } }
  local lines = text.columns({
    head,
    row('model', pair.plannedModel, pair.actualModel or '?'),
    { { 'endpoint', 'PlokedKey' }, { table.concat(pair.plannedTags, ', ') }, { served(pair) } },
    row('cost', facts.money(pair.plannedCost), facts.money(pair.actualCost)),
    { { 'attempts', 'PlokedKey' }, { '' }, { table.concat(pair.attempts or {}, ', ') } },
  }, { [2] = 40 })
  for _, deviation in ipairs(pair.deviations or {}) do
    table.insert(lines, { { deviation.code .. ': ', 'PlokedReason' }, { text.one_line(deviation.message) } })
  end
  return lines
end

return M
