---The endpoints of models: fetched, kept, drawn as rows, selected.
local client = require('ploked.client')
local config = require('ploked.config')
local facts = require('ploked.facts')
local ui = require('ploked.ui')

local M = {}

---@class ploked.Branch what is known of one model's endpoints
---@field model string
---@field loading boolean
---@field endpoints ploked.EndpointRecord[]
---@field selected string[] tags; empty: no selection, all are used
---@field freshness? ploked.Freshness
---@field message? string
---@field error? string
---@field unsaved? ploked.ConfigEdited where the selection stands in a buffer that has not been saved yet
---@field unwritten? string why the last change of the selection did not reach config.toml
---@field writing boolean
---@field again boolean the selection changed while it was being written

local branches = {} ---@type table<string, ploked.Branch>

---@param model string
---@return ploked.Branch
function M.branch(model)
  if not branches[model] then
    branches[model] = {
      model = model,
      loading = false,
      endpoints = {},
      selected = {},
      writing = false,
      again = false,
    }
  end
  return branches[model]
end

---@param edited? ploked.ConfigEdited
---@return boolean
local function is_modified(edited)
  local buf = edited and vim.fn.bufnr(edited.path) or -1
  return buf > 0 and vim.bo[buf].modified
end

---@param branch ploked.Branch
---@param result ploked.ListEndpointsResult
local function take(branch, result)
  branch.unsaved = is_modified(branch.unsaved) and branch.unsaved or nil
  branch.endpoints, branch.freshness, branch.message = result.endpoints, result.freshness, result.message
  if not branch.writing and not branch.unsaved then
    branch.selected = result.selected or {}
  end
end

---Fetch the endpoints of a model.
---@param model string
---@param changed fun(err: ploked.Error|nil) called once they are there
function M.load(model, changed)
  local branch = M.branch(model)
  branch.loading = true
  client.request('listEndpoints', { model = model }, function(err, result)
    branch.loading = false
    branch.error = err and ui.error_text(err)
    if result then
      take(branch, result)
    end
    changed(err)
  end)
end

---The model that has the endpoints: an alias has those of its target.
---@param branch ploked.Branch
---@return string
function M.serving(branch)
  return branch.endpoints[1] and branch.endpoints[1].key.model or branch.model
end

---@param branch ploked.Branch
---@param changed fun()
local function write(branch, changed)
  if branch.writing then
    branch.again = true
    return
  end
  branch.writing, branch.unwritten = true, nil
  local params = { model = branch.model, endpoints = branch.selected }
  client.request('selectEndpoints', params, function(err, result)
    branch.writing = false
    branch.unsaved = result and result.via == 'editor' and result or nil
    branch.unwritten = err and ui.error_text(err)
    if branch.again and not err then
      branch.again = false
      return write(branch, changed)
    end
    branch.again = false
    M.load(branch.model, changed)
  end)
end

---Take an endpoint into the selection or out of it. The change is shown at once and corrected by the answer.
---@param model string
---@param tag string
---@param changed fun() called whenever there is something new to draw
function M.toggle(model, tag, changed)
  local branch = M.branch(model)
  local kept = vim.tbl_filter(function(entry)
    return entry ~= tag
  end, branch.selected)
  if #kept == #branch.selected then
    table.insert(kept, tag)
  end
  branch.selected = kept
  changed()
  write(branch, changed)
end

---The selection of a model, where config.toml on disk does not have it yet.
---@param model string
---@return string[]|nil
function M.unsaved_selection(model)
  local branch = branches[model]
  return branch and (branch.writing or is_modified(branch.unsaved)) and branch.selected or nil
end

-- What config.toml says is in effect again: unsaved selections have been saved, or undone.
client.on('ploked/preferencesChanged', function(params)
  for _, branch in pairs(params.config.state == 'loaded' and branches or {}) do
    branch.unsaved, branch.unwritten = nil, nil
  end
end)

M.HEADER = {
  { 'provider', 'PlokedHeader' },
  { 'tag', 'PlokedHeader' },
  { 'quant', 'PlokedHeader' },
  { 'in/1K', 'PlokedHeader', right = true },
  { 'out/1K', 'PlokedHeader', right = true },
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
    { facts.price(endpoint.pricing, 'promptPer1k'), dim or 'PlokedPrice', right = true },
    { facts.price(endpoint.pricing, 'completionPer1k'), dim or 'PlokedPrice', right = true },
    { facts.tokens(endpoint.contextLength), dim or 'PlokedContext', right = true },
    { tools, dim or (tools == 'yes' and 'PlokedTools' or 'PlokedNoTools') },
    { facts.percent(endpoint.uptime30m), dim or 'PlokedUptime', right = true },
  }
end

---@param branch ploked.Branch
---@param endpoint ploked.EndpointRecord
---@return ploked.Cell
function M.mark(branch, endpoint)
  local icons = config.get().icons
  if vim.tbl_contains(branch.selected, endpoint.key.tag) then
    return { icons.selected, 'PlokedSelected' }
  end
  return { icons.unselected, 'PlokedUnselected' }
end

---Entries of the selection that no endpoint has: they stay to be seen and taken off.
---@param branch ploked.Branch
---@return string[]
function M.gone(branch)
  local served = {}
  for _, endpoint in ipairs(branch.endpoints) do
    served[endpoint.key.tag] = true
  end
  return vim.tbl_filter(function(tag)
    return not served[tag]
  end, branch.selected)
end

return M
