---Loosening preferences: a relaxation of a plan, made in config.toml.
local client = require('ploked.client')
local ui = require('ploked.ui')

local M = {}

---The first relaxation that config.toml can take.
---@param plan? ploked.RoutePlan
---@return ploked.Relaxation|nil
function M.first(plan)
  for _, relaxation in ipairs(plan and plan.relaxations or {}) do
    if relaxation.applicable then
      return relaxation
    end
  end
end

---Make the edits of a relaxation, in the buffer of config.toml where it is open.
---@param relaxation ploked.Relaxation
---@param done fun() called once it has been made, or refused
function M.apply(relaxation, done)
  if not relaxation.applicable then
    ui.say('this is of the call, not of config.toml: ' .. relaxation.message)
    return done()
  end
  client.request('editPreferences', { edits = relaxation.edits }, function(err, edited)
    if err then
      ui.say_error(err)
    else
      ui.say(edited.message)
    end
    done()
  end)
end

return M
