---`:Ploked` and its sub-commands.
local actions = require('ploked.actions')
local client = require('ploked.client')
local ui = require('ploked.ui')

local M = {}

---@param act fun(model: string)
---@return fun(words: string[])
local function on_model(act)
  return function(words)
    local model = words[1] or actions.current_model()
    if not model then
      return ui.say('name a model, such as :Ploked plan openai/gpt-4o', vim.log.levels.ERROR)
    end
    actions.used(model)
    act(model)
  end
end

---Open the picker on a model, once it is known to exist.
---@param model string
local function show_endpoints(model)
  require('ploked.endpoints').fetch(model, function(err)
    if err then
      return ui.say_error(err)
    end
    require('ploked.picker').open({ model = model })
  end)
end

local COMMANDS = {
  search = function(words)
    require('ploked.picker').open({ query = table.concat(words, ' ') })
  end,
  endpoints = on_model(show_endpoints),
  plan = on_model(actions.run),
  sweep = on_model(actions.sweep),
  diff = function()
    require('ploked.diff').open()
  end,
  refresh = function(words)
    actions.refresh(words[1])
  end,
  status = function()
    require('ploked.status').open()
  end,
}

---@return string[]
local function names()
  local found = vim.tbl_keys(COMMANDS)
  table.sort(found)
  return found
end

---@param words string[] the sub-command and its arguments
function M.run(words)
  local name = words[1]
  if not COMMANDS[name] then
    local problem = name and ("there is no sub-command '%s'"):format(name) or 'a sub-command is missing'
    return ui.say(('%s: :Ploked %s'):format(problem, table.concat(names(), '|')), vim.log.levels.ERROR)
  end
  COMMANDS[name](vim.list_slice(words, 2))
end

---Model ids that begin with `lead`, from the last search. Another one is sent, for the next time.
---@param lead string
---@return string[]
local function complete_model(lead)
  if client.is_ready() then
    require('ploked.found').learn(lead)
  end
  return vim.tbl_filter(function(id)
    return vim.startswith(id, lead)
  end, require('ploked.found').ids())
end

---@param lead string the word being completed
---@param line string the whole command line
---@return string[]
function M.complete(lead, line)
  local words = vim.split(vim.trim(line:gsub('^.-Ploked!?%s*', '')), '%s+', { trimempty = true })
  local position = #words + (lead == '' and 1 or 0)
  if position <= 1 then
    return vim.tbl_filter(function(name)
      return vim.startswith(name, lead)
    end, names())
  elseif position == 2 and not vim.tbl_contains({ 'status', 'diff' }, words[1]) then
    return complete_model(lead)
  end
  return {}
end

return M
