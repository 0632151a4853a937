---The Lua face of the plugin. Nothing here has to be called: the plugin works without `setup()`.
local M = {}

---Override options. Unknown ones are reported and left out.
---@param options? ploked.Options
function M.setup(options)
  require('ploked.config').set(options or {})
end

---Open the picker. Without a query it starts in search mode.
---@param query? string
function M.search(query)
  require('ploked.picker').open({ query = query })
end

---Open the picker with the endpoints of a model.
---@param model? string the id under the cursor, or the one last used, when left out
function M.endpoints(model)
  require('ploked.command').run({ 'endpoints', model })
end

---Open the route plan of a model.
---@param model? string as for `endpoints`
function M.plan(model)
  require('ploked.command').run({ 'plan', model })
end

---Open the sweep form of a model.
---@param model? string as for `endpoints`
function M.sweep(model)
  require('ploked.command').run({ 'sweep', model })
end

---Fetch the model list, or the endpoints of one model, now.
---@param model? string
function M.refresh(model)
  require('ploked.command').run({ 'refresh', model })
end

---Show what the unsaved changes of config.toml do to each model.
function M.diff()
  require('ploked.diff').open()
end

---Show what the server says about itself.
function M.status()
  require('ploked.status').open()
end

return M
