---The endpoints of a route plan as text: shares, costs, and why the others do not qualify.
local endpoint_rows = require('ploked.endpoint_rows')
local explain = require('ploked.explain')
local facts = require('ploked.facts')
local origins = require('ploked.origins')
local text = require('ploked.text')

local M = {}

local INDENT = { '  ' }

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
    local said = origins.mention(explain.message(reason, endpoint.key.tag), reason.place)
    text.hanging(code, said, width, add, { endpoint = endpoint, place = reason.place }, 'PlokedExcluded')
  end
end

---Add the endpoints that qualify and how they are tried, then the others with every reason.
---@param plan ploked.RoutePlan
---@param width integer
---@param add ploked.AddLine
function M.add(plan, width, add)
  local lines, order = endpoint_lines(plan), plan.tryOrder
  add({})
  add({ { ('Eligible (%d)'):format(#plan.endpoints), 'PlokedHeader' } })
  if order then
    text.hanging({ order.estimate and '  ≈ ' or '  ' }, order.message, width, add, nil, 'PlokedNote')
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

return M
