---Lines made of highlighted chunks, and columns of them. Nothing here touches a window.
local M = {}

---@alias ploked.Chunk { [1]: string, [2]: string? } text, highlight group
---@alias ploked.Line ploked.Chunk[]

---@class ploked.Cell
---@field [1] string
---@field [2]? string highlight group
---@field right? boolean align to the right, as numbers are
---@field price? boolean whether it is a price
---@field matches? ploked.Match[] what to set apart: from byte, to byte, the end not included

---@class ploked.Match
---@field [1] integer byte, 0-based
---@field [2] integer byte, not included
---@field [3]? string highlight group; default: what was found

M.GAP = '  ' -- between columns

local LEAST_WIDTH = 20 -- of what is wrapped, however narrow the window
local HANGING = 10 -- how far the lines behind the first are indented at most

---How many screen cells `text` takes. (The question is asked of Vim only where it can matter: it costs.)
---@param text string
---@return integer
function M.width(text)
  return text:find('[\128-\255\t]') and vim.fn.strdisplaywidth(text) or #text
end

---`text` cut to `width` cells, with an ellipsis where something is missing.
---@param text string
---@param width integer
---@return string
function M.cut(text, width)
  if M.width(text) <= width then
    return text
  end
  local kept = vim.fn.strcharpart(text, 0, width - 1)
  while M.width(kept) > width - 1 do -- wide characters
    kept = vim.fn.strcharpart(kept, 0, vim.fn.strchars(kept) - 1)
  end
  return kept .. '…'
end

---The byte at which a code point of `text` begins; the end of the text where it has fewer of them.
---@param text string
---@param index integer 0-based
---@return integer 0-based
function M.byte(text, index)
  if not text:find('[\128-\255]') then
    return math.min(index, #text)
  end
  local known, found = pcall(vim.str_byteindex, text, index)
  return known and found or #text
end

---`text` in one line: upstream text may hold anything.
---@param text string
---@return string
function M.one_line(text)
  return vim.trim((text:gsub('%s+', ' ')))
end

---`text` broken into lines of at most `width` cells, at spaces where there are any.
---@param text string
---@param width integer
---@param first? integer the width of the first line, where that is another
---@return string[]
function M.wrap(text, width, first)
  local lines, line = {}, ''
  for word in text:gmatch('%S+') do
    local room = #lines == 0 and first or width
    if line ~= '' and M.width(line) + 1 + M.width(word) > room then
      table.insert(lines, line)
      line = word
    else
      line = line == '' and word or line .. ' ' .. word
    end
  end
  table.insert(lines, line)
  return lines
end

---Add the lines of a text broken to the width, behind a mark.
---@param mark ploked.Chunk
---@param said string
---@param width integer
---@param add fun(line: ploked.Line, target: any)
---@param target? any handed to `add` with each line
---@param highlight? string of the text
function M.hanging(mark, said, width, add, target, highlight)
  local taken = M.width(mark[1])
  local indent = math.min(taken, HANGING)
  local room = { math.max(LEAST_WIDTH, width - taken - 1), math.max(LEAST_WIDTH, width - indent - 1) }
  for at, part in ipairs(M.wrap(M.one_line(said), room[2], room[1])) do
    add({ at == 1 and mark or { (' '):rep(indent) }, { part, highlight } }, target)
  end
end

---How wide each column gets.
---@param rows ploked.Cell[][]
---@param limits table<integer, integer> the widest a column may get, by its number
---@return integer[] the width of each column
function M.widths(rows, limits)
  local found = {}
  for _, row in ipairs(rows) do
    for at, cell in ipairs(row) do
      found[at] = math.max(found[at] or 0, math.min(M.width(cell[1]), limits[at] or math.huge))
    end
  end
  return found
end

---A text as chunks: what is set apart in it, and the rest.
---@param text string
---@param highlight? string
---@param matches ploked.Match[]
---@return ploked.Chunk[]
local function marked(text, highlight, matches)
  local chunks, from = {}, 0
  for _, match in ipairs(matches) do
    local first, last = math.max(match[1], from), math.min(match[2], #text) -- what is cut off is not marked
    if first < last then
      table.insert(chunks, { text:sub(from + 1, first), highlight })
      table.insert(chunks, { text:sub(first + 1, last), match[3] or 'PlokedMatch' })
      from = last
    end
  end
  table.insert(chunks, { text:sub(from + 1), highlight })
  return chunks
end

---@param cell ploked.Cell
---@param width integer
---@return ploked.Chunk[]
local function fill(cell, width)
  local text = M.cut(cell[1], width)
  local blank = (' '):rep(width - M.width(text))
  if cell.matches then
    return vim.list_extend(marked(text, cell[2], cell.matches), { { blank } })
  end
  return { { cell.right and blank .. text or text .. blank, cell[2] } }
end

---Rows of cells as aligned lines.
---@param rows ploked.Cell[][]
---@param limits? table<integer, integer> the widest a column may get, by its number
---@return ploked.Line[]
function M.columns(rows, limits)
  local wide = M.widths(rows, limits or {})
  return vim.tbl_map(function(row)
    local line = {}
    for at, cell in ipairs(row) do
      vim.list_extend(line, fill(cell, wide[at]))
      table.insert(line, { at < #row and M.GAP or '' })
    end
    return line
  end, rows)
end

---The text of a line, without blanks at its end. A buffer takes no line breaks: upstream text may hold some.
---@param line ploked.Line
---@return string
function M.plain(line)
  local parts = vim.tbl_map(function(chunk)
    return chunk[1]
  end, line)
  return (table.concat(parts):gsub('[\r\n]', ' '):gsub('%s+$', ''))
end

local is_list = vim.islist or vim.tbl_islist -- the latter up to 0.9

---@param value any
---@return string json on one line; Neovim's encoder writes every slash as `\/`
function M.compact(value)
  return (vim.json.encode(value):gsub('\\/', '/'))
end

---`value` as JSON over several lines. Keys are sorted, those named in `first` before all others.
---@param value any
---@param first? string[]
---@return string
function M.json(value, first)
  local order = {}
  for at, key in ipairs(first or {}) do
    order[key] = ('%03d'):format(at)
  end
  local function write(item, indent)
    if type(item) ~= 'table' or next(item) == nil then
      return M.compact(item)
    end
    local inner, parts = indent .. '  ', {}
    if is_list(item) then
      for _, entry in ipairs(item) do
        table.insert(parts, inner .. write(entry, inner))
      end
      return '[\n' .. table.concat(parts, ',\n') .. '\n' .. indent .. ']'
    end
    local keys = vim.tbl_keys(item)
    table.sort(keys, function(a, b)
      return (order[a] or a) < (order[b] or b)
    end)
    for _, key in ipairs(keys) do
      table.insert(parts, inner .. M.compact(key) .. ': ' .. write(item[key], inner))
    end
    return '{\n' .. table.concat(parts, ',\n') .. '\n' .. indent .. '}'
  end
  return write(value, '')
end

return M
