---What the picker shows: the models found, drawn as rows. Searching, and where the cursor is.
local client = require('ploked.client')
local config = require('ploked.config')
local facts = require('ploked.facts')
local keys = require('ploked.keys')
local layout = require('ploked.layout')
local rows = require('ploked.rows')
local text = require('ploked.text')
local ui = require('ploked.ui')

local M = {}

---@class ploked.Picker
---@field origin ploked.CursorPlace
---@field view ploked.Layout
---@field query string what was searched for last
---@field committed string the query to go back to when a search is left with Esc
---@field asked integer the number of the last search sent: an answer to an earlier one is stale
---@field answered integer the number of the last search answered
---@field waiting (fun())[] what to do once the last search is answered
---@field rows ploked.SearchRow[]
---@field total integer
---@field problems ploked.QueryProblem[] what is wrong in the query that was answered last
---@field cancel? fun() take back the search that has not been answered
---@field freshness? ploked.Freshness
---@field error? string
---@field expanded table<string, boolean> by model id
---@field items ploked.Item[] one per line of the list
---@field only? string the one model to show, found by its whole id
---@field stop (fun())[] what to undo when it closes
---@field closed boolean
---@field close fun()

local ids = {} ---@type string[] the models of the last search, for completion on the command line

---@param found ploked.SearchRow[]
local function learn(found)
  ids = vim.tbl_map(function(row)
    return row.id
  end, found)
end

---The models of the last search.
---@return string[]
function M.ids()
  return ids
end

---Ask for the models that a text finds, for completion.
---@param query string
function M.learn(query)
  client.request('searchModels', { query = query, limit = config.get().limit }, function(_, result)
    if result then
      learn(result.rows)
    end
  end)
end

---@param picker ploked.Picker
---@return ploked.Item|nil under the cursor of the list
function M.current(picker)
  return picker.items[vim.api.nvim_win_get_cursor(picker.view.list.win)[1]]
end

---What tells an item from all others, whatever line it is on.
---@param item ploked.Item|nil
---@return string
function M.identity(item)
  if not item then
    return ''
  end
  local endpoint = item.endpoint and item.endpoint.key
  local tag = endpoint and endpoint.tag .. (item.reason and ' reason' or '') or item.gone or ''
  return table.concat({ item.row.id, item.kind, tag }, '\n')
end

---Move the cursor to the item that `wanted` is the identity of, where it is still there.
---@param picker ploked.Picker
---@param wanted string
function M.move_to(picker, wanted)
  for line, item in ipairs(picker.items) do
    if M.identity(item) == wanted then
      return vim.api.nvim_win_set_cursor(picker.view.list.win, { line, 0 })
    end
  end
end

---@param picker ploked.Picker
---@return ploked.Chunk
local function status(picker)
  if picker.error then
    return { #picker.rows > 0 and picker.error or '', 'PlokedError' }
  end
  local age, highlight = facts.freshness(picker.freshness)
  return { ('%d of %d · %s%s'):format(#picker.rows, picker.total, age, keys.unseen_hint()), highlight }
end

---@param picker ploked.Picker
---@return ploked.Line[] what to say in place of rows
local function instead_of_rows(picker)
  local said = picker.error or picker.freshness and 'No model matches.' or 'waiting for the server…'
  local width = vim.api.nvim_win_get_width(picker.view.list.win)
  return vim.tbl_map(function(part)
    return { { part, picker.error and 'PlokedError' or 'PlokedNote' } }
  end, text.wrap(said, width))
end

---Draw the list; the cursor stays on its item.
---@param picker ploked.Picker
function M.draw(picker)
  if picker.closed then
    return
  end
  local before = M.identity(M.current(picker))
  local width = vim.api.nvim_win_get_width(picker.view.list.win)
  local items, lines, header = rows.build(picker.rows, picker.expanded, width)
  picker.items = items
  ui.render(picker.view.list.buf, #lines > 0 and lines or instead_of_rows(picker))
  layout.decorate(picker.view, header, status(picker), picker.problems)
  M.move_to(picker, before)
end

---@param picker ploked.Picker
---@return fun() draw to call when there is something new
function M.drawing(picker)
  return function()
    M.draw(picker)
  end
end

---@param picker ploked.Picker
---@param result ploked.SearchModelsResult
local function take(picker, result)
  learn(result.rows)
  picker.rows, picker.total, picker.freshness = result.rows, result.total, result.freshness
  picker.problems = result.problems or {}
  for _, place in ipairs(result.uncertain or {}) do
    picker.rows[place + 1].uncertain = true -- not of the protocol: said by place there
  end
  if picker.only then
    picker.rows = vim.tbl_filter(function(row)
      return row.id == picker.only
    end, picker.rows)
  end
end

---@param picker ploked.Picker
---@param query string
function M.search(picker, query)
  picker.asked = picker.asked + 1
  local mine = picker.asked
  picker.query = query
  if picker.cancel then
    picker.cancel()
  end
  local params = { query = query, limit = config.get().limit, highlight = true, effective = true }
  picker.cancel = client.request('searchModels', params, function(err, result)
    if picker.closed or mine ~= picker.asked then
      return -- something newer has been typed
    end
    picker.answered, picker.error, picker.cancel = mine, err and ui.error_text(err), nil
    if result then
      take(picker, result)
    end
    M.draw(picker)
    M.flush(picker)
  end)
end

---@param picker ploked.Picker
function M.flush(picker)
  local waiting = picker.waiting
  picker.waiting = {}
  for _, go in ipairs(waiting) do
    go()
  end
end

---Do something with the list once it answers what has been typed: never act on what was found before.
---@param picker ploked.Picker
---@param go fun()
function M.once_found(picker, go)
  if picker.answered == picker.asked then
    return go()
  end
  table.insert(picker.waiting, go)
end

---Search for what has been typed, unless that is what was searched for last.
---@param picker ploked.Picker
function M.typed(picker)
  local query = layout.query(picker.view)
  if query ~= picker.query then
    picker.only = nil
    M.search(picker, query, function()
      vim.api.nvim_win_set_cursor(picker.view.list.win, { 1, 0 })
    end)
  end
end

return M
