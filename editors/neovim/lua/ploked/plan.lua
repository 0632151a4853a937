---The route plan of a model: who qualifies, why each other endpoint does not, and the exact request.
local client = require('ploked.client')
local endpoints = require('ploked.endpoints')
local facts = require('ploked.facts')
local keys = require('ploked.keys')
local next_run = require('ploked.next_run')
local text = require('ploked.text')
local ui = require('ploked.ui')

local M = {}

---@class ploked.PlanView
---@field model string
---@field buf integer
---@field asked integer the number of the last request: answers to earlier ones are stale
---@field plan? ploked.RoutePlan
---@field at table<integer, ploked.EndpointRecord> the endpoint of a line, 1-based

local REQUEST_KEYS = { 'model', 'messages', 'role', 'content', 'provider' }

---@param origin? ploked.Origin where a value comes from
---@return string such as `config.toml:12`
local function place(origin)
  if not origin then
    return ''
  end
  local profile = origin.profile and (' profile %s'):format(origin.profile) or ''
  local file = origin.file and ('%s:%d'):format(vim.fn.fnamemodify(origin.file, ':t'), origin.line or 1)
  return origin.layer .. profile .. (file and ', ' .. file or '')
end

---@param profile ploked.ResolvedProfile
---@return ploked.Line[]
local function profile_lines(profile)
  local lines, rows = { { { 'Profile ', 'PlokedHeader' }, { profile.name, 'PlokedModel' } } }, {}
  local names = vim.tbl_keys(profile.params)
  table.sort(names)
  for _, name in ipairs(names) do
    local value = { text.compact(profile.params[name]), 'PlokedContext' }
    table.insert(rows, { { '  ' .. name, 'PlokedKey' }, value, { place(profile.origins[name]), 'PlokedNote' } })
  end
  return vim.list_extend(lines, text.columns(rows))
end

---@param view ploked.PlanView
---@param add fun(line: ploked.Line, endpoint?: ploked.EndpointRecord)
local function add_endpoints(view, add)
  local plan, rows = view.plan, { endpoints.HEADER }
  for _, endpoint in ipairs(plan.endpoints) do
    table.insert(rows, endpoints.cells(endpoint))
  end
  for _, exclusion in ipairs(plan.excluded) do
    table.insert(rows, endpoints.cells(exclusion.endpoint, 'PlokedExcluded'))
  end
  local lines = vim.tbl_map(function(line)
    return vim.list_extend({ { '  ' } }, line)
  end, text.columns(rows))
  add({})
  add({ { ('Eligible (%d)'):format(#plan.endpoints), 'PlokedHeader' } })
  add(lines[1])
  for at, endpoint in ipairs(plan.endpoints) do
    add(lines[at + 1], endpoint)
  end
  if #plan.excluded == 0 then
    return
  end
  add({})
  add({ { ('Excluded (%d)'):format(#plan.excluded), 'PlokedHeader' } })
  for at, exclusion in ipairs(plan.excluded) do
    add(lines[#plan.endpoints + at + 1], exclusion.endpoint)
    for _, reason in ipairs(exclusion.reasons) do
      local line = { { '      ' .. reason.code .. ': ', 'PlokedReason' }, { reason.message, 'PlokedExcluded' } }
      add(line, exclusion.endpoint)
    end
  end
end

---@param plan ploked.RoutePlan
---@return ploked.Line[]
local function advice_lines(plan)
  local lines = {}
  if plan.message then
    table.insert(lines, { { plan.message, 'PlokedReason' } })
  end
  for _, change in ipairs(plan.nothingLeft and plan.nothingLeft.loosen or {}) do
    table.insert(lines, { { '  to loosen: ' .. change, 'PlokedNote' } })
  end
  return lines
end

---@param plan ploked.RoutePlan
---@return ploked.Line[]
local function request_lines(plan)
  if not plan.request then
    return { {}, { { 'No request: no endpoint is left.', 'PlokedError' } } }
  end
  local lines = { {}, { { 'Request', 'PlokedHeader' } } }
  for _, line in ipairs(vim.split(text.json(plan.request, REQUEST_KEYS), '\n')) do
    table.insert(lines, { { line } })
  end
  return lines
end

---@param view ploked.PlanView
local function draw(view)
  local lines, plan = {}, view.plan
  view.at = {}
  local function add(line, endpoint)
    table.insert(lines, line)
    view.at[#lines] = endpoint
  end
  local age, highlight = facts.freshness(plan.freshness)
  add({ { 'Route plan of ', 'PlokedHeader' }, { plan.model, 'PlokedModel' }, { '   ' .. age, highlight } })
  vim.list_extend(lines, profile_lines(plan.profile))
  vim.list_extend(lines, advice_lines(plan))
  add_endpoints(view, add)
  vim.list_extend(lines, request_lines(plan))
  ui.render(view.buf, lines)
end

---@param view ploked.PlanView
local function ask(view)
  view.asked = view.asked + 1
  local mine = view.asked
  client.request('routePlan', next_run.call(view.model), function(err, plan)
    if mine ~= view.asked or not vim.api.nvim_buf_is_valid(view.buf) then
      return
    elseif err then
      return ui.render(view.buf, { { { ui.error_text(err), 'PlokedError' } } })
    end
    view.plan = plan
    draw(view)
  end)
end

---@param view ploked.PlanView
local function inspect(view)
  local endpoint = view.at[vim.api.nvim_win_get_cursor(0)[1]]
  if endpoint then
    require('ploked.inspect').open(endpoint.key.tag, endpoint)
  end
end

---@param view ploked.PlanView
local function run(view)
  require('ploked.sweep').run(view.model)
end

---@param view ploked.PlanView
local function sweep(view)
  require('ploked.sweep').form(view.model)
end

---@param view ploked.PlanView
local function profile(view)
  require('ploked.profiles').choose(view.model, function()
    ask(view)
  end)
end

local ACTIONS = {
  { 'run', 'ask for a prompt and send it to each eligible endpoint', run },
  { 'sweep', 'sweep parameters', sweep },
  { 'inspect', 'show all facts of the endpoint', inspect },
  { 'profile', 'choose the profile, or set parameters for the next run', profile },
  { 'close', 'close', ui.leave },
}

---Open the route plan of a model in a split. It follows config.toml and the catalog.
---@param model string
function M.open(model)
  local buf = ui.split('ploked://plan/' .. model)
  local view = { model = model, buf = buf, asked = 0, at = {} }
  ui.render(buf, { { { ('planning %s…'):format(model), 'PlokedNote' } } })
  keys.bind(buf, ACTIONS, view)
  local function again()
    ask(view)
  end
  local stop = {
    client.on('ploked/preferencesChanged', again),
    client.on('restarted', again),
    client.on('ploked/catalogChanged', function(params)
      if params.refreshed.outcome == 'updated' and params.refreshed.kind ~= 'providers' then
        again()
      end
    end),
  }
  ui.on_wipeout(buf, function()
    for _, each in ipairs(stop) do
      each()
    end
  end)
  ask(view)
end

return M
