---The floating picker: a line to search in, and a tree of models and their endpoints. This is what its keys do.
local actions = require('ploked.actions')
local choice = require('ploked.choice')
local client = require('ploked.client')
local config = require('ploked.config')
local endpoints = require('ploked.endpoints')
local found = require('ploked.found')
local keys = require('ploked.keys')
local layout = require('ploked.layout')
local ui = require('ploked.ui')

local M = {}

local last ---@type ploked.Picker|nil there is one at a time

---@param picker ploked.Picker
---@return fun()
local function drawing(picker)
  return function()
    found.draw(picker)
  end
end

---@param picker ploked.Picker
local function close(picker)
  if picker.closed then
    return
  end
  picker.closed = true
  for _, stop in ipairs(picker.stop) do
    stop()
  end
  layout.close(picker.view)
  if vim.api.nvim_win_is_valid(picker.origin.win) then
    vim.api.nvim_set_current_win(picker.origin.win)
  end
end

---@param picker ploked.Picker
---@param item ploked.Item
local function expand(picker, item)
  picker.expanded[item.row.id] = true
  endpoints.load(item.row.id, drawing(picker))
  found.draw(picker)
end

---@param picker ploked.Picker
---@param item ploked.Item
local function collapse(picker, item)
  picker.expanded[item.row.id] = nil
  found.draw(picker)
  found.move_to(picker, found.identity({ kind = 'model', row = item.row }))
end

---@param picker ploked.Picker
---@param item ploked.Item
local function toggle(picker, item)
  if item.kind == 'endpoint' then
    return endpoints.toggle(item.row.id, item.gone or item.endpoint.key.tag, drawing(picker))
  end
  local key = config.get().keys.expand or 'expand'
  ui.say(('this selects endpoints: %s shows those of a model'):format(key))
end

---Take the model or endpoint under the cursor.
---@param picker ploked.Picker
---@param item ploked.Item
local function commit(picker, item)
  if item.kind == 'note' then
    return
  end
  local tag = item.gone or (item.endpoint and item.endpoint.key.tag)
  close(picker)
  config.get().on_choice({ model = item.row.id, endpoint = tag, row = item.row, origin = picker.origin })
end

---@param picker ploked.Picker
---@param item ploked.Item
local function refresh(picker, item)
  actions.refresh(picker.expanded[item.row.id] and item.row.id or nil)
end

---@param picker ploked.Picker
local function enter_search(picker)
  vim.api.nvim_set_current_win(picker.view.prompt.win)
  vim.cmd('startinsert!')
end

---Leave search mode: the list keeps what was found, or goes back to what was there before.
---@param picker ploked.Picker
---@param keep boolean
local function leave_search(picker, keep)
  vim.cmd('stopinsert')
  if keep then
    picker.committed = layout.query(picker.view)
  else
    layout.set_query(picker.view, picker.committed)
  end
  found.typed(picker) -- the autocommand does not run while more keys are waiting
  vim.api.nvim_set_current_win(picker.view.list.win)
end

---@param picker ploked.Picker
---@param step integer
local function move(picker, step)
  local win = picker.view.list.win
  local line = vim.api.nvim_win_get_cursor(win)[1] + step
  local bottom = vim.api.nvim_buf_line_count(picker.view.list.buf)
  vim.api.nvim_win_set_cursor(win, { math.max(1, math.min(bottom, line)), 0 })
end

---An action on the item under the cursor.
---@param act fun(picker: ploked.Picker, item: ploked.Item)
---@return fun(picker: ploked.Picker)
local function on_item(act)
  return function(picker)
    found.once_found(picker, function()
      local item = found.current(picker)
      if item then
        actions.used(item.row.id)
        act(picker, item)
      end
    end)
  end
end

---An action on the model under the cursor, for which the picker makes way.
---@param act fun(model: string)
local function leaving(act)
  return on_item(function(picker, item)
    close(picker)
    act(item.row.id)
  end)
end

local function inspect(_, item)
  actions.inspect(item)
end

local function profile(picker, item)
  actions.profile(item.row.id, drawing(picker))
end

local function profiles(_, item)
  actions.profiles(item.row.id)
end

local LIST = {
  { 'search', 'search', enter_search },
  { 'commit', 'take the model or endpoint', on_item(commit) },
  { 'expand', 'show the endpoints of the model', on_item(expand) },
  { 'collapse', 'hide them', on_item(collapse) },
  { 'toggle', 'select the endpoint, or take it off', on_item(toggle) },
  { 'inspect', 'show all facts of the row', on_item(inspect) },
  { 'profile', 'choose the profile, or set parameters for the next run', on_item(profile) },
  { 'profiles', 'manage profiles', on_item(profiles) },
  { 'run', 'show the route plan, and run it', leaving(actions.run) },
  { 'sweep', 'sweep parameters', leaving(actions.sweep) },
  { 'refresh', 'fetch the models, or the endpoints of the expanded model, now', on_item(refresh) },
  { 'close', 'close', close },
}

local PROMPT = {
  ['<CR>'] = { leave_search, true },
  ['<Esc>'] = { leave_search, false },
  ['<C-c>'] = { leave_search, false },
  ['<Down>'] = { move, 1 },
  ['<C-n>'] = { move, 1 },
  ['<Up>'] = { move, -1 },
  ['<C-p>'] = { move, -1 },
}

---@param picker ploked.Picker
local function map_prompt(picker)
  for key, action in pairs(PROMPT) do
    vim.keymap.set({ 'i', 'n' }, key, function()
      action[1](picker, action[2])
    end, { buffer = picker.view.prompt.buf, nowait = true, silent = true })
  end
end

---@param picker ploked.Picker
local function load_expanded(picker)
  for model in pairs(picker.expanded) do
    endpoints.load(model, drawing(picker))
  end
end

---Ask again only where facts have changed. After a failure to refresh that would start the next one.
---@param picker ploked.Picker
---@param refreshed ploked.Refreshed
local function catalog_changed(picker, refreshed)
  local updated = refreshed.outcome == 'updated'
  if refreshed.kind == 'models' then
    picker.freshness = refreshed.freshness
    return updated and found.search(picker, picker.query) or found.draw(picker)
  end
  for model in pairs(picker.expanded) do
    local branch = endpoints.branch(model)
    if endpoints.serving(branch) == refreshed.model then
      branch.freshness = refreshed.freshness
      if updated then
        endpoints.load(model, drawing(picker))
      end
    end
  end
  found.draw(picker)
end

---@param picker ploked.Picker
local function listen(picker)
  picker.stop = {
    client.on('ploked/preferencesChanged', function()
      load_expanded(picker)
    end),
    client.on('restarted', function()
      found.search(picker, picker.query)
      load_expanded(picker)
    end),
    client.on('ploked/catalogChanged', function(params)
      catalog_changed(picker, params.refreshed)
    end),
    layout.listen(picker.view, function()
      found.typed(picker)
    end, function()
      close(picker)
    end),
  }
end

---@class ploked.PickerOptions
---@field query? string
---@field model? string show the endpoints of this model

---@param options ploked.PickerOptions
---@return ploked.Picker
local function new(options)
  local query = options.model or options.query or ''
  return {
    origin = choice.origin(),
    view = layout.open(query),
    query = query,
    committed = query,
    asked = 0,
    answered = 0,
    waiting = {},
    rows = {},
    total = 0,
    expanded = {},
    items = {},
    only = options.model,
    stop = {},
    closed = false,
  }
end

---Open the picker. Without a query or a model it starts in search mode.
---@param options ploked.PickerOptions
function M.open(options)
  if last then
    close(last)
  end
  local picker = new(options)
  last = picker
  keys.bind(picker.view.list.buf, LIST, picker)
  map_prompt(picker)
  listen(picker)
  found.draw(picker)
  found.search(picker, picker.query, options.model and function()
    on_item(expand)(picker)
  end)
  if picker.query == '' then
    enter_search(picker)
  end
end

return M
