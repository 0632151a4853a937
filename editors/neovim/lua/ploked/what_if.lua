---What if: the text of config.toml as it stands in a buffer that has not been saved.
---`configEdited` is told through `events` when that changes.
local client = require('ploked.client')
local events = require('ploked.events')
local next_run = require('ploked.next_run')

local M = {}

local DEBOUNCE_MS = 150

local config_path ---@type string|nil of the file that the server reads, without links
local watched = {} ---@type table<integer, true> buffers
local changes = 0

---@param path string
---@return string
local function real(path)
  return vim.loop.fs_realpath(path) or path
end

---@return integer|nil the loaded buffer of config.toml
local function config_buffer()
  for _, buf in ipairs(config_path and vim.api.nvim_list_bufs() or {}) do
    local name = vim.api.nvim_buf_get_name(buf)
    if name ~= '' and vim.api.nvim_buf_is_loaded(buf) and real(name) == config_path then
      return buf
    end
  end
end

---Tell of changes once they pause.
local function tell_soon()
  changes = changes + 1
  local mine = changes
  vim.defer_fn(function()
    if mine == changes then
      events.emit('configEdited')
    end
  end, DEBOUNCE_MS)
end

---Follow the buffer of config.toml. Its events would miss what the server changes while another buffer is current.
local function watch()
  local buf = config_buffer()
  if not buf or watched[buf] then
    return
  end
  watched[buf] = vim.api.nvim_buf_attach(buf, false, {
    on_lines = tell_soon,
    on_reload = tell_soon,
    on_detach = function()
      watched[buf] = nil
      tell_soon()
    end,
  }) or nil
end

---Ask the server which file it reads.
---@param done fun()
local function learn(done)
  client.request('status', {}, function(_, status)
    if status then
      config_path = real(status.config.path)
      watch()
    end
    done()
  end)
end

---Tell of changes that were there before anybody followed them.
local function tell_of_changes()
  if M.text() then
    events.emit('configEdited')
  end
end

---The text of config.toml where it stands in a buffer with changes that are not saved.
---@return string|nil
function M.text()
  local buf = config_buffer()
  if buf and vim.bo[buf].modified then
    return table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, false), '\n') .. '\n'
  end
end

---The same, also where it is not known yet which file the server reads.
---@param reply fun(config_text: string|nil)
function M.ask(reply)
  learn(function()
    reply(M.text())
  end)
end

---What a plan is asked with: the call of the next run, under the unsaved text, which holds the selection too.
---@param model string
---@param more? table further params
---@return table
function M.call(model, more)
  local call = next_run.call(model, more)
  call.configText = M.text()
  call.selectedEndpoints = not call.configText and call.selectedEndpoints or nil
  return call
end

local group = vim.api.nvim_create_augroup('ploked_what_if', {})
vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile', 'BufFilePost' }, {
  group = group,
  desc = 'ploked: follow config.toml',
  callback = watch,
})
-- The server tells of a save only where the file says something else than before.
vim.api.nvim_create_autocmd('BufWritePost', {
  group = group,
  desc = 'ploked: config.toml is saved',
  callback = function(written)
    if written.buf == config_buffer() then
      tell_soon()
    end
  end,
})
events.on('restarted', function()
  learn(tell_of_changes)
end)
learn(tell_of_changes)

return M
