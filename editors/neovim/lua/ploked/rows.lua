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

---@param row ploked.SearchRow
---@param expanded boolean
---@return ploked.Cell[]
local function model_cells(row, expanded)
  local icons = config.get().icons
  local price = facts.money(row.promptPer1m) .. ' / ' .. facts.money(row.completionPer1m)
  return {
    { (expanded and icons.expanded or icons.collapsed) .. ' ' .. text.one_line(row.name), 'PlokedModel' },
    { row.id, 'PlokedId' },
    { facts.tokens(row.contextHint), 'PlokedContext', right = true },
    facts.model_tools(row.supportsTools),
    { price, 'PlokedPrice', right = true },
  }
end

M.MODEL_HEADER = {
  { '  model', 'PlokedHeader' },
  { 'id', 'PlokedHeader' },
  { 'context', 'PlokedHeader', right = true },
  { 'tools', 'PlokedHeader' },
  { '$ in / out per 1M', 'PlokedHeader', right = true },
}

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
  local cells = vim.tbl_map(function(row)
    return model_cells(row, expanded[row.id])
  end, rows)
  local models = text.columns(vim.list_extend({ M.MODEL_HEADER }, cells), { NAME_WIDTH, ID_WIDTH })
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
