---Sweeps: the form, and the run of a single variant.
local client = require('ploked.client')
local form = require('ploked.form')
local next_run = require('ploked.next_run')
local ui = require('ploked.ui')

local M = {}

local HELP = {
  'grid = PARAMETER START STOP STEPS   one line per parameter; all are combined',
  'seeds = 1 2 3                       each variant once per seed',
  'endpoints = TAG TAG                 empty: all that are eligible',
  'per_endpoint = true                 false: one routed request per variant',
  'Enter or :w runs the sweep, q leaves it.',
}

local UNKNOWN_PROFILE = -32013

local last_prompt = ''

---@param value string words separated by blanks or commas
---@return string[]
local function words(value)
  return vim.split(value, '[%s,]+', { trimempty = true })
end

-- How the value of each field becomes a part of the params; an error is said at the field.
local READERS = {
  grid = function(params, value)
    local parameter, start, stop, steps = unpack(words(value))
    if not tonumber(steps) then
      return 'A grid is a parameter, a start, a stop and a number of steps: temperature 0.2 1.0 3'
    end
    params.grid = params.grid or {}
    -- Start and stop stay text, so that 0.2 is sent as 0.2.
    table.insert(params.grid, { parameter = parameter, start = start, stop = stop, steps = tonumber(steps) })
  end,
  seeds = function(params, value)
    params.seeds = vim.tbl_map(tonumber, words(value))
    return #params.seeds ~= #words(value) and 'Seeds are whole numbers: 1 2 3' or nil
  end,
  endpoints = function(params, value)
    params.selectedEndpoints = words(value)
  end,
  per_endpoint = function(params, value)
    params.perEndpoint = value == 'true'
    return not vim.tbl_contains({ 'true', 'false' }, value) and 'This is true or false.' or nil
  end,
  concurrency = function(params, value)
    params.concurrency = tonumber(value)
    return not params.concurrency and 'This is a number of requests.' or nil
  end,
  profile = function(params, value)
    params.profile = value
  end,
  prompt = function(params, value)
    params.prompt = value
  end,
}

---@param model string
---@param fields ploked.Field[]
---@return table|nil params
---@return string|nil error
---@return string|nil key of the field that it is about
local function read(model, fields)
  local params, seen = next_run.call(model), {}
  for _, field in ipairs(fields) do
    local reader = READERS[field.key]
    local err = not reader and ('There is no field %s.'):format(field.key) or nil
    err = err or seen[field.key] and ('There is %s already.'):format(field.key) or reader(params, field.value)
    if err then
      return nil, err, field.key
    end
    seen[field.key] = field.key ~= 'grid' or nil
  end
  return params
end

-- The field behind a part of the params, by the path in an error's data.
local FIELDS = { seeds = 'seeds', concurrency = 'concurrency', profile = 'profile', selectedEndpoints = 'endpoints' }

---@param err ploked.Error
---@return string key of the field that it is about
local function key_of(err)
  local path = err.code == UNKNOWN_PROFILE and 'profile' or err.data and err.data.path or ''
  for part, key in pairs(FIELDS) do
    if path:find(part, 1, true) then
      return key
    end
  end
  return 'grid'
end

---@param params table
---@param done fun(err: string|nil, key: string|nil)
local function launch(params, done)
  client.request('launchSweep', params, function(err, launched)
    if err then
      return done(ui.error_text(err), key_of(err))
    end
    done()
    next_run.clear(params.model)
    last_prompt = params.prompt or last_prompt
    require('ploked.results').open(params.model, launched)
  end)
end

---Open the form of a sweep.
---@param model string
function M.form(model)
  form.open({
    title = 'sweep of ' .. model,
    name = 'ploked://sweep-form/' .. model,
    help = HELP,
    fields = {
      { 'grid', 'temperature 0.2 1.0 3' },
      { 'seeds', '' },
      { 'endpoints', '' },
      { 'per_endpoint', 'true' },
      { 'concurrency', '4' },
      { 'profile', '' },
      { 'prompt', last_prompt },
    },
    submit = function(fields, done)
      local params, err, key = read(model, fields)
      if not params then
        return done(err, key)
      end
      launch(params, done)
    end,
  })
end

---Ask for a prompt and send it once to each eligible endpoint.
---@param model string
function M.run(model)
  vim.ui.input({ prompt = 'Prompt: ', default = last_prompt }, function(prompt)
    if prompt then
      launch(next_run.call(model, { prompt = prompt ~= '' and prompt or nil }), function(err)
        return err and ui.say(err, vim.log.levels.ERROR)
      end)
    end
  end)
end

return M
