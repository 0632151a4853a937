---What the keys of the picker and the sub-commands do with a model.
local client = require('ploked.client')
local ui = require('ploked.ui')

local M = {}

local last ---@type string|nil

---Remember the model that a command without one means.
---@param model string
function M.used(model)
  last = model
end

---The model that a command without one means: the id under the cursor, or the one last used.
---@return string|nil
function M.current_model()
  return require('ploked.choice').model_under_cursor() or last
end

---@param item ploked.Item
function M.inspect(item)
  local endpoint = item.endpoint
  if not endpoint then
    return require('ploked.inspect').open(item.row.id, item.row)
  end
  require('ploked.inspect').endpoint(endpoint, require('ploked.endpoints').branch(item.row.id).plan)
end

---@param model string
---@param changed fun()
function M.profile(model, changed)
  require('ploked.profiles').choose(model, changed)
end

---@param model string
function M.profiles(model)
  require('ploked.profile_list').open(model)
end

---@param model string
function M.run(model)
  require('ploked.plan').open(model)
end

---@param model string
function M.sweep(model)
  require('ploked.sweep').form(model)
end

local function refreshed_text(refreshed)
  local subject = refreshed.model and ('endpoints of %s'):format(refreshed.model) or refreshed.kind
  local said = ('%s: %s, %d held'):format(subject, refreshed.outcome, refreshed.count)
  for _, change in ipairs({ 'added', 'removed' }) do
    local count = #(refreshed[change] or {})
    said = said .. (count > 0 and (', %d %s'):format(count, change) or '')
  end
  return said .. (refreshed.message and '. ' .. refreshed.message or '')
end

---Fetch models and providers, or the endpoints of one model, now.
---@param model? string
function M.refresh(model)
  client.request('refreshCatalog', { model = model }, function(err, result)
    if err then
      return ui.say_error(err)
    end
    ui.say(table.concat(vim.tbl_map(refreshed_text, result.refreshed), '; '))
  end)
end

return M
