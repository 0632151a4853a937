---The endpoints of an expanded model as rows: their facts, whether they are selected, and why they do not qualify.
local config = require('ploked.config')
local endpoints = require('ploked.endpoints')
local explain = require('ploked.explain')
local facts = require('ploked.facts')
local keys = require('ploked.keys')
local relax = require('ploked.relax')
local text = require('ploked.text')

local M = {}

local INDENT = { '    ' }

M.HEADER = {
  { 'provider', 'PlokedHeader' },
  { 'tag', 'PlokedHeader' },
  { 'quant', 'PlokedHeader' },
  { 'in/1K', 'PlokedHeader', right = true, price = true },
  { 'out/1K', 'PlokedHeader', right = true, price = true },
  { 'context', 'PlokedHeader', right = true },
  { 'tools', 'PlokedHeader' },
  { 'uptime', 'PlokedHeader', right = true },
}

---The cells of one endpoint, under those of HEADER.
---@param endpoint ploked.EndpointRecord
---@param dim? string a highlight group for all of them
---@return ploked.Cell[]
function M.cells(endpoint, dim)
  local tools = facts.tools(endpoint.supportsTools)
  return {
    { endpoint.providerName, dim or 'PlokedProvider' },
    { endpoint.key.tag, dim or 'PlokedId' },
    { endpoint.quantization or '?', dim or 'PlokedQuantization' },
    { facts.price(endpoint.pricing, 'promptPer1k'), dim or 'PlokedPrice', right = true, price = true },
    { facts.price(endpoint.pricing, 'completionPer1k'), dim or 'PlokedPrice', right = true, price = true },
    { facts.tokens(endpoint.contextLength), dim or 'PlokedContext', right = true },
    { tools, dim or (tools == 'yes' and 'PlokedTools' or 'PlokedNoTools') },
    { facts.percent(endpoint.uptime30m), dim or 'PlokedUptime', right = true },
  }
end

---Whether an endpoint is selected; behind that, a question mark where it is uncertain whether it qualifies.
---@param branch ploked.Branch
---@param endpoint ploked.EndpointRecord
---@param explained? ploked.Explained
---@return ploked.Cell
local function mark_of(branch, endpoint, explained)
  local icons = config.get().icons
  local selected = vim.tbl_contains(branch.selected, endpoint.key.tag)
  local icon = selected and icons.selected or icons.unselected
  if explained and explained.verdict == 'uncertain' then
    return { icon .. '?', 'PlokedUncertain' }
  end
  return { icon, selected and 'PlokedSelected' or 'PlokedUnselected' }
end

---A line below a model.
---@param said string
---@param highlight string
---@return ploked.Line
function M.note(said, highlight)
  return { INDENT, { text.one_line(said), highlight } }
end

---How many endpoints there are, and how many are selected, where there is anything to select.
---@param branch ploked.Branch
---@return string
local function counts(branch)
  local selected = #branch.selected > 0 and (', %d selected'):format(#branch.selected)
  if #branch.endpoints == 0 then
    return 'no endpoints' .. (selected or '')
  end
  local count = branch.plan and explain.count(branch.plan) or ('%d endpoints'):format(#branch.endpoints)
  return count .. (selected or ', none selected')
end

---@param branch ploked.Branch
---@return ploked.Line
local function summary(branch)
  local age, highlight = facts.freshness(branch.freshness)
  return { INDENT, { counts(branch) .. ' · ', 'PlokedNote' }, { age, highlight } }
end

---@param branch ploked.Branch
---@return ploked.Line[] lines the header first
local function endpoint_lines(branch)
  local cells = { vim.list_extend({ { ' ' } }, M.HEADER) }
  for _, endpoint in ipairs(branch.endpoints) do
    local explained = explain.of(branch.plan, endpoint)
    local dim = explained and explained.verdict == 'excluded' and 'PlokedExcluded' or nil
    local mark = mark_of(branch, endpoint, explained)
    table.insert(cells, vim.list_extend({ mark }, M.cells(endpoint, dim)))
  end
  return vim.tbl_map(function(line)
    return vim.list_extend({ INDENT }, line)
  end, text.columns(cells))
end

---Why an endpoint does not qualify, on one line that fits.
---@param explained ploked.Explained
---@param tag string
---@param width integer
---@return ploked.Line
local function reason_line(explained, tag, width)
  local codes, messages = explain.in_short(explained.reasons, tag)
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
      add({ kind = 'endpoint', row = row, endpoint = endpoint, reason = true }, reason_line(explained, endpoint.key.tag, width))
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

---What became of an edit of config.toml, which is named without its folders: they may be longer than a line.
---@param edited ploked.ConfigEdited
---@return string
local function in_short(edited)
  return (edited.message:gsub(vim.pesc(edited.path), vim.fn.fnamemodify(edited.path, ':t'), 1))
end

---Add the lines below a model that is expanded.
---@param row ploked.SearchRow
---@param width integer
---@param add fun(item: ploked.Item, line: ploked.Line)
function M.add(row, width, add)
  local branch = endpoints.branch(row.id)
  local function say(said, highlight)
    for _, part in ipairs(said and text.wrap(text.one_line(said), width - #INDENT[1]) or {}) do
      add({ kind = 'note', row = row }, M.note(part, highlight))
    end
  end
  say(branch.unwritten, 'PlokedError')
  say(branch.error, 'PlokedError')
  if branch.loading and #branch.endpoints == 0 then
    say('fetching endpoints…', 'PlokedNote')
  elseif branch.freshness then
    add({ kind = 'note', row = row }, summary(branch))
  end
  say(branch.unsaved and in_short(branch.unsaved), 'PlokedNote')
  say(branch.message, 'PlokedNote')
  add_relaxation(row, branch, width, add)
  add_endpoints(row, branch, width, add)
  for _, tag in ipairs(endpoints.gone(branch)) do
    local said = ('%s %s, selected, but no endpoint has this tag'):format(config.get().icons.selected, tag)
    add({ kind = 'endpoint', row = row, gone = tag }, M.note(said, 'PlokedStale'))
  end
end

return M
