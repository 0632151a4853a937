---The two windows of the picker: a search line with the column header below it, and the list.
local keys = require('ploked.keys')
local query_box = require('ploked.query_box')
local ui = require('ploked.ui')

local M = {}

---@class ploked.Pane
---@field buf integer
---@field win integer

---@class ploked.Layout
---@field prompt ploked.Pane
---@field list ploked.Pane

local PROMPT_LINES = 2 -- what is typed, and the header
local BORDERS = 2

local namespace = vim.api.nvim_create_namespace('ploked_prompt')

local HINTS = {
  { 'search', 'search' },
  { 'expand', 'expand' },
  { 'toggle', 'select' },
  { 'inspect', 'facts' },
  { 'profile', 'profile' },
  { 'run', 'run' },
  { 'sweep', 'sweep' },
  { 'help', 'keys' },
}

---@return ploked.FloatOptions prompt
---@return ploked.FloatOptions list
local function sizes()
  local width = math.min(vim.o.columns - 4, 120)
  local height = math.max(3, math.min(vim.o.lines - 2 - PROMPT_LINES - 2 * BORDERS, 30))
  local top = math.max(0, math.floor((vim.o.lines - height - PROMPT_LINES - 2 * BORDERS) / 2) - 1)
  local prompt = { width = width, height = PROMPT_LINES, row = top, title = 'ploked', enter = false }
  local list = { width = width, height = height, row = top + PROMPT_LINES + BORDERS, footer = keys.hints(HINTS) }
  return prompt, vim.tbl_extend('error', list, { set = 'cursorline scrolloff=2' })
end

---@param query string
---@return ploked.Layout
function M.open(query)
  local prompt, list = sizes()
  local panes = { prompt = { buf = ui.scratch('ploked') }, list = { buf = ui.scratch('ploked') } }
  vim.api.nvim_buf_set_lines(panes.prompt.buf, 0, -1, false, { query })
  panes.prompt.win = ui.float(panes.prompt.buf, prompt)
  panes.list.win = ui.float(panes.list.buf, list)
  return panes
end

---@param view ploked.Layout
local function fit(view)
  local prompt, list = sizes()
  vim.api.nvim_win_set_config(view.prompt.win, ui.float_config(prompt))
  vim.api.nvim_win_set_config(view.list.win, ui.float_config(list))
end

---@param view ploked.Layout
---@param win integer
---@return boolean whether the window is one of the two
function M.has(view, win)
  return win == view.prompt.win or win == view.list.win
end

---@param view ploked.Layout
function M.close(view)
  ui.close(view.prompt.win)
  ui.close(view.list.win)
end

---Tell of what is typed, and of either window being closed; follow the size of the screen.
---@param view ploked.Layout
---@param typed fun()
---@param closed fun()
---@return fun() stop
function M.listen(view, typed, closed)
  local group = vim.api.nvim_create_augroup('ploked_picker', {})
  local windows = { tostring(view.prompt.win), tostring(view.list.win) }
  local function on(events, options)
    vim.api.nvim_create_autocmd(events, vim.tbl_extend('error', { group = group }, options))
  end
  on({ 'TextChanged', 'TextChangedI', 'TextChangedP' }, { buffer = view.prompt.buf, callback = typed })
  on('WinClosed', { pattern = windows, callback = vim.schedule_wrap(closed) })
  on('VimResized', {
    callback = function()
      fit(view)
    end,
  })
  return function()
    vim.api.nvim_del_augroup_by_id(group)
  end
end

---@param view ploked.Layout
---@return string
function M.query(view)
  return vim.api.nvim_buf_get_lines(view.prompt.buf, 0, 1, false)[1] or ''
end

---@param view ploked.Layout
---@param query string
function M.set_query(view, query)
  vim.api.nvim_buf_set_lines(view.prompt.buf, 0, -1, false, { query })
end

---Show the header of the columns and, at the right of what is typed, a status. What is wrong in the query takes the
---place of the header: the list stays where it is.
---@param view ploked.Layout
---@param header ploked.Line
---@param status ploked.Chunk
---@param problems ploked.QueryProblem[]
function M.decorate(view, header, status, problems)
  local buf, query = view.prompt.buf, M.query(view)
  local width = vim.api.nvim_win_get_width(view.prompt.win)
  local below = query_box.problem_line(query, problems, width) or header
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  local function mark(options)
    vim.api.nvim_buf_set_extmark(buf, namespace, 0, 0, options)
  end
  mark({ virt_text = { status }, virt_text_pos = 'right_align', virt_lines = { below } })
  query_box.mark(buf, query, problems)
  if query == '' then
    mark({ virt_text = { { 'type to search', 'PlokedNote' } }, virt_text_pos = 'overlay' })
  end
end

return M
