---The endpoints of models: fetched, kept, selected, and which of them qualify.
local client = require('ploked.client')
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
---@field plan? ploked.RoutePlan what qualifies, where that is known
---@field planned integer the number of the last plan asked for: answers to earlier ones are stale

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
      planned = 0,
    }
  end
  return branches[model]
end

---Whether an edit of config.toml still waits to be saved, as far as that shows here: another editor tells nothing.
---@param edited? ploked.ConfigEdited
---@return boolean
local function is_unsaved(edited)
  if edited and edited.editor then
    return true
  end
  local buf = edited and vim.fn.bufnr(edited.path) or -1
  return buf > 0 and vim.bo[buf].modified
end

---@param branch ploked.Branch
---@param result ploked.ListEndpointsResult
local function take(branch, result)
  local in_force = vim.deep_equal(branch.selected, result.selected or {})
  branch.unsaved = not in_force and is_unsaved(branch.unsaved) and branch.unsaved or nil
  branch.endpoints, branch.freshness, branch.message = result.endpoints, result.freshness, result.message
  if not branch.writing and not branch.unsaved then
    branch.selected = result.selected or {}
  end
end

---Ask which of the endpoints qualify. Where that cannot be said, none of them is marked.
---@param model string
---@param changed fun()
function M.plan(model, changed)
  local branch = M.branch(model)
  branch.planned = branch.planned + 1
  local mine = branch.planned
  client.request('routePlan', require('ploked.what_if').call(model), function(_, plan)
    if mine == branch.planned then
      branch.plan = plan
      changed()
    end
  end)
end

---Fetch the endpoints of a model.
---@param model string
---@param done fun(err: ploked.Error|nil)
function M.fetch(model, done)
  local branch = M.branch(model)
  branch.loading = true
  client.request('listEndpoints', { model = model }, function(err, result)
    branch.loading = false
    branch.error = err and ui.error_text(err)
    if result then
      take(branch, result)
    end
    done(err)
  end)
end

---Fetch the endpoints of a model, and the plan that says which of them qualify.
---@param model string
---@param changed fun() called whenever there is something new to draw
function M.load(model, changed)
  M.plan(model, changed)
  M.fetch(model, changed)
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
  return branch and (branch.writing or is_unsaved(branch.unsaved)) and branch.selected or nil
end

-- What config.toml says is in effect again: unsaved selections have been saved, or undone.
client.on('ploked/preferencesChanged', function(params)
  for _, branch in pairs(params.config.state == 'loaded' and branches or {}) do
    branch.unsaved, branch.unwritten = nil, nil
  end
end)

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
