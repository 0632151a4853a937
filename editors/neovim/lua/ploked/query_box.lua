---The query that is typed: what is wrong in it, and what may stand at the cursor.
local client = require('ploked.client')
local text = require('ploked.text')

local M = {}

local namespace = vim.api.nvim_create_namespace('ploked_query')

---@param problem ploked.QueryProblem
---@return string
local function words(problem)
  local said = text.one_line(problem.message)
  local suggestion = problem.suggestion
  if suggestion and not said:find(suggestion, 1, true) then
    said = ('%s Write %s.'):format(said, suggestion)
  end
  return said
end

---The line below the query that says what is wrong in it, under its place where there is room.
---@param query string
---@param problems ploked.QueryProblem[]
---@param width integer
---@return ploked.Line|nil nothing where all is well
function M.problem_line(query, problems, width)
  local problem = problems[1]
  if not problem then
    return nil
  end
  local more = #problems > 1 and (' (and %d more)'):format(#problems - 1) or ''
  local said = text.cut('^ ' .. words(problem) .. more, width)
  local place = text.width(query:sub(1, text.byte(query, problem.start)))
  local indent = math.max(0, math.min(place, width - text.width(said)))
  return { { (' '):rep(indent) .. said, 'PlokedError' } }
end

---Mark what is wrong in the query.
---@param buf integer
---@param query string
---@param problems ploked.QueryProblem[]
function M.mark(buf, query, problems)
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  for _, problem in ipairs(problems) do
    local first, last = text.byte(query, problem.start), text.byte(query, problem['end'])
    if first == last then -- something is missing: mark what it is missing behind
      first = text.byte(query, math.max(0, problem.start - 1))
    end
    vim.api.nvim_buf_set_extmark(buf, namespace, 0, first, { end_col = last, hl_group = 'PlokedProblem' })
  end
end

---@param item ploked.QueryCompletion
---@return table for |complete()|
local function menu_item(item)
  local count = item.count and ('%d  '):format(item.count) or ''
  return { word = item.insertText, abbr = item.label, menu = count .. item.detail, icase = 1, dup = 1, empty = 1 }
end

---Offer what may stand at the cursor, unless something else has been typed when the answer comes.
---@param buf integer
---@param changed fun() called when something has been put there
function M.complete(buf, changed)
  local query, column = vim.api.nvim_get_current_line(), vim.api.nvim_win_get_cursor(0)[2]
  local position = vim.fn.strchars(query:sub(1, column))
  client.request('completeQuery', { query = query, position = position }, function(_, result)
    local here = vim.api.nvim_get_current_buf() == buf and vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
    local same = here and vim.api.nvim_get_current_line() == query and vim.api.nvim_win_get_cursor(0)[2] == column
    if result and same and #result.items > 0 then
      vim.fn.complete(text.byte(query, result.start) + 1, vim.tbl_map(menu_item, result.items))
      changed() -- a single item is put there without a menu, and without an event
    end
  end)
end

return M
