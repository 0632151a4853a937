---What the keys of the picker do.
local actions = require('ploked.actions')
local config = require('ploked.config')
local endpoints = require('ploked.endpoints')
local found = require('ploked.found')
local keys = require('ploked.keys')
local layout = require('ploked.layout')
local picks = require('ploked.picks')
local query_box = require('ploked.query_box')
local relax = require('ploked.relax')
local ui = require('ploked.ui')

local M = {}

---@param picker ploked.Picker
---@param item ploked.Item
local function expand(picker, item)
  picker.expanded[item.row.id] = true
  endpoints.load(item.row.id, found.drawing(picker))
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
    return endpoints.toggle(item.row.id, item.gone or item.endpoint.key.tag, found.drawing(picker))
  end
  ui.say(('this selects endpoints: %s shows those of a model'):format(keys.names('expand')))
end

---Take the model or endpoint under the cursor.
---@param picker ploked.Picker
---@param item ploked.Item
local function commit(picker, item)
  if item.kind == 'note' then
    return
  end
  local tag = item.gone or (item.endpoint and item.endpoint.key.tag)
  picks.record(item.row.id, tag)
  picker.close()
  config.get().on_choice({ model = item.row.id, endpoint = tag, row = item.row, origin = picker.origin })
end

---@param picker ploked.Picker
---@param item ploked.Item
local function favourite(picker, item)
  picks.toggle_favourite(item.row, found.drawing(picker))
end

---@param picker ploked.Picker
---@param item ploked.Item
local function refresh(picker, item)
  actions.refresh(picker.expanded[item.row.id] and item.row.id or nil)
end

---@param picker ploked.Picker
function M.enter_search(picker)
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
    picker.close()
    act(item.row.id)
  end)
end

local function inspect(_, item)
  actions.inspect(item)
end

local function profile(picker, item)
  actions.profile(item.row.id, found.drawing(picker))
end

local function profiles(_, item)
  actions.profiles(item.row.id)
end

---Apply the first relaxation of the model; one that is not on the screen is shown first.
---@param picker ploked.Picker
---@param item ploked.Item
local function relaxing(picker, item)
  local branch = endpoints.branch(item.row.id)
  if not picker.expanded[item.row.id] then
    return expand(picker, item)
  end
  local relaxation = relax.first(branch.plan)
  if not relaxation then
    return ui.say('the plan has no relaxation that config.toml can take')
  end
  branch.plan.relaxations = {} -- it is made once, whatever is pressed before the next plan comes
  relax.apply(relaxation, function()
    endpoints.plan(item.row.id, found.drawing(picker))
  end)
end

---Expand the model under the cursor.
M.expand = on_item(expand)

local LIST = {
  { 'search', 'search', M.enter_search },
  { 'commit', 'take the model or endpoint', on_item(commit) },
  { 'expand', 'show the endpoints of the model', M.expand },
  { 'collapse', 'hide them', on_item(collapse) },
  { 'toggle', 'select the endpoint, or take it off', on_item(toggle) },
  { 'favourite', 'make the model a favourite, or none any more', on_item(favourite) },
  { 'relax', 'apply the first relaxation of the model: loosen what excludes endpoints', on_item(relaxing) },
  { 'inspect', 'show all facts of the row', on_item(inspect) },
  { 'profile', 'choose the profile, or set parameters for the next run', on_item(profile) },
  { 'profiles', 'manage profiles', on_item(profiles) },
  { 'run', 'show the route plan, and run it', leaving(actions.run) },
  { 'sweep', 'sweep parameters', leaving(actions.sweep) },
  { 'refresh', 'fetch the models, or the endpoints of the expanded model, now', on_item(refresh) },
  { 'close', 'close', function(picker)
    picker.close()
  end },
}

---@param picker ploked.Picker
local function complete(picker)
  query_box.complete(picker.view.prompt.buf, function()
    found.typed(picker)
  end)
end

-- Those that mean something in a menu of completions are left to it while there is one.
local PROMPT = {
  ['<CR>'] = { leave_search, true, in_menu = '<C-y>' },
  ['<Esc>'] = { leave_search, false, in_menu = '<C-e>' },
  ['<C-c>'] = { leave_search, false },
  ['<Down>'] = { move, 1, in_menu = '<Down>' },
  ['<C-n>'] = { move, 1, in_menu = '<C-n>' },
  ['<Up>'] = { move, -1, in_menu = '<Up>' },
  ['<C-p>'] = { move, -1, in_menu = '<C-p>' },
  ['<Tab>'] = { complete, in_menu = '<C-n>' },
  ['<S-Tab>'] = { complete, in_menu = '<C-p>' },
  ['<C-x><C-o>'] = { complete },
}

---Map the keys of both windows.
---@param picker ploked.Picker
function M.bind(picker)
  keys.bind(picker.view.list.buf, LIST, picker)
  for key, action in pairs(PROMPT) do
    vim.keymap.set({ 'i', 'n' }, key, function()
      if action.in_menu and vim.fn.pumvisible() == 1 then
        local menu_key = vim.api.nvim_replace_termcodes(action.in_menu, true, false, true)
        return vim.api.nvim_feedkeys(menu_key, 'ni', false)
      end
      action[1](picker, action[2])
    end, { buffer = picker.view.prompt.buf, nowait = true, silent = true })
  end
end

return M
