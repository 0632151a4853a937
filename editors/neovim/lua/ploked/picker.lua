---The floating picker: a line to search in, and a tree of models and their endpoints.
local choice = require('ploked.choice')
local client = require('ploked.client')
local endpoints = require('ploked.endpoints')
local found = require('ploked.found')
local layout = require('ploked.layout')
local picker_keys = require('ploked.picker_keys')

local M = {}

local last ---@type ploked.Picker|nil there is one at a time

---Close both windows. The cursor goes back to where it was, unless it has gone elsewhere already.
---@param picker ploked.Picker
local function close(picker)
  if picker.closed then
    return
  end
  picker.closed = true
  for _, stop in ipairs(picker.stop) do
    stop()
  end
  local inside = layout.has(picker.view, vim.api.nvim_get_current_win())
  layout.close(picker.view)
  if inside and vim.api.nvim_win_is_valid(picker.origin.win) then
    vim.api.nvim_set_current_win(picker.origin.win)
  end
end

---@param picker ploked.Picker
local function load_expanded(picker)
  for model in pairs(picker.expanded) do
    endpoints.load(model, found.drawing(picker))
  end
end

---Ask again only where facts have changed. After a failure to refresh that would start the next one.
---@param picker ploked.Picker
---@param refreshed ploked.Refreshed
local function catalog_changed(picker, refreshed)
  local updated = refreshed.outcome == 'updated'
  if refreshed.kind == 'models' then
    picker.freshness = refreshed.freshness
  end
  if updated and refreshed.kind ~= 'providers' then
    found.search(picker, picker.query) -- rows say how many endpoints qualify, once these are known
  end
  for model in pairs(picker.expanded) do
    local branch = endpoints.branch(model)
    if endpoints.serving(branch) == refreshed.model then
      branch.freshness = refreshed.freshness
      if updated then
        endpoints.load(model, found.drawing(picker))
      end
    end
  end
  found.draw(picker)
end

---@param picker ploked.Picker
local function listen(picker)
  local function again()
    found.search(picker, picker.query)
    load_expanded(picker)
  end
  picker.stop = {
    client.on('ploked/preferencesChanged', again),
    client.on('configEdited', function()
      for model in pairs(picker.expanded) do -- what is selected is asked for where that may have been undone
        local ask = endpoints.branch(model).unsaved and endpoints.load or endpoints.plan
        ask(model, found.drawing(picker))
      end
    end),
    client.on('restarted', again),
    client.on('ploked/catalogChanged', function(params)
      catalog_changed(picker, params.refreshed)
    end),
    client.on('ploked/picksChanged', function(picked)
      for _, row in ipairs(picker.rows) do -- they stay where they are: nobody wants them to move under the cursor
        if row.id == picked.model then
          row.favourite = picked.favourite
        end
      end
      found.draw(picker)
    end),
    layout.listen(picker.view, function()
      found.typed(picker)
    end, picker.close),
  }
end

---@class ploked.PickerOptions
---@field query? string
---@field model? string show the endpoints of this model

---@param options ploked.PickerOptions
---@return ploked.Picker
local function new(options)
  local query = options.model or options.query or ''
  local picker = {
    origin = choice.origin(),
    view = layout.open(query),
    query = query,
    committed = query,
    asked = 0,
    answered = 0,
    waiting = {},
    rows = {},
    total = 0,
    problems = {},
    expanded = {},
    items = {},
    only = options.model,
    stop = {},
    closed = false,
  }
  picker.close = function()
    close(picker)
  end
  return picker
end

---Close the picker, where one is open.
function M.close()
  if last then
    last.close()
  end
end

---Open the picker. Without a query or a model it starts in search mode.
---@param options ploked.PickerOptions
function M.open(options)
  M.close()
  local picker = new(options)
  last = picker
  picker_keys.bind(picker)
  listen(picker)
  found.draw(picker)
  found.search(picker, picker.query)
  if options.model then
    found.once_found(picker, function()
      picker_keys.expand(picker)
    end)
  end
  if picker.query == '' then
    picker_keys.enter_search(picker)
  end
end

return M
