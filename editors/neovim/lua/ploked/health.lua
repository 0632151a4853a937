---`:checkhealth ploked`
local client = require('ploked.client')
local config = require('ploked.config')
local facts = require('ploked.facts')
local server = require('ploked.server')

local M = {}

-- Names of the report functions up to 0.9.
local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local warn = health.warn or health.report_warn
local bad = health.error or health.report_error

local PATIENCE_MS = 15000 -- a first start gives the network three seconds, and the machine may be busy

local function check_options()
  start('ploked: options')
  local _, problems = config.check()
  for _, problem in ipairs(problems) do
    warn(problem)
  end
  if #problems == 0 then
    ok('all known')
  end
end

---@return boolean whether it is there
local function check_executable()
  start('ploked: server')
  local missing = server.missing()
  if missing then
    bad(missing)
    return false
  end
  local command = config.get().cmd[1]
  local said = vim.fn.system({ command, '--version' })
  if vim.v.shell_error ~= 0 then
    local advice = { 'Install ploked again: pip install ploked' }
    bad(('%s --version failed: %s'):format(command, vim.trim(said)), advice)
    return false
  end
  ok(('%s is %s'):format(vim.fn.exepath(command), vim.trim(said)))
  return true
end

---The answer to `status`. A health report is written at once, so that this alone waits.
---@return ploked.StatusResult|nil
local function ask_status()
  local status, failure
  client.request('status', {}, function(err, result)
    status, failure = result, err
  end)
  vim.wait(PATIENCE_MS, function()
    return status ~= nil or failure ~= nil
  end, 10)
  if not status then
    local why = failure and failure.message or ('nothing in %d s'):format(PATIENCE_MS / 1000)
    bad('The server does not answer: ' .. why)
  end
  return status
end

---@param status ploked.StatusResult
local function check_catalog(status)
  start('ploked: catalog')
  local freshness = status.catalog.freshness
  local said = ('%d models from %s'):format(status.catalog.models, facts.freshness(freshness))
  if freshness.error then
    warn(said, { freshness.error, 'Ask again with :Ploked refresh' })
  elseif freshness.stale then
    warn(said, { 'It is refreshed in the background; :Ploked refresh does it now' })
  else
    ok(said)
  end
  if status.hasKey then
    ok(('An API key was found (%s)'):format(status.keySource))
  else
    warn('There is no API key', {
      status.keyProblem or 'Sweeps need one: run `ploked keys set openrouter` in a terminal, and type it there',
    })
  end
end

---@param status ploked.StatusResult
local function check_config(status)
  start('ploked: config.toml')
  local loaded = status.config
  local said = ('%s is %s'):format(loaded.path, loaded.state)
  if loaded.state == 'loaded' or loaded.state == 'absent' then
    ok(said)
  else
    bad(said .. (loaded.message and ': ' .. loaded.message or ''))
  end
  for _, problem in ipairs(loaded.problems) do
    local report = problem.severity == 'error' and bad or warn
    report(('line %d: %s'):format(problem.line, problem.message))
  end
end

function M.check()
  check_options()
  local status = check_executable() and ask_status()
  if status then
    ok(('It runs: process %d, up %s'):format(status.pid, facts.duration(status.uptimeS)))
    check_catalog(status)
    check_config(status)
  end
end

return M
