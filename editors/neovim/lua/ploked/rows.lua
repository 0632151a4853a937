---The rows of the picker: models, and below those expanded their endpoints.
local config = require('ploked.config')
local endpoints = require('ploked.endpoints')
local facts = require('ploked.facts')
local next_run = require('ploked.next_run')
local text = require('ploked.text')

local M = {}

---@class ploked.Item one line of the list
---@field kind 'model'|'endpoint'|'note'
---@field row? ploked.SearchRow the model, or the one that the line belongs to
---@field endpoint? ploked.EndpointRecord
---@field gone? string a selected tag that no endpoint has any more

local NAME_WIDTH, ID_WIDTH = 34, 44
local INDENT = { '    ' }

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

---@param said string
---@param highlight string
---@return ploked.Line
local function note(said, highlight)
  return { INDENT, { text.one_line(said), highlight } }
end

---@param branch ploked.Branch
---@return ploked.Line
local function summary(branch)
  local age, highlight = facts.freshness(branch.freshness)
  local count = ('%d endpoints'):format(#branch.endpoints)
  local chosen = #branch.selected > 0 and (', %d selected'):format(#branch.selected) or ', none selected: all are used'
  return { INDENT, { count .. chosen .. ' · ', 'PlokedNote' }, { age, highlight } }
end

---@param branch ploked.Branch
---@return ploked.Line[] lines the header first
local function endpoint_lines(branch)
  local cells = { vim.list_extend({ { ' ' } }, endpoints.HEADER) }
  for _, endpoint in ipairs(branch.endpoints) do
    table.insert(cells, vim.list_extend({ endpoints.mark(branch, endpoint) }, endpoints.cells(endpoint)))
  end
  return vim.tbl_map(function(line)
    return vim.list_extend({ INDENT }, line)
  end, text.columns(cells))
end

---@param row ploked.SearchRow
---@param add fun(item: ploked.Item, line: ploked.Line)
local function add_branch(row, add)
  local branch = endpoints.branch(row.id)
  local function say(said, highlight)
    if said then
      add({ kind = 'note', row = row }, note(said, highlight))
    end
  end
  say(branch.unwritten, 'PlokedError')
  say(branch.error, 'PlokedError')
  if branch.loading and #branch.endpoints == 0 then
    say('fetching endpoints…', 'PlokedNote')
  elseif branch.freshness then
    add({ kind = 'note', row = row }, summary(branch))
  end
  say(branch.unsaved and branch.unsaved.message, 'PlokedNote')
  say(branch.message, 'PlokedNote')
  for at, line in ipairs(#branch.endpoints > 0 and endpoint_lines(branch) or {}) do
    local endpoint = branch.endpoints[at - 1]
    add({ kind = endpoint and 'endpoint' or 'note', row = row, endpoint = endpoint }, line)
  end
  for _, tag in ipairs(endpoints.gone(branch)) do
    local said = ('%s %s, selected, but no endpoint has this tag'):format(config.get().icons.selected, tag)
    add({ kind = 'endpoint', row = row, gone = tag }, note(said, 'PlokedStale'))
  end
end

---@param rows ploked.SearchRow[]
---@param expanded table<string, boolean> by model id
---@return ploked.Item[] items
---@return ploked.Line[] lines one per item
---@return ploked.Line header
function M.build(rows, expanded)
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
      add({ kind = 'note', row = row }, note('next run: ' .. facts.params(params), 'PlokedSelected'))
    end
    if expanded[row.id] then
      add_branch(row, add)
    end
  end
  return items, lines, models[1]
end

return M
