---Windows, buffers, keys and messages. Everything works on Neovim 0.7; titles and footers appear where they exist.
local config = require('ploked.config')
local highlights = require('ploked.highlights')
local keys = require('ploked.keys')
local text = require('ploked.text')

local M = {}

local namespace = vim.api.nvim_create_namespace('ploked')

---@param message string
---@param level? integer one of vim.log.levels
function M.say(message, level)
  vim.notify('ploked: ' .. message, level or vim.log.levels.INFO)
end

---What an error of the server says, in its own words.
---@param err ploked.Error
---@return string
function M.error_text(err)
  local next_step = err.data and err.data.nextStep
  local message = err.message or tostring(err)
  if next_step and not message:find(next_step, 1, true) then
    return message .. ' ' .. next_step
  end
  return message
end

---@param err ploked.Error
function M.say_error(err)
  M.say(M.error_text(err), vim.log.levels.ERROR)
end

---A buffer that holds no file and goes with its window.
---@param filetype string
---@return integer
function M.scratch(filetype)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  vim.bo[buf].filetype = filetype
  return buf
end

---Replace the text of a buffer, and its highlights.
---@param buf integer
---@param lines ploked.Line[]
function M.render(buf, lines)
  local plain = vim.tbl_map(text.plain, lines)
  vim.bo[buf].modifiable = true
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, plain)
  vim.bo[buf].modifiable = false
  vim.bo[buf].modified = false
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  for row, line in ipairs(lines) do
    local column = 0
    for _, chunk in ipairs(line) do
      local stop = math.min(column + #chunk[1], #plain[row])
      if chunk[2] and stop > column then
        local mark = { end_col = stop, hl_group = chunk[2] }
        vim.api.nvim_buf_set_extmark(buf, namespace, row - 1, column, mark)
      end
      column = column + #chunk[1]
    end
  end
end

---@class ploked.FloatOptions
---@field width integer
---@field height integer
---@field row? integer default: in the middle
---@field title? string shown from 0.9 on
---@field footer? string shown from 0.10 on
---@field enter? boolean default true
---@field zindex? integer
---@field set? string options for `:setlocal`

---@param options ploked.FloatOptions
---@return table config for nvim_open_win
function M.float_config(options)
  local found = {
    relative = 'editor',
    style = 'minimal',
    border = config.get().border,
    width = options.width,
    height = options.height,
    row = options.row or math.max(0, math.floor((vim.o.lines - options.height) / 2) - 1),
    col = math.max(0, math.floor((vim.o.columns - options.width) / 2) - 1),
    zindex = options.zindex or 50,
  }
  if vim.fn.has('nvim-0.9') == 1 and found.border ~= 'none' then
    found.title = options.title and ' ' .. options.title .. ' '
  end
  if vim.fn.has('nvim-0.10') == 1 and found.border ~= 'none' then
    found.footer = options.footer
  end
  return found
end

---@param buf integer
---@param options ploked.FloatOptions
---@return integer window
function M.float(buf, options)
  highlights.define()
  local win = vim.api.nvim_open_win(buf, options.enter ~= false, M.float_config(options))
  M.set_local(win, 'nowrap nospell ' .. (options.set or ''))
  return win
end

---Set options of one window. (`vim.wo` would change the ones of later windows too.)
---@param win integer
---@param options string
function M.set_local(win, options)
  vim.api.nvim_win_call(win, function()
    vim.cmd('setlocal ' .. options)
  end)
end

---@param win? integer
function M.close(win)
  if win and vim.api.nvim_win_is_valid(win) then
    vim.api.nvim_win_close(win, true)
  end
end

---Close the current window; the last one shows an empty buffer instead.
function M.leave()
  if #vim.api.nvim_list_wins() > 1 then
    return M.close(vim.api.nvim_get_current_win())
  end
  vim.cmd('enew')
end

---Show lines in a float that the close keys close.
---@param title string
---@param lines ploked.Line[]
---@param minimum? { width: integer, height: integer } for lines that are still to come
---@return integer buffer
function M.show(title, lines, minimum)
  local buf = M.scratch('ploked')
  M.render(buf, lines)
  local widest = math.max(#title + 4, minimum and minimum.width or 0)
  for _, line in ipairs(vim.api.nvim_buf_get_lines(buf, 0, -1, false)) do
    widest = math.max(widest, text.width(line))
  end
  local tall = math.max(#lines, minimum and minimum.height or 0)
  local size = { width = math.min(widest, vim.o.columns - 4), height = math.min(tall, vim.o.lines - 6) }
  local options = vim.tbl_extend('error', size, { title = title, zindex = 70, set = 'cursorline' })
  local win = M.float(buf, options)
  keys.map(buf, config.get().keys.close, function()
    M.close(win)
  end, 'close')
  return buf
end

---@param name string
---@return integer|nil buffer
local function find_buffer(name)
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_get_name(buf) == name then
      return buf
    end
  end
end

---Name a buffer. One that has the name already makes way.
---@param buf integer
---@param name string
function M.set_name(buf, name)
  local old = find_buffer(name)
  if old and old ~= buf then
    vim.api.nvim_buf_delete(old, { force = true })
  end
  vim.api.nvim_buf_set_name(buf, name)
end

---Open a named buffer in a split, or go to the window that shows it. The buffer is made anew each time.
---@param name string such as `ploked://plan/openai/gpt-4o`
---@return integer buffer
---@return integer window
function M.split(name)
  highlights.define()
  local old = find_buffer(name)
  local win = old and vim.fn.bufwinid(old) or -1
  if win > 0 then
    vim.api.nvim_set_current_win(win)
  else
    vim.cmd('botright split')
    win = vim.api.nvim_get_current_win()
  end
  local buf = M.scratch('ploked')
  vim.api.nvim_win_set_buf(win, buf)
  M.set_name(buf, name)
  M.set_local(win, 'nowrap nospell nonumber norelativenumber cursorline signcolumn=no foldcolumn=0')
  return buf, win
end

---Run `action` when the buffer goes away.
---@param buf integer
---@param action fun()
function M.on_wipeout(buf, action)
  vim.api.nvim_create_autocmd('BufWipeout', { buffer = buf, once = true, callback = action })
end

return M
