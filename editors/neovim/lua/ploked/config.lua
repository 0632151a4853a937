---Options: the defaults, over them `vim.g.ploked`, over that `setup()`.
local M = {}

---@class ploked.Options
---@field cmd? string[] how to start the server
---@field env? table<string, string> environment of the server, beside Neovim's own
---@field auto_start? boolean attach to TOML buffers as they are opened
---@field border? string|string[] border of floating windows, as for |nvim_open_win()|
---@field limit? integer how many models one search shows
---@field keys? table<ploked.Action, string|string[]|false> keys in ploked's own windows; false for none
---@field icons? table<ploked.Icon, string>
---@field on_choice? fun(choice: ploked.Choice) what Enter does on a model or an endpoint

---@alias ploked.Icon 'expanded'|'collapsed'|'selected'|'unselected'|'best'|'favourite'|'deviation'
---@alias ploked.Action 'search'|'commit'|'expand'|'collapse'|'toggle'|'inspect'|'profile'|'profiles'|'run'
---| 'sweep'|'refresh'|'close'|'help'|'sort'|'reverse'|'cancel'|'save'|'create'|'edit'|'delete'|'relax'|'origin'
---| 'cost'|'copy'|'favourite'

local defaults = {
  cmd = { 'ploked', 'connect' },
  env = {},
  auto_start = true,
  border = 'rounded',
  limit = 200,
  keys = {
    search = '/',
    commit = '<CR>',
    expand = 'l',
    collapse = 'h',
    toggle = '<Space>',
    inspect = 'I',
    profile = 'p',
    profiles = 'P',
    run = 'r',
    sweep = 'S',
    refresh = 'R',
    close = { 'q', '<Esc>' },
    help = '?',
    sort = 's',
    reverse = 'o',
    cancel = 'x',
    save = 'w',
    create = 'a',
    edit = 'e',
    delete = 'x',
    relax = 'L',
    origin = { 'gd', '<CR>' },
    cost = 'c',
    copy = 'y',
    favourite = '*',
  },
  icons = {
    expanded = '▾',
    collapsed = '▸',
    selected = '●',
    unselected = '○',
    best = '★',
    favourite = '★',
    deviation = '≠',
  },
  on_choice = function(choice)
    require('ploked.choice').insert_or_copy(choice)
  end,
}

-- What an option may be where that is more than the type of its default.
local kinds = { border = { 'string', 'table' } }
local key_kinds = { 'string', 'table', 'boolean' }

local set_options = {} ---@type ploked.Options
local reported = '' -- the problems already shown: the same ones are not shown twice

---Merge `options` into `into` and return what is wrong with them, in words.
---@param into table
---@param options any
---@param known table the defaults at this level
---@param path string
---@return string[] problems
local function merge(into, options, known, path)
  local problems = {}
  for name, value in pairs(options) do
    local default = known[name]
    local allowed = path == 'keys.' and key_kinds or kinds[name] or { type(default) }
    if default == nil then
      local names = vim.tbl_keys(known)
      table.sort(names)
      local message = "unknown option '%s%s': the options are %s"
      table.insert(problems, message:format(path, name, table.concat(names, ', ')))
    elseif not vim.tbl_contains(allowed, type(value)) then
      local message = "option '%s%s' must be a %s, not a %s"
      table.insert(problems, message:format(path, name, table.concat(allowed, ' or '), type(value)))
    elseif name == 'keys' or name == 'icons' then
      vim.list_extend(problems, merge(into[name], value, default, name .. '.'))
    else
      into[name] = value
    end
  end
  return problems
end

---@return ploked.Options options complete
---@return string[] problems what is wrong with `vim.g.ploked` or the options given to `setup()`
function M.check()
  local options, problems = vim.deepcopy(defaults), {}
  for _, given in ipairs({ vim.g.ploked or {}, set_options }) do
    local found = type(given) == 'table' and merge(options, given, defaults, '') or { 'the options must be a table' }
    vim.list_extend(problems, found)
  end
  return options, problems
end

---The options in effect. What is wrong with them is said once.
---@return ploked.Options options complete
function M.get()
  local options, problems = M.check()
  local text = table.concat(problems, '\n')
  if text ~= reported then
    reported = text
    if text ~= '' then
      require('ploked.ui').say(text, vim.log.levels.WARN)
    end
  end
  return options
end

---@param options ploked.Options
function M.set(options)
  set_options = options
  M.get()
end

return M
