---Where a value of config.toml comes from: said in words, and gone to.
local M = {}

---@param origin? ploked.Origin
---@return string such as `config.toml:12`; empty where there is no file
function M.file(origin)
  if not (origin and origin.file) then
    return ''
  end
  return ('%s:%d'):format(vim.fn.fnamemodify(origin.file, ':t'), origin.line or 1)
end

---@param said string
---@param place? ploked.Origin
---@return string such as `… (config.toml:12)`
function M.mention(said, place)
  local file = M.file(place)
  return file == '' and said or ('%s (%s)'):format(said, file)
end

---@param origin? ploked.Origin
---@return string such as `global profile balanced, config.toml:12`
function M.describe(origin)
  if not origin then
    return ''
  end
  local profile = origin.profile and (' profile %s'):format(origin.profile) or ''
  local file = M.file(origin)
  return origin.layer .. profile .. (file ~= '' and ', ' .. file or '')
end

---@param buf integer
---@return integer|nil window that is no float and holds no view of ours
local function window_for(buf)
  local showing = vim.fn.bufwinid(buf)
  if showing > 0 then
    return showing
  end
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    local float = vim.api.nvim_win_get_config(win).relative ~= ''
    if not float and vim.bo[vim.api.nvim_win_get_buf(win)].buftype == '' then
      return win
    end
  end
end

---Go to the line of config.toml, in a window that shows files.
---@param origin? ploked.Origin
function M.go(origin)
  if not (origin and origin.file) then
    return require('ploked.ui').say('this comes from no line of config.toml')
  end
  local buf = vim.fn.bufadd(origin.file)
  vim.bo[buf].buflisted = true
  local win = window_for(buf)
  if win then
    vim.api.nvim_set_current_win(win)
  else
    vim.cmd('topleft split')
  end
  vim.cmd(("normal! m'"))
  vim.cmd(('buffer %d'):format(buf))
  local line = math.min(origin.line or 1, vim.api.nvim_buf_line_count(buf))
  vim.api.nvim_win_set_cursor(0, { line, 0 })
end

return M
