---The rows of the picker: models, and below those expanded their endpoints.
local config = require('ploked.config')
local endpoint_rows = require('ploked.endpoint_rows')
local facts = require('ploked.facts')
local next_run = require('ploked.next_run')
local text = require('ploked.text')

local M = {}

---@class ploked.Item one line of the list
---@field kind 'model'|'endpoint'|'note'
---@field row? ploked.SearchRow the model, or the one that the line belongs to
---@field endpoint? ploked.EndpointRecord
---@field reason? boolean whether the line says why the endpoint does not qualify
---@field gone? string a selected tag that no endpoint has any more

local NAME_WIDTH, ID_WIDTH = 34, 44
local LEAST = 16 -- of either, however narrow the list

---Where the words of the query stand in a cell.
---@param found? integer[][] code points of `said`
---@param said string
---@param moved? integer by how many bytes it stands further right in the cell
---@return ploked.Match[] bytes of the cell
local function matches(found, said, moved)
  return vim.tbl_map(function(match)
    return { text.byte(said, match[1]) + (moved or 0), text.byte(said, match[2]) + (moved or 0) }
  end, found or {})
end

---@param row ploked.SearchRow
---@param expanded boolean
---@param short boolean whether to leave out the author, whom the id names too
---@return ploked.Cell
local function name_cell(row, expanded, short)
  local icons, found = config.get().icons, row.matches or {}
  local arrow = (expanded and icons.expanded or icons.collapsed) .. ' '
  local star = arrow .. (row.favourite and icons.favourite .. ' ' or '')
  local before = star .. (row.uncertain and '? ' or '')
  local name = text.one_line(row.name)
  local author = short and name:match('^[^:]+: ') or ''
  local set_apart = { { #arrow, #star, 'PlokedFavourite' }, { #star, #before, 'PlokedUncertain' } }
  for _, match in ipairs(name == row.name and matches(found.name, name, #before - #author) or {}) do
    table.insert(set_apart, { math.max(match[1], #before), match[2] }) -- nothing of what is left out
  end
  return { before .. name:sub(#author + 1), 'PlokedModel', matches = set_apart }
end

---How many of the endpoints qualify under the preferences.
---@param effective? ploked.Outlook
---@return ploked.Cell
local function effective_cell(effective)
  if not (effective and effective.eligible) then
    return { '?', 'PlokedNote', right = true }
  end
  local mark = effective.uncertain and '?' or ''
  local highlight = effective.eligible > 0 and 'PlokedContext' or 'PlokedReason'
  return { ('%d/%d%s'):format(effective.eligible, effective.total, mark), highlight, right = true }
end

---@param row ploked.SearchRow
---@param expanded boolean
---@param effective boolean whether to say how many endpoints qualify
---@return ploked.Cell[]
local function model_cells(row, expanded, effective)
  local outlook = row.effective or {}
  local prompt = outlook.lowestPromptPer1m or row.promptPer1m
  local completion = outlook.lowestCompletionPer1m or row.completionPer1m
  local cells = {
    name_cell(row, expanded, false),
    { row.id, 'PlokedId', matches = matches(row.matches and row.matches.id, row.id) },
    { facts.tokens(outlook.context or row.contextHint), 'PlokedContext', right = true },
    facts.model_tools(row.supportsTools),
    { facts.money(prompt) .. ' / ' .. facts.money(completion), 'PlokedPrice', right = true },
  }
  if effective then
    table.insert(cells, effective_cell(row.effective))
  end
  return cells
end

local HEADER = {
  { '  model', 'PlokedHeader' },
  { 'id', 'PlokedHeader' },
  { 'context', 'PlokedHeader', right = true },
  { 'tools', 'PlokedHeader' },
  { '$ in / out per 1M', 'PlokedHeader', right = true },
}
local EFFECTIVE_HEADER = { 'eligible', 'PlokedHeader', right = true }

---How wide names and ids may get so that all columns fit: ids are cut only after names, for these say less.
---@param cells ploked.Cell[][]
---@param width integer
---@return integer[]
local function limits(cells, width)
  local wide, room = text.widths(cells, { NAME_WIDTH, ID_WIDTH }), width
  for at = 2, #wide do
    room = room - #text.GAP - (at > 2 and wide[at] or 0)
  end
  local name = math.max(LEAST, math.min(wide[1], room - wide[2]))
  return { name, math.max(LEAST, math.min(wide[2], room - name)) }
end

---@param rows ploked.SearchRow[]
---@param expanded table<string, boolean> by model id
---@param width integer of the list
---@return ploked.Line[] one for the header, then one for each row
local function model_lines(rows, expanded, width)
  local effective = vim.tbl_contains(
    vim.tbl_map(function(row)
      return row.effective ~= nil
    end, rows),
    true
  )
  local cells = { vim.list_extend(vim.list_extend({}, HEADER), effective and { EFFECTIVE_HEADER } or {}) }
  for _, row in ipairs(rows) do
    table.insert(cells, model_cells(row, expanded[row.id], effective))
  end
  local fitting = limits(cells, width)
  if fitting[1] < text.widths(cells, { NAME_WIDTH })[1] then
    for at, row in ipairs(rows) do
      cells[at + 1][1] = name_cell(row, expanded[row.id], true)
    end
    fitting = limits(cells, width)
  end
  return text.columns(cells, fitting)
end

---@param rows ploked.SearchRow[]
---@param expanded table<string, boolean> by model id
---@param width integer of the list
---@return ploked.Item[] items
---@return ploked.Line[] lines one per item
---@return ploked.Line header
function M.build(rows, expanded, width)
  local items, lines = {}, {}
  local function add(item, line)
    table.insert(items, item)
    table.insert(lines, line)
  end
  local models = model_lines(rows, expanded, width)
  for at, row in ipairs(rows) do
    add({ kind = 'model', row = row }, models[at + 1])
    local params = next_run.get(row.id)
    if params then
      add({ kind = 'note', row = row }, endpoint_rows.note('next run: ' .. facts.params(params), 'PlokedSelected'))
    end
    if expanded[row.id] then
      endpoint_rows.add(row, width, add)
    end
  end
  return items, lines, models[1]
end

return M
