---All facts of one row.
local facts = require('ploked.facts')
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

---@param title string
---@param record table any record of the protocol
function M.open(title, record)
  local rows = {}
  spread(record, '', function(name, value)
    for at, part in ipairs(text.wrap(value == '' and '-' or value, WIDTH)) do
      table.insert(rows, { { at == 1 and name or '', 'PlokedKey' }, { part } })
    end
  end)
  ui.show(title, text.columns(rows))
end

return M
