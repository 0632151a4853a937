---Facts of the protocol as people read them. What is unknown is said to be unknown, never shown as zero.
local text = require('ploked.text')

local M = {}

local UNKNOWN = '?'

---@param tokens? integer
---@return string such as `128K` or `1M`
function M.tokens(tokens)
  if not tokens then
    return UNKNOWN
  elseif tokens >= 1e6 then
    return (('%.1f'):format(tokens / 1e6):gsub('%.0$', '')) .. 'M'
  elseif tokens >= 1000 then
    return ('%.0fK'):format(tokens / 1000)
  end
  return tostring(tokens)
end

---@param money? string a decimal string, US dollars
---@return string
function M.money(money)
  return money and '$' .. money or UNKNOWN
end

---What requests cost, to three digits: worked out, it has more of them than mean anything.
---@param money? string a decimal string, US dollars
---@return string
function M.cost(money)
  local amount = tonumber(money)
  if not amount then
    return UNKNOWN
  elseif amount == 0 then
    return '$0'
  end
  local decimals = math.max(2, 2 - math.floor(math.log10(amount)))
  return (('$%.' .. decimals .. 'f'):format(amount):gsub('(%.%d%d.-)0+$', '%1'))
end

---The price of an endpoint per thousand tokens; a star says that conditions (long prompts, hours) change it.
---@param pricing? ploked.Pricing
---@param field 'promptPer1k'|'completionPer1k'
---@return string
function M.price(pricing, field)
  if not pricing then
    return UNKNOWN
  elseif pricing.varies then
    return 'varies'
  end
  return M.money(pricing[field]) .. (#(pricing.overrides or {}) > 0 and '*' or '')
end

local MODEL_TOOLS = {
  yes = { 'tools', 'PlokedTools' },
  no = { 'no tools', 'PlokedNoTools' },
  uncertain = { 'tools?', 'PlokedUncertain' },
}

---What a model row says of tools. The model list alone never says yes: only endpoints know.
---@param support string
---@return ploked.Chunk
function M.model_tools(support)
  return MODEL_TOOLS[support] or MODEL_TOOLS.uncertain
end

---@param support? string
---@return string
function M.tools(support)
  return (support == 'yes' or support == 'no') and support or UNKNOWN
end

---@param percent? number
---@return string
function M.percent(percent)
  return percent and (('%.1f%%'):format(percent):gsub('%.0%%$', '%%')) or UNKNOWN
end

---@param share number between 0 and 1
---@return string such as `33%`
function M.share(share)
  return share > 0 and share < 0.01 and '<1%' or ('%.0f%%'):format(share * 100)
end

local STEPS = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'min' } }

---@param seconds number
---@return string such as `3 min`
function M.duration(seconds)
  for _, step in ipairs(STEPS) do
    if seconds >= step[1] then
      return ('%d %s'):format(math.floor(seconds / step[1]), step[2])
    end
  end
  return ('%d s'):format(math.floor(seconds))
end

---Where an answer is from and how old it is.
---@param freshness? ploked.Freshness
---@return string text
---@return string highlight
function M.freshness(freshness)
  if not freshness then
    return '', 'PlokedFreshness'
  end
  local age = freshness.ageS and M.duration(freshness.ageS) .. ' old' or 'never refreshed'
  local said = ('%s, %s'):format(freshness.source, age)
  if freshness.error then
    return said .. ', last refresh failed', 'PlokedStale'
  end
  return said .. (freshness.stale and ', stale' or ''), freshness.stale and 'PlokedStale' or 'PlokedFreshness'
end

---Parameters on one line, sorted by name.
---@param params? table<string, any>
---@return string such as `temperature=0.7 top_p=0.9`
function M.params(params)
  local names, parts = vim.tbl_keys(params or {}), {}
  table.sort(names)
  for _, name in ipairs(names) do
    local value = params[name]
    table.insert(parts, name .. '=' .. (type(value) == 'string' and value or text.compact(value)))
  end
  return table.concat(parts, ' ')
end

return M
