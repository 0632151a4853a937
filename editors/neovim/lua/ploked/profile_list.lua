---The list of profiles: set the default, create, change, delete.
local client = require('ploked.client')
local config = require('ploked.config')
local facts = require('ploked.facts')
local form = require('ploked.form')
local keys = require('ploked.keys')
local profiles = require('ploked.profiles')
local text = require('ploked.text')
local ui = require('ploked.ui')

local M = {}

---@class ploked.ProfileList
---@field model? string
---@field buf integer
---@field listed ploked.ListedProfile[] one per line

---@param list ploked.ProfileList
local function draw(list)
  local rows = vim.tbl_map(function(listed)
    return {
      { listed.isDefault and config.get().icons.selected or ' ', 'PlokedSelected' },
      { listed.profile.name, 'PlokedModel' },
      { listed.scope, 'PlokedNote' },
      { facts.params(listed.profile.params), 'PlokedContext' },
    }
  end, list.listed)
  ui.render(list.buf, text.columns(rows))
end

---@param list ploked.ProfileList
local function reload(list)
  profiles.list(list.model, function(listed)
    list.listed = listed
    if vim.api.nvim_buf_is_valid(list.buf) then
      draw(list)
    end
  end)
end

---@param list ploked.ProfileList
---@return ploked.ListedProfile under the cursor
local function current(list)
  return list.listed[vim.api.nvim_win_get_cursor(0)[1]]
end

---@param others table<string, string>
---@param model? string
---@return string|nil error
---@return string|nil key
local function check(others, model)
  if not others.name then
    return 'A profile needs a name.', 'name'
  elseif others.scope ~= 'global' and (others.scope ~= 'model' or not model) then
    return 'The scope is model or global.', 'scope'
  end
end

---The form of a profile, new or changed.
---@param list ploked.ProfileList
---@param name string
---@param scope string
---@param params table<string, any>
local function edit_form(list, name, scope, params)
  local owner = list.model or 'no model'
  form.open({
    title = 'profile',
    name = 'ploked://profile',
    help = { ('scope = model: for %s alone; global: for all models'):format(owner), 'Enter or :w saves, q leaves.' },
    fields = vim.list_extend({ { 'name', name }, { 'scope', scope } }, form.param_fields(params)),
    submit = function(fields, done)
      local set, others = form.params(fields, { 'name', 'scope' })
      local err, key = check(others, list.model)
      if err then
        return done(err, key)
      end
      local call = { name = others.name, model = others.scope == 'model' and list.model or nil, params = set }
      profiles.edit('saveProfile', call, done)
    end,
  })
end

---@param list ploked.ProfileList
local function create(list)
  edit_form(list, '', list.model and 'model' or 'global', {})
end

---@param list ploked.ProfileList
local function change(list)
  local listed = current(list)
  local scope = listed.scope ~= 'built-in' and listed.scope or 'global'
  edit_form(list, listed.profile.name, scope, listed.profile.params or {})
end

---@param list ploked.ProfileList
local function make_default(list)
  profiles.edit('setDefaultProfile', { name = current(list).profile.name, model = list.model })
end

---@param list ploked.ProfileList
local function delete(list)
  local listed = current(list)
  profiles.edit('deleteProfile', { name = listed.profile.name, model = listed.scope == 'model' and list.model or nil })
end

local ACTIONS = {
  { 'commit', 'make it the default', make_default },
  { 'create', 'create one', create },
  { 'edit', 'change it', change },
  { 'delete', 'delete it', delete },
}

---@param list ploked.ProfileList
local function show(list)
  list.buf = ui.show('profiles' .. (list.model and ' of ' .. list.model or ''), {}, { width = 72, height = 8 })
  draw(list)
  keys.bind(list.buf, ACTIONS, list)
  ui.on_wipeout(list.buf, client.on('ploked/preferencesChanged', function()
    reload(list)
  end))
end

---Show the profiles of a model and the global ones. The list follows config.toml.
---@param model? string
function M.open(model)
  profiles.list(model, function(listed)
    show({ model = model, listed = listed })
  end)
end

return M
