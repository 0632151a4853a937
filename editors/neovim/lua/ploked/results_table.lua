---The table of a sweep as text: columns, order, highlights.
local config = require('ploked.config')
local planned = require('ploked.planned')
local text = require('ploked.text')

local M = {}

M.HEADER_LINES = 2 -- the state of the sweep, and the titles

---@class ploked.Column
---@field title string
---@field value fun(row: ploked.SweepRow): any what it is sorted by; nil comes last
---@field shown? fun(row: ploked.SweepRow): string|nil where that is not the value itself
---@field right? boolean
---@field highlight? string

local SUMMARY_WIDTH = 60

local STATUS = { ok = 'PlokedTools', error = 'PlokedError', cancelled = 'PlokedStale', pending = 'PlokedNote' }

local function field(name)
  return function(row)
    return row[name]
  end
end

local function endpoint(row)
  return row.tag or row.servedBy
end

local function latency(row)
  return row.latencyMs and ('%.0f ms'):format(row.latencyMs)
end

local function cost(row)
  return tonumber(row.cost)
end

---An estimate has a tilde.
local function cost_text(row)
  return row.cost and '$' .. row.cost .. (row.costSource == 'estimated' and '~' or '')
end

---How the answer differs from the plan; nothing where it does not.
local function deviations(row)
  local codes = planned.codes(row.deviations)
  return codes ~= '' and config.get().icons.deviation .. ' ' .. codes or nil
end

local function answer(row)
  return row.error or row.summary
end

---@type ploked.Column[]
local COLUMNS = {
  { title = 'status', value = field('status') },
  { title = 'endpoint', value = endpoint },
  { title = 'variant', value = field('label') },
  { title = 'latency', value = field('latencyMs'), shown = latency, right = true },
  { title = 'in', value = field('promptTokens'), right = true },
  { title = 'out', value = field('completionTokens'), right = true },
  { title = 'cost', value = cost, shown = cost_text, right = true },
  { title = 'finish', value = field('finishReason') },
  { title = 'plan', value = deviations, highlight = 'PlokedDeviation' },
  { title = 'answer', value = answer },
}

---@param view ploked.Results
---@param row ploked.SweepRow
---@return ploked.Cell[]
local function cells(view, row)
  local best = row.requestId == view.best and config.get().icons.best or ' '
  local found = { { best, 'PlokedBest' } }
  for at, column in ipairs(COLUMNS) do
    local shown = (column.shown or column.value)(row)
    local said = shown == nil and '' or text.one_line(tostring(shown))
    local highlight = at == 1 and STATUS[row.status] or column.highlight
    table.insert(found, { said, highlight, right = column.right })
  end
  return found
end

---@param view ploked.Results
---@return ploked.Cell[]
local function header_cells(view)
  local found = { { ' ' } }
  for at, column in ipairs(COLUMNS) do
    local arrow = at == view.sort and (view.reversed and ' ↓' or ' ↑') or ''
    table.insert(found, { column.title .. arrow, 'PlokedHeader', right = column.right })
  end
  return found
end

---@param view ploked.Results
function M.sort(view)
  if not view.sort then
    return
  end
  local value = COLUMNS[view.sort].value
  local place = {}
  for at, row in ipairs(view.rows) do
    place[row] = at
  end
  table.sort(view.rows, function(a, b)
    local left, right = value(a), value(b)
    if left == right then
      return place[a] < place[b]
    elseif left == nil or right == nil then
      return right == nil
    elseif view.reversed then
      return left > right
    end
    return left < right
  end)
end

---@param view ploked.Results
---@return ploked.Line
local function progress(view)
  local failed = view.failed > 0 and (', %d failed'):format(view.failed) or ''
  local cost = view.cost and (', $%s'):format(view.cost) or ''
  local said = ('%s: %d of %d%s%s'):format(view.state, view.done, view.total, failed, cost)
  local message = view.message and '   ' .. text.one_line(view.message) or ''
  local head = { { 'Sweep of ', 'PlokedHeader' }, { view.model, 'PlokedModel' } }
  return vim.list_extend(head, { { '   ' .. said, 'PlokedNote' }, { message, 'PlokedReason' } })
end

---@param view ploked.Results
---@return ploked.Line[] the state of the sweep, the header, one line per row
function M.lines(view)
  local rows = { header_cells(view) }
  for _, row in ipairs(view.rows) do
    table.insert(rows, cells(view, row))
  end
  return vim.list_extend({ progress(view) }, text.columns(rows, { [#COLUMNS + 1] = SUMMARY_WIDTH }))
end

---Sort by the next column.
---@param view ploked.Results
function M.next_sort(view)
  view.sort = (view.sort or 0) % #COLUMNS + 1
end

return M
