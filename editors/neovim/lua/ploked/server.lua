---The server: started on demand, attached to TOML buffers, started again after a crash.
---It tells of itself through `events`: `ready`, `lost` (it ended) and `restarted` (after a crash).
local config = require('ploked.config')
local events = require('ploked.events')
local ui = require('ploked.ui')

local M = {}

local NAME = 'ploked'
local CRASHES = 3 -- so many within CRASH_WINDOW_S, and it is not started again by itself
local CRASH_WINDOW_S = 60

local id ---@type integer|nil the client, from its start to its end
local ready = false -- whether `initialize` has been answered
local crashes = {} ---@type integer[] when, in seconds
local attached = {} ---@type table<integer, true> buffers
local told_missing = false

local function log_path()
  return vim.lsp.log and vim.lsp.log.get_filename and vim.lsp.log.get_filename() or vim.lsp.get_log_path()
end

---@return string|nil why the server cannot be started, and what to do
function M.missing()
  local command = config.get().cmd[1] or ''
  if vim.fn.executable(command) == 1 then
    return nil
  end
  return ("'%s' is not an executable on $PATH. Install ploked (pip install ploked), or name it: "):format(command)
    .. "require('ploked').setup({ cmd = { '/path/to/ploked', 'connect' } })"
end

---Start the server unless it runs.
---@return integer|nil client
---@return string|nil why not
function M.start()
  if id then
    return id
  end
  local why = M.missing()
  if why then
    return nil, why
  end
  local start = vim.fn.has('nvim-0.11') == 1 and vim.lsp.start or vim.lsp.start_client
  id = start(M.lsp_config(), { attach = false })
  if not id then
    return nil, ('the server did not start (%s). Its log: %s'):format(config.get().cmd[1], log_path())
  end
  local client = vim.lsp.get_client_by_id(id) -- `vim.lsp.enable` may have started it before
  ready = ready or (client ~= nil and client.initialized == true)
  return id
end

---@return boolean whether the user lets Neovim itself start the server, with `vim.lsp.enable`
local function enabled()
  if vim.lsp.is_enabled then
    return vim.lsp.is_enabled(NAME)
  end
  return vim.lsp._enabled_configs ~= nil and vim.lsp._enabled_configs[NAME] ~= nil
end

---Attach the server to a buffer, starting it where needed. A missing server is told of once.
---@param buf integer
function M.attach(buf)
  if not config.get().auto_start or enabled() or vim.bo[buf].buftype ~= '' then
    return
  end
  local client, why = M.start()
  if client then
    vim.lsp.buf_attach_client(buf, client)
  elseif not told_missing then
    told_missing = true
    ui.say(why, vim.log.levels.WARN)
  end
end

---@return boolean whether it was too often lately to go on
local function count_crash()
  local now = os.time()
  crashes = vim.tbl_filter(function(at)
    return now - at < CRASH_WINDOW_S
  end, crashes)
  table.insert(crashes, now)
  return #crashes > CRASHES
end

local function restart()
  local client, why = M.start()
  if not client then
    return ui.say(why, vim.log.levels.ERROR)
  end
  events.emit('restarted')
end

---Whether the server went because somebody asked it to: Neovim on its way out, or a stop by hand.
local function asked_to_go(code, signal)
  return vim.v.exiting ~= vim.NIL or (code == 0 and (signal == 0 or signal == 15))
end

local function describe_exit(code, signal, again)
  local how = signal ~= 0 and ('signal %d'):format(signal) or ('exit code %d'):format(code)
  local next_step = again and 'It has been started again.' or 'It is not started again by itself: :Ploked status does.'
  return ('the server ended (%s). %s Its log: %s'):format(how, next_step, log_path())
end

---@param code integer
---@param signal integer
---@param client integer
local function on_exit(code, signal, client)
  if id and id ~= client then
    return
  end
  local crashed = not asked_to_go(code, signal)
  local again = crashed and ready and not count_crash()
  id, ready = nil, false
  events.emit('lost')
  if crashed then
    ui.say(describe_exit(code, signal, again), vim.log.levels.WARN)
  end
  if again then
    restart()
  end
end

---@param buf integer
---@return boolean
local function wants_attaching(buf)
  local ours = config.get().auto_start and vim.bo[buf].filetype == 'toml' and vim.bo[buf].buftype == ''
  return vim.api.nvim_buf_is_loaded(buf) and (attached[buf] or ours)
end

---Attach to the buffers that had the server before it crashed, and to those opened before the plugin was loaded.
local function attach_open_buffers()
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if wants_attaching(buf) then
      vim.lsp.buf_attach_client(buf, id)
    end
  end
end

local function on_init(client)
  vim.schedule(function() -- only then is it in Neovim's table of clients
    id, ready = client.id, true
    attach_open_buffers()
    events.emit('ready')
  end)
end

local function on_attach(_, buf)
  attached[buf] = true
  if vim.bo[buf].omnifunc == '' then -- Neovim sets it itself from 0.8 on
    vim.bo[buf].omnifunc = 'v:lua.vim.lsp.omnifunc'
  end
end

---The client as Neovim's LSP wants it; `lsp/ploked.lua` gives it to `vim.lsp.enable`.
---@return table
function M.lsp_config()
  local options = config.get()
  return {
    name = NAME,
    cmd = options.cmd,
    cmd_env = options.env,
    filetypes = { 'toml' },
    on_init = on_init,
    on_attach = on_attach,
    on_exit = vim.schedule_wrap(on_exit),
  }
end

---@return boolean whether it runs and has answered `initialize`
function M.is_ready()
  return ready
end

---@return table|nil client Neovim's own
function M.client()
  return id and vim.lsp.get_client_by_id(id)
end

return M
