---What the server is told of the user's choices: favourites, and what was picked.
local client = require('ploked.client')
local ui = require('ploked.ui')

local M = {}

---Tell that a model, or one endpoint of it, was picked. Where that cannot be kept, nothing is lost.
---@param model string
---@param endpoint? string
function M.record(model, endpoint)
  client.request('recordPick', { model = model, endpoint = endpoint }, function() end)
end

---@param row ploked.SearchRow
---@param changed fun()
function M.toggle_favourite(row, changed)
  local params = { model = row.id, favourite = not row.favourite }
  client.request('setFavourite', params, function(err)
    if err then
      return ui.say_error(err)
    end
    row.favourite = params.favourite
    changed()
  end)
end

return M
