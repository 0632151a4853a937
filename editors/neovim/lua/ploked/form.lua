---A form: a small buffer of `key = value` lines. Enter or `:w` submits it; what is wrong is shown below its line.
local config = require('ploked.config')
local keys = require('ploked.keys')
local text = require('ploked.text')
local ui = require('ploked.ui')

local M = {}

---@class ploked.Field
---@field key string
---@field value string as typed, trimmed
---@field line integer 0-based

---@class ploked.Form
---@field title string
---@field name string of the buffer
---@field help string[] shown above the fields as comments
---@field fields { [1]: string, [2]: string }[] key and value to start with
---@field submit fun(fields: ploked.Field[], done: fun(err: string|nil, key: string|nil)) calls `done` once

local namespace = vim.api.nvim_create_namespace('ploked_form')

---The fields of a form, in order; empty ones are left out.
---@param lines string[]
---@return ploked.Field[] fields
---@return integer|nil line of the first line that is no field, 0-based
function M.parse(lines)
  local fields, bad = {}, nil
  for at, line in ipairs(lines) do
    local key, value = line:match('^%s*([%w_]+)%s*=%s*(.-)%s*$')
    if key and value ~= '' then
      table.insert(fields, { key = key, value = value, line = at - 1 })
    elseif not key and not line:match('^%s*#') and not line:match('^%s*$') then
      bad = bad or at - 1
    end
  end
  return fields, bad
end

---What an error of the server says, and the key of the field that it is about, by the path in its data.
---@param err ploked.Error|nil
---@return string|nil message
---@return string|nil key
function M.error(err)
  if err then
    local path = err.data and err.data.path or ''
    return ui.error_text(err), path:match('([%w_]+)$')
  end
end

---The value of a parameter: JSON where it is JSON (`0.7`, `true`, `["a"]`), else the text itself.
local function value_of(typed)
  local ok, decoded = pcall(vim.json.decode, typed)
  if ok then
    return decoded
  end
  return typed
end

---The parameters typed, and the fields that are none.
---@param fields ploked.Field[]
---@param others? string[] their keys
---@return table<string, any>|nil params nil when none is set
---@return table<string, string> others by key
function M.params(fields, others)
  local params, found = {}, {}
  for _, field in ipairs(fields) do
    if vim.tbl_contains(others or {}, field.key) then
      found[field.key] = field.value
    else
      params[field.key] = value_of(field.value)
    end
  end
  return next(params) and params or nil, found
end

---Fields that show parameters; an empty one to begin with where there are none.
---@param params table<string, any>
---@return { [1]: string, [2]: string }[]
function M.param_fields(params)
  local names = vim.tbl_keys(params)
  table.sort(names)
  local fields = vim.tbl_map(function(name)
    local value = params[name]
    return { name, type(value) == 'string' and value or text.compact(value) }
  end, names)
  return #fields > 0 and fields or { { 'temperature', '' } }
end

---@param buf integer
---@param win integer
---@param message string
---@param line integer
local function show_error(buf, win, message, line)
  local width = math.max(20, vim.api.nvim_win_get_width(win) - 4)
  local virtual = vim.tbl_map(function(part)
    return { { '  ' .. part, 'PlokedError' } }
  end, text.wrap(message, width))
  line = math.min(line, vim.api.nvim_buf_line_count(buf) - 1) -- the text may have changed since it was sent
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  vim.api.nvim_buf_set_extmark(buf, namespace, line, 0, { virt_lines = virtual })
  vim.api.nvim_win_set_cursor(win, { line + 1, 0 })
end

---@param fields ploked.Field[]
---@param key? string
---@return integer line of the field, or of the last one
local function line_of(fields, key)
  local line = 0
  for _, field in ipairs(fields) do
    line = field.line
    if field.key == key then
      return line
    end
  end
  return line
end

---@param form ploked.Form
---@param buf integer
---@param win integer
---@return fun() submit nothing is sent twice: what is submitted may cost money
local function submitter(form, buf, win)
  local sending = false
  local function answered(fields)
    return function(err, key)
      sending = false
      if not err then
        return ui.close(win)
      elseif vim.api.nvim_buf_is_valid(buf) then
        return show_error(buf, win, err, line_of(fields, key))
      end
      ui.say(err, vim.log.levels.ERROR) -- after `:wq` there is no form to show it in
    end
  end
  return function()
    if sending then
      return
    end
    local fields, bad = M.parse(vim.api.nvim_buf_get_lines(buf, 0, -1, false))
    if bad then
      return show_error(buf, win, 'Write this line as key = value, or begin it with #.', bad)
    end
    sending = true
    form.submit(fields, answered(fields))
  end
end

---@param form ploked.Form
---@return string[] lines
---@return integer line of the first field, 1-based
local function content(form)
  local lines = {}
  for _, line in ipairs(form.help) do
    table.insert(lines, '# ' .. line)
  end
  local first = #lines + 1
  for _, field in ipairs(form.fields) do
    table.insert(lines, ('%s = %s'):format(field[1], field[2]))
  end
  return lines, first
end

---The close keys but Escape: pressed twice out of habit it would throw away what has been typed.
---@return string[]
local function close_keys()
  local all = config.get().keys.close or {}
  return vim.tbl_filter(function(key)
    return key:lower() ~= '<esc>'
  end, type(all) == 'table' and all or { all })
end

---@param form ploked.Form
function M.open(form)
  local lines, first = content(form)
  local buf = ui.scratch('ploked-form')
  ui.set_name(buf, form.name)
  vim.bo[buf].buftype = 'acwrite'
  vim.bo[buf].commentstring = '# %s'
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modified = false
  local width = math.min(vim.o.columns - 4, 84)
  local height = math.min(vim.o.lines - 6, #lines + 4)
  local win = ui.float(buf, { width = width, height = height, title = form.title, zindex = 60 })
  vim.api.nvim_win_call(win, function()
    vim.cmd([[syntax match PlokedNote /^\s*#.*/ | syntax match PlokedKey /^\s*[A-Za-z0-9_]\+\ze\s*=/]])
  end)
  vim.api.nvim_win_set_cursor(win, { first, #lines[first] - 1 })
  if form.fields[1][2] == '' then
    vim.cmd('startinsert!')
  end
  local send = submitter(form, buf, win)
  vim.api.nvim_create_autocmd('BufWriteCmd', {
    buffer = buf,
    callback = function()
      vim.bo[buf].modified = false
      send()
    end,
  })
  keys.map(buf, '<CR>', send, 'submit')
  keys.map(buf, close_keys(), function()
    ui.close(win)
  end, 'close')
end

return M
