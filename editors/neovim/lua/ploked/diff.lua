---What the unsaved changes of config.toml do to each model that it names.
local client = require('ploked.client')
local facts = require('ploked.facts')
local text = require('ploked.text')
local ui = require('ploked.ui')
local what_if = require('ploked.what_if')

local M = {}

---@param lowest? string
---@param highest? string
---@return string such as `$0.2 to $0.4`
local function span(lowest, highest)
  if not lowest or lowest == highest then
    return facts.money(lowest)
  end
  return ('%s to %s'):format(facts.money(lowest), facts.money(highest))
end

---@param before string
---@param after string
---@return string
local function change(before, after)
  return before == after and after or ('%s → %s'):format(before, after)
end

---@param model ploked.ModelDiff
---@return string
local function prices(model)
  local before, after = model.before, model.after
  local prompt = change(
    span(before.lowestPromptPer1m, before.highestPromptPer1m),
    span(after.lowestPromptPer1m, after.highestPromptPer1m)
  )
  local completion = change(
    span(before.lowestCompletionPer1m, before.highestCompletionPer1m),
    span(after.lowestCompletionPer1m, after.highestCompletionPer1m)
  )
  return ('per 1M: %s in, %s out'):format(prompt, completion)
end

---@param summary ploked.PlanSummary
---@return string such as `3/12`
local function count(summary)
  return ('%d/%d'):format(summary.eligible, summary.total)
end

---@param lines ploked.Line[]
---@param mark string
---@param keys ploked.EndpointKey[]
---@param highlight string
local function add_tags(lines, mark, keys, highlight)
  for _, key in ipairs(keys) do
    table.insert(lines, { { ('    %s %s'):format(mark, key.tag), highlight } })
  end
end

---@param lines ploked.Line[]
---@param model ploked.ModelDiff
local function add_model(lines, model)
  local head = { { model.model, model.changed and 'PlokedModel' or 'PlokedNote' } }
  table.insert(lines, head)
  if model.known ~= false then
    local counts = change(count(model.before), count(model.after))
    table.insert(head, { ('  %s endpoints qualify'):format(counts), 'PlokedContext' })
    table.insert(lines, { { '    ' .. prices(model), 'PlokedPrice' } })
  end
  if model.message and #model.gained + #model.lost == 0 then
    table.insert(lines, { { '    ' .. text.one_line(model.message), 'PlokedNote' } })
  end
  add_tags(lines, '+', model.gained, 'PlokedGained')
  add_tags(lines, '-', model.lost, 'PlokedLost')
end

---@param diff ploked.PreferencesDiff
---@return ploked.Line[] the models that change first
function M.lines(diff)
  local lines = { { { diff.message, 'PlokedHeader' } } }
  for _, problem in ipairs(diff.problems) do
    table.insert(lines, { { ('line %d: %s'):format(problem.line, problem.message), 'PlokedError' } })
  end
  for _, changed in ipairs({ true, false }) do
    for _, model in ipairs(diff.models) do
      if model.changed == changed then
        add_model(lines, model)
      end
    end
  end
  return lines
end

---Show it in a float.
function M.open()
  what_if.ask(function(config_text)
    if not config_text then
      return ui.say('config.toml is not open, or has no changes that are not saved')
    end
    client.request('preferencesDiff', { configText = config_text }, function(err, diff)
      if err then
        return ui.say_error(err)
      end
      ui.show('unsaved changes of config.toml', M.lines(diff))
    end)
  end)
end

return M
