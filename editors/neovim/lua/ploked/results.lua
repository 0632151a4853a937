---The results of a sweep: a table that fills as answers arrive, sortable by any column.
local client = require('ploked.client')
local keys = require('ploked.keys')
local planned = require('ploked.planned')
local table_of = require('ploked.results_table')
local ui = require('ploked.ui')

local M = {}

local REDRAW_MS = 50

---@class ploked.Results
---@field sweep string
---@field model string
---@field buf integer
---@field rows ploked.SweepRow[] in the order they are shown
---@field known table<string, boolean> the request ids among them
---@field state string
---@field done integer
---@field failed integer
---@field total integer
---@field cost? string
---@field best? string
---@field message? string
---@field sort? integer a column
---@field reversed boolean
---@field drawing boolean whether a redraw is due already

---@param view ploked.Results
---@return integer|nil window that shows it
local function window(view)
  local win = vim.fn.bufwinid(view.buf)
  return win > 0 and win or nil
end

---@param view ploked.Results
---@return ploked.SweepRow|nil under the cursor
local function current(view)
  local win = window(view)
  return win and view.rows[vim.api.nvim_win_get_cursor(win)[1] - table_of.HEADER_LINES]
end

---@param view ploked.Results
local function draw(view)
  if vim.api.nvim_buf_is_valid(view.buf) then
    ui.render(view.buf, table_of.lines(view))
  end
end

---Sort and draw; the cursor stays on its row.
---@param view ploked.Results
local function redraw(view)
  local row, win = current(view), window(view)
  table_of.sort(view)
  draw(view)
  for at, other in ipairs(win and row and view.rows or {}) do
    if other.requestId == row.requestId then
      vim.api.nvim_win_set_cursor(win, { at + table_of.HEADER_LINES, 0 })
    end
  end
end

---Draw soon: answers may arrive by the hundred.
---@param view ploked.Results
local function draw_soon(view)
  if not view.drawing then
    view.drawing = true
    vim.defer_fn(function()
      view.drawing = false
      redraw(view)
    end, REDRAW_MS)
  end
end

---@param view ploked.Results
---@param row ploked.SweepRow
local function put(view, row)
  if view.known[row.requestId] then
    for at, other in ipairs(view.rows) do
      if other.requestId == row.requestId then
        view.rows[at] = row
      end
    end
    return
  end
  view.known[row.requestId] = true
  table.insert(view.rows, row)
end

---Fetch all rows: at the beginning, for those that arrived before we listened, and at the end, for the totals.
---@param view ploked.Results
local function fetch(view)
  client.request('sweepResults', { sweepId = view.sweep }, function(err, results)
    if err then
      view.message = ui.error_text(err)
      return draw_soon(view)
    end
    for _, row in ipairs(results.rows) do
      put(view, row)
    end
    view.state, view.total, view.done = results.state, results.total, #view.rows
    view.cost, view.best, view.message = results.cost, results.best, results.message or view.message
    view.failed = #vim.tbl_filter(function(row)
      return row.status == 'error'
    end, results.rows)
    draw_soon(view)
  end)
end

---@param view ploked.Results
---@param params ploked.SweepProgress
local function take(view, params)
  if params.sweepId ~= view.sweep then
    return
  end
  view.done, view.total, view.failed, view.state = params.done, params.total, params.failed, params.state
  view.message = params.message or view.message
  if params.state ~= 'running' or not params.row then
    return fetch(view)
  end
  put(view, params.row)
  draw_soon(view)
end

---@param view ploked.Results
local function cancel(view)
  client.request('cancelSweep', { sweepId = view.sweep }, function(err, cancelled)
    if err then
      return ui.say_error(err)
    end
    view.state, view.message = cancelled.state, cancelled.message or view.message
    draw_soon(view)
  end)
end

---Save the parameters of the row under the cursor as a profile of the model.
---@param view ploked.Results
local function save(view)
  local row = current(view)
  if not row then
    return ui.say('put the cursor on a result to save its parameters')
  end
  vim.ui.input({ prompt = ('Save %s as profile: '):format(row.label) }, function(name)
    if not name or name == '' then
      return
    end
    local params = { name = name, sweepId = view.sweep, requestId = row.requestId }
    client.request('saveProfile', params, function(err, edited)
      if err then
        return ui.say_error(err)
      end
      ui.say(edited.message)
    end)
  end)
end

---@param view ploked.Results
local function next_sort(view)
  table_of.next_sort(view)
  draw_soon(view)
end

---@param view ploked.Results
local function reverse(view)
  view.reversed = not view.reversed
  draw_soon(view)
end

---@param view ploked.Results
local function inspect(view)
  local row = current(view)
  if not row then
    return
  end
  local params = { sweepId = view.sweep, requestId = row.requestId }
  client.request('planVersusActual', params, function(_, compared)
    local pair = compared and compared.rows[1]
    require('ploked.inspect').open(row.label, row, pair and planned.lines(pair))
  end)
end

local ACTIONS = {
  { 'sort', 'sort by the next column', next_sort },
  { 'reverse', 'reverse the order', reverse },
  { 'cancel', 'stop the sweep; what has come back stays', cancel },
  { 'save', 'save the parameters of the row as a profile', save },
  { 'inspect', 'show all of the row, and how it differs from its plan', inspect },
  { 'close', 'close; the sweep goes on', ui.leave },
}

---Open the table of a sweep in a split.
---@param model string
---@param launched ploked.SweepLaunched
function M.open(model, launched)
  local buf, win = ui.split('ploked://sweep/' .. launched.sweepId)
  local view = {
    sweep = launched.sweepId,
    model = model,
    buf = buf,
    rows = {},
    known = {},
    state = 'running',
    done = 0,
    failed = 0,
    total = launched.requests,
    message = launched.message,
    reversed = false,
    drawing = false,
  }
  draw(view)
  vim.api.nvim_win_set_cursor(win, { table_of.HEADER_LINES, 0 })
  keys.bind(buf, ACTIONS, view)
  ui.on_wipeout(buf, client.on('ploked/sweepProgress', function(params)
    take(view, params)
  end))
  fetch(view)
end

return M
