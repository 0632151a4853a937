---All facts of one row.
local config = require('ploked.config')
local explain = require('ploked.explain')
local facts = require('ploked.facts')
local keys = require('ploked.keys')
local origins = require('ploked.origins')
local text = require('ploked.text')
local ui = require('ploked.ui')

local M = {}

local WIDTH = 76
local FIRST = {
  id = 1,
  name = 2,
  providerName = 1,
  provider = 2,
  key = 3,
  quantization = 4,
  pricing = 5,
  requestId = 1,
  label = 2,
  status = 3,
}

---@param value any
---@return string
local function shown(value)
  if type(value) == 'table' and vim.tbl_count(value) == #value then
    return table.concat(vim.tbl_map(shown, value), ', ')
  elseif type(value) == 'table' then
    return facts.params(value)
  end
  return type(value) == 'string' and text.one_line(value) or tostring(value)
end

---The facts of a record as `name value` rows; a record inside is spread out under dotted names.
---@param record table
---@param prefix string
---@param add fun(name: string, value: string)
local function spread(record, prefix, add)
  local names = vim.tbl_keys(record)
  table.sort(names, function(a, b)
    return ('%02d%s'):format(FIRST[a] or 99, a) < ('%02d%s'):format(FIRST[b] or 99, b)
  end)
  for _, name in ipairs(names) do
    local value = record[name]
    if type(value) == 'table' and next(value) and vim.tbl_count(value) ~= #value then
      spread(value, prefix .. name .. '.', add)
    else
      add(prefix .. name, shown(value))
    end
  end
end

---Map the keys that go to the preference behind the line of the cursor.
---@param buf integer
---@param places table<integer, ploked.Origin> by line, 1-based
local function map_origins(buf, places)
  keys.map(buf, config.get().keys.origin, function()
    local place = places[vim.api.nvim_win_get_cursor(0)[1]]
    if place then
      ui.close(vim.api.nvim_get_current_win())
      require('ploked.picker').close()
      origins.go(place)
    end
  end, 'go to the preference behind the line')
end

---@param title string
---@param record table any record of the protocol
---@param above? ploked.Line[] shown above its facts
---@param places? table<integer, ploked.Origin> the preferences behind those lines
function M.open(title, record, above, places)
  local rows = {}
  spread(record, '', function(name, value)
    for at, part in ipairs(text.wrap(value == '' and '-' or value, WIDTH)) do
      table.insert(rows, { { at == 1 and name or '', 'PlokedKey' }, { part } })
    end
  end)
  local head = above and vim.list_extend(vim.list_extend({}, above), { {} }) or {}
  map_origins(ui.show(title, vim.list_extend(head, text.columns(rows))), places or {})
end

---All facts of an endpoint, below what the plan says of it.
---@param endpoint ploked.EndpointRecord
---@param plan? ploked.RoutePlan
function M.endpoint(endpoint, plan)
  local explained, rows, places = explain.of(plan, endpoint), {}, {}
  local function add(name, said, highlight, place)
    for at, part in ipairs(text.wrap(said, WIDTH)) do
      table.insert(rows, { { at == 1 and name or '', 'PlokedKey' }, { part, highlight } })
      places[#rows] = place
    end
  end
  if explained then
    explain.in_full(explained, add)
  end
  M.open(endpoint.key.tag, endpoint, explained and text.columns(rows), places)
end

return M
