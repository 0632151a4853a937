---The rows of the picker: models, and below those expanded their endpoints.
local config = require('ploked.config')
local endpoints = require('ploked.endpoints')
local explain = require('ploked.explain')
local facts = require('ploked.facts')
local keys = require('ploked.keys')
local next_run = require('ploked.next_run')
local relax = require('ploked.relax')
local text = require('ploked.text')

local M = {}

---@class ploked.Item one line of the list
---@field kind 'model'|'endpoint'|'note'
---@field row? ploked.SearchRow the model, or the one that the line belongs to
---@field endpoint? ploked.EndpointRecord
---@field reason? boolean whether the line says why the endpoint does not qualify
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
  local count = branch.plan and explain.count(branch.plan) or ('%d endpoints'):format(#branch.endpoints)
  local chosen = #branch.selected > 0 and (', %d selected'):format(#branch.selected) or ', none selected'
  return { INDENT, { count .. chosen .. ' · ', 'PlokedNote' }, { age, highlight } }
end

---@param branch ploked.Branch
---@return ploked.Line[] lines the header first
local function endpoint_lines(branch)
  local cells = { vim.list_extend({ { ' ' } }, endpoints.HEADER) }
  for _, endpoint in ipairs(branch.endpoints) do
    local explained = explain.of(branch.plan, endpoint)
    local dim = explained and explained.verdict == 'excluded' and 'PlokedExcluded' or nil
    local mark = endpoints.mark(branch, endpoint, explained)
    table.insert(cells, vim.list_extend({ mark }, endpoints.cells(endpoint, dim)))
  end
  return vim.tbl_map(function(line)
    return vim.list_extend({ INDENT }, line)
  end, text.columns(cells))
end

---Why an endpoint does not qualify, on one line that fits.
---@param explained ploked.Explained
---@param width integer
---@return ploked.Line
local function reason_line(explained, width)
  local codes, messages = explain.in_short(explained.reasons)
  local head = '        ' .. codes .. ': '
  return { { head, 'PlokedReason' }, { text.cut(messages, math.max(1, width - text.width(head))), 'PlokedExcluded' } }
end

---@param row ploked.SearchRow
---@param branch ploked.Branch
---@param width integer
---@param add fun(item: ploked.Item, line: ploked.Line)
local function add_endpoints(row, branch, width, add)
  for at, line in ipairs(#branch.endpoints > 0 and endpoint_lines(branch) or {}) do
    local endpoint = branch.endpoints[at - 1]
    local explained = endpoint and explain.of(branch.plan, endpoint)
    if explained and explained.verdict == 'excluded' and explain.only_unselected(explained) then
      table.insert(line, { '  not selected', 'PlokedExcluded' })
    end
    add({ kind = endpoint and 'endpoint' or 'note', row = row, endpoint = endpoint }, line)
    if explained and explained.verdict == 'excluded' and not explain.only_unselected(explained) then
      add({ kind = 'endpoint', row = row, endpoint = endpoint, reason = true }, reason_line(explained, width))
    end
  end
end

---@param row ploked.SearchRow
---@param branch ploked.Branch
---@param width integer
---@param add fun(item: ploked.Item, line: ploked.Line)
local function add_relaxation(row, branch, width, add)
  local relaxation = relax.first(branch.plan)
  if relaxation then
    local head = keys.names('relax') .. ' relaxes: '
    local said = text.cut(text.one_line(relaxation.message), math.max(1, width - text.width(head) - #INDENT[1]))
    add({ kind = 'note', row = row }, { INDENT, { head, 'PlokedKey' }, { said, 'PlokedNote' } })
  end
end

---@param row ploked.SearchRow
---@param width integer
---@param add fun(item: ploked.Item, line: ploked.Line)
local function add_branch(row, width, add)
  local branch = endpoints.branch(row.id)
  if branch.error then
    add({ kind = 'note', row = row }, note(branch.error, 'PlokedError'))
  end
  if branch.loading and #branch.endpoints == 0 then
    add({ kind = 'note', row = row }, note('fetching endpoints…', 'PlokedNote'))
  elseif branch.freshness then
    add({ kind = 'note', row = row }, summary(branch))
  end
  if branch.message then
    add({ kind = 'note', row = row }, note(branch.message, 'PlokedNote'))
  end
  add_relaxation(row, branch, width, add)
  add_endpoints(row, branch, width, add)
  for _, tag in ipairs(endpoints.gone(branch)) do
    local said = ('%s %s, selected, but no endpoint has this tag'):format(config.get().icons.selected, tag)
    add({ kind = 'endpoint', row = row, gone = tag }, note(said, 'PlokedStale'))
  end
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
      add_branch(row, width, add)
    end
  end
  return items, lines, models[1]
end

return M
