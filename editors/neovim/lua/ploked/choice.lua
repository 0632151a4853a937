---What Enter does with a model or an endpoint, unless `on_choice` says otherwise.
local M = {}

---@class ploked.Choice
---@field model string
---@field endpoint? string the whole tag, where an endpoint was chosen
---@field row ploked.SearchRow
---@field origin ploked.CursorPlace

---@class ploked.CursorPlace where the cursor was when the picker was opened
---@field buf integer
---@field win integer
---@field line integer 1-based
---@field column integer 0-based, bytes

---@return ploked.CursorPlace
function M.origin()
  local position = vim.api.nvim_win_get_cursor(0)
  return {
    buf = vim.api.nvim_get_current_buf(),
    win = vim.api.nvim_get_current_win(),
    line = position[1],
    column = position[2],
  }
end

---The quoted string of a line that the cursor is in.
---@param line string
---@param column integer 0-based, bytes
---@return integer|nil first byte between the quotes, 1-based
---@return integer|nil last byte between the quotes
function M.string_at(line, column)
  local from = 1
  while true do
    local open, quote = line:match('()(["\'])', from)
    local close = open and line:find(quote, open + 1, true)
    if not close then
      return nil
    elseif column + 1 >= open and column + 1 <= close then
      return open + 1, close - 1
    end
    from = close + 1
  end
end

---The text of the string under the cursor when it looks like a model id.
---@return string|nil
function M.model_under_cursor()
  local line = vim.api.nvim_get_current_line()
  local first, last = M.string_at(line, vim.api.nvim_win_get_cursor(0)[2])
  local text = first and line:sub(first, last) or ''
  return text:match('^[~@]?[^%s/]+/[^%s]+$')
end

---@param origin ploked.CursorPlace
---@return integer|nil first as for string_at
---@return integer|nil last
local function toml_string(origin)
  local buf = origin.buf
  if vim.api.nvim_buf_is_valid(buf) and vim.bo[buf].filetype == 'toml' and vim.bo[buf].modifiable then
    local line = vim.api.nvim_buf_get_lines(buf, origin.line - 1, origin.line, false)[1] or ''
    return M.string_at(line, origin.column)
  end
end

---Put the id (or the tag) into the TOML string that the cursor was in; elsewhere copy it.
---@param choice ploked.Choice
function M.insert_or_copy(choice)
  local chosen, origin = choice.endpoint or choice.model, choice.origin
  local first, last = toml_string(origin)
  if first then
    vim.api.nvim_buf_set_text(origin.buf, origin.line - 1, first - 1, origin.line - 1, last, { chosen })
    return
  end
  vim.fn.setreg('"', chosen)
  require('ploked.ui').say(chosen .. ' copied')
end

return M
