---Parameters set by hand for the next run of a model. They are used once and saved nowhere.
local M = {}

local set = {} ---@type table<string, table<string, any>>

---@param model string
---@return ploked.LLMParameters|nil
function M.get(model)
  return set[model]
end

---@param model string
---@param params ploked.LLMParameters|nil
function M.put(model, params)
  set[model] = params
end

---@param model string
function M.clear(model)
  set[model] = nil
end

---What a plan or a sweep of the model is asked with: these parameters, and a selection not yet in config.toml.
---@param model string
---@param more? table further params
---@return table
function M.call(model, more)
  local call = vim.tbl_extend('force', { model = model, params = set[model] }, more or {})
  call.selectedEndpoints = call.selectedEndpoints or require('ploked.endpoints').unsaved_selection(model)
  return call
end

return M
