---Keys of ploked's own windows: what they do, as configured, and the list of them.
local config = require('ploked.config')
local text = require('ploked.text')

local M = {}

---Map keys of a buffer in normal mode.
---@param buf integer
---@param keys string|string[]|false
---@param action fun()
---@param about string
function M.map(buf, keys, action, about)
  for _, key in ipairs(type(keys) == 'table' and keys or { keys or nil }) do
    vim.keymap.set('n', key, action, { buffer = buf, nowait = true, silent = true, desc = 'ploked: ' .. about })
  end
end

---@class ploked.KeyAction
---@field [1] ploked.Action
---@field [2] string what it does
---@field [3] fun(view: any)

---Map the actions of a view, and a key that lists them.
---@param buf integer
---@param actions ploked.KeyAction[]
---@param view any handed to each
function M.bind(buf, actions, view)
  local keys = config.get().keys
  for _, action in ipairs(actions) do
    M.map(buf, keys[action[1]], function()
      action[3](view)
    end, action[2])
  end
  M.map(buf, keys.help, function()
    M.help(actions)
  end, 'list these keys')
end

---@param action ploked.Action
---@return string keys for people
function M.names(action)
  local keys = config.get().keys[action]
  return type(keys) == 'table' and table.concat(keys, ' ') or keys or '(no key)'
end

---@param actions ploked.KeyAction[]
function M.help(actions)
  local rows = vim.tbl_map(function(action)
    return { { M.names(action[1]), 'PlokedKey' }, { action[2] } }
  end, actions)
  require('ploked.ui').show('keys', text.columns(rows))
end

---The keys of some actions on one line, for a footer.
---@param actions { [1]: ploked.Action, [2]: string }[] name and one word
---@return string
function M.hints(actions)
  return ' ' .. table.concat(vim.tbl_map(function(action)
    return M.names(action[1]) .. ' ' .. action[2]
  end, actions), '  ') .. ' '
end

---How to see the keys, where windows have no footer that says so.
---@return string
function M.unseen_hint()
  return vim.fn.has('nvim-0.10') == 1 and '' or (' · %s keys'):format(M.names('help'))
end

return M
