---Choosing profiles: the default of a model, or parameters for its next run alone.
local client = require('ploked.client')
local facts = require('ploked.facts')
local form = require('ploked.form')
local next_run = require('ploked.next_run')
local ui = require('ploked.ui')

local M = {}

local FOR_ONE_RUN = 'parameters for the next run…'

---@param item ploked.ListedProfile|string
---@return string
local function describe(item)
  if type(item) == 'string' then
    return item
  end
  local params = facts.params(item.profile.params)
  local scope = item.scope .. (item.isDefault and ', default' or '')
  return ('%s (%s)%s'):format(item.profile.name, scope, params ~= '' and ': ' .. params or '')
end

---Send an edit of config.toml and say what came of it.
---@param method string
---@param params table
---@param done? fun(err: string|nil, key: string|nil) told of an error, which is else said too
function M.edit(method, params, done)
  client.request(method, params, function(err, edited)
    if not err then
      ui.say(edited.message)
    elseif not done then
      return ui.say_error(err)
    end
    if done then
      done(form.error(err))
    end
  end)
end

---@param model? string
---@param reply fun(profiles: ploked.ListedProfile[])
function M.list(model, reply)
  client.request('listProfiles', { model = model }, function(err, result)
    if err then
      return ui.say_error(err)
    end
    reply(result.profiles)
  end)
end

---Set the parameters of the next run. The server checks them by planning with them.
---@param model string
---@param start table<string, any> parameters to start with
---@param changed fun()
local function for_next_run(model, start, changed)
  form.open({
    title = 'next run of ' .. model,
    name = 'ploked://next-run/' .. model,
    help = { 'Parameters of the next run alone, such as temperature = 0.3', 'Enter or :w takes them, q leaves.' },
    fields = form.param_fields(next_run.get(model) or start),
    submit = function(fields, done)
      local params = form.params(fields)
      client.request('routePlan', next_run.call(model, { params = params }), function(err)
        if not err then
          next_run.put(model, params)
          changed()
        end
        done(form.error(err))
      end)
    end,
  })
end

---@param profiles ploked.ListedProfile[]
---@return table<string, any>
local function default_params(profiles)
  for _, listed in ipairs(profiles) do
    if listed.isDefault then
      return listed.profile.params or {}
    end
  end
  return {}
end

---Let the user choose the model's default profile, or set parameters for its next run.
---@param model string
---@param changed fun()
function M.choose(model, changed)
  M.list(model, function(profiles)
    local items = vim.list_extend({}, profiles)
    table.insert(items, FOR_ONE_RUN)
    local options = { prompt = 'Default profile of ' .. model .. ':', kind = 'ploked.profile', format_item = describe }
    vim.ui.select(items, options, function(item)
      if item == FOR_ONE_RUN then
        for_next_run(model, default_params(profiles), changed)
      elseif item then
        M.edit('setDefaultProfile', { name = item.profile.name, model = model })
      end
    end)
  end)
end

return M
