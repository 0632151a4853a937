---The route plan of a model: who qualifies, why each other endpoint does not, and the exact request.
local client = require('ploked.client')
local keys = require('ploked.keys')
local origins = require('ploked.origins')
local plan_lines = require('ploked.plan_lines')
local relax = require('ploked.relax')
local ui = require('ploked.ui')
local what_if = require('ploked.what_if')

local M = {}

---@class ploked.PlanView
---@field model string
---@field buf integer
---@field asked integer the number of the last request: answers to earlier ones are stale
---@field plan? ploked.RoutePlan nil while the one shown is out of date
---@field sizes table tokens of the prompt and the answer that costs are worked out for
---@field at table<integer, ploked.PlanTarget> what a line is about, 1-based

---Draw the plan; the cursor stays on its line.
---@param view ploked.PlanView
---@param unsaved boolean
local function draw(view, unsaved)
  local win = vim.fn.bufwinid(view.buf)
  local width = win > 0 and vim.api.nvim_win_get_width(win) or vim.o.columns
  local lines, at = plan_lines.build(view.plan, unsaved, width)
  view.at = at
  ui.render(view.buf, lines)
end

---@param view ploked.PlanView
local function ask(view)
  view.asked = view.asked + 1
  local mine, call = view.asked, what_if.call(view.model, view.sizes)
  client.request('routePlan', call, function(err, plan)
    if mine ~= view.asked or not vim.api.nvim_buf_is_valid(view.buf) then
      return
    end
    view.plan = plan
    if err then
      view.at = {}
      return ui.render(view.buf, { { { ui.error_text(err), 'PlokedError' } } })
    end
    draw(view, call.configText ~= nil)
  end)
end

---@param view ploked.PlanView
---@return ploked.PlanTarget what the line of the cursor is about
local function target(view)
  return view.at[vim.api.nvim_win_get_cursor(0)[1]] or {}
end

---@param view ploked.PlanView
local function inspect(view)
  local endpoint = target(view).endpoint
  if endpoint then
    require('ploked.inspect').endpoint(endpoint, view.plan)
  end
end

---@param view ploked.PlanView
local function origin(view)
  origins.go(target(view).place)
end

---@param view ploked.PlanView
---@param relaxation? ploked.Relaxation
local function apply(view, relaxation)
  if not view.plan then
    return -- one is being made: the numbers on the screen are of the plan before it
  elseif not relaxation then
    return ui.say('there is no such relaxation to apply')
  end
  view.plan = nil
  relax.apply(relaxation, function()
    ask(view)
  end)
end

---@param view ploked.PlanView
local function first_relaxation(view)
  apply(view, relax.first(view.plan))
end

---Map `1` to `9`.
---@param view ploked.PlanView
local function map_numbers(view)
  for number = 1, 9 do
    keys.map(view.buf, tostring(number), function()
      apply(view, view.plan and view.plan.relaxations and view.plan.relaxations[number])
    end, 'apply this relaxation')
  end
end

---@param typed string such as `8K 500`
---@return table|nil sizes
local function read_sizes(typed)
  local names, sizes = { 'promptTokens', 'outputTokens', 'cachedTokens' }, {}
  for word in typed:gmatch('%S+') do
    local number, unit = word:match('^(%d+%.?%d*)([kKmM]?)$')
    local name = table.remove(names, 1)
    if not (number and name) then
      return nil
    end
    sizes[name] = math.floor(tonumber(number) * (({ k = 1e3, m = 1e6 })[unit:lower()] or 1))
  end
  return sizes
end

---@param view ploked.PlanView
local function cost(view)
  vim.ui.input({ prompt = 'Tokens of the prompt [of the answer [from the cache]]: ' }, function(typed)
    local sizes = typed and read_sizes(typed)
    if sizes then
      view.sizes = sizes
      ask(view)
    elseif typed then
      ui.say(('%q is no number of tokens: write 8000 500, or 8K 0.5K'):format(typed), vim.log.levels.ERROR)
    end
  end)
end

---Copy the request as a command. The key is left to the environment.
---@param view ploked.PlanView
local function curl(view)
  local call = what_if.call(view.model, vim.tbl_extend('force', { asCurl = true }, view.sizes))
  client.request('routePlan', call, function(err, plan)
    if err then
      return ui.say_error(err)
    elseif not plan.curl then
      return ui.say(plan.message or 'there is no request to copy: no endpoint is left')
    end
    vim.fn.setreg('"', plan.curl)
    ui.say('the request copied as a curl command')
  end)
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
  { 'relax', 'apply the first relaxation; 1 to 9 apply theirs', first_relaxation },
  { 'cost', 'say what it costs: asks for the size of the prompt', cost },
  { 'origin', 'go to the preference behind the line', origin },
  { 'copy', 'copy the request as a curl command', curl },
  { 'run', 'ask for a prompt and send it to each eligible endpoint', run },
  { 'sweep', 'sweep parameters', sweep },
  { 'inspect', 'show all facts of the endpoint', inspect },
  { 'profile', 'choose the profile, or set parameters for the next run', profile },
  { 'close', 'close', ui.leave },
}

---@param again fun() what to do when the plan may be out of date
---@return (fun())[] stop
local function listen(again)
  return {
    client.on('ploked/preferencesChanged', again),
    client.on('configEdited', again),
    client.on('restarted', again),
    client.on('ploked/catalogChanged', function(params)
      if params.refreshed.outcome == 'updated' and params.refreshed.kind ~= 'providers' then
        again()
      end
    end),
  }
end

---Open the route plan of a model in a split. It follows config.toml, saved or not, and the catalog.
---@param model string
function M.open(model)
  local buf = ui.split('ploked://plan/' .. model)
  local view = { model = model, buf = buf, asked = 0, at = {}, sizes = {} }
  ui.render(buf, { { { ('planning %s…'):format(model), 'PlokedNote' } } })
  keys.bind(buf, ACTIONS, view)
  map_numbers(view)
  local stop = listen(function()
    ask(view)
  end)
  ui.on_wipeout(buf, function()
    for _, each in ipairs(stop) do
      each()
    end
  end)
  ask(view)
end

return M
