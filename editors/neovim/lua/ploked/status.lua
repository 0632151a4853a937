---What the server says about itself.
local client = require('ploked.client')
local facts = require('ploked.facts')
local text = require('ploked.text')
local ui = require('ploked.ui')

local M = {}

local sources = {
  environment = 'from OPENROUTER_API_KEY in the environment of the server',
  keyring = 'from the keyring',
  file = 'from the file of `ploked keys`',
}

---@param status ploked.StatusResult
---@return ploked.Cell[][]
local function rows_of(status)
  local catalog, loaded = status.catalog, status.config
  local age, highlight = facts.freshness(catalog.freshness)
  local held = ('%d models, %d endpoints, %d providers'):format(catalog.models, catalog.endpoints, catalog.providers)
  local rows = {
    { { 'server' }, { ('ploked %s, protocol %s'):format(status.version, status.protocol) } },
    { { 'process' }, { ('%d, up %s'):format(status.pid, facts.duration(status.uptimeS)) } },
    { { 'catalog' }, { held } },
    { { 'age' }, { age, highlight } },
    { { 'upstream' }, { catalog.upstream } },
    { { 'key' }, { status.keySource and sources[status.keySource] or 'none: sweeps need one, see `ploked keys`' } },
    { { 'sweeps' }, { ('%d running'):format(status.runningSweeps) } },
    { { 'config' }, { ('%s (%s)'):format(loaded.path, loaded.state) } },
  }
  if catalog.freshness.error then
    table.insert(rows, 5, { { '' }, { catalog.freshness.error, 'PlokedStale' } })
  end
  if status.keyProblem then
    table.insert(rows, { { '' }, { status.keyProblem, 'PlokedReason' } })
  end
  if loaded.message then
    table.insert(rows, { { '' }, { loaded.message } })
  end
  for _, problem in ipairs(loaded.problems) do
    table.insert(rows, { { '' }, { ('line %d: %s'):format(problem.line, problem.message), 'PlokedReason' } })
  end
  return rows
end

---@param status ploked.StatusResult
---@return ploked.Line[]
function M.lines(status)
  local rows = rows_of(status)
  for _, row in ipairs(rows) do
    row[1][2] = 'PlokedKey'
  end
  return text.columns(rows)
end

---Show it in a float.
function M.open()
  client.request('status', {}, function(err, status)
    if err then
      return ui.say_error(err)
    end
    ui.show('ploked', M.lines(status))
  end)
end

return M
