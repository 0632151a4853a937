---Notifications of the server, passed on to those who listen.
local M = {}

local listeners = {} ---@type table<string, table<function, true>>

---Call `listener` with the params of each notification of that name, until the function returned is called.
---`restarted` is our own: the server was started again after a crash.
---@param name string
---@param listener fun(params: any)
---@return fun() stop
function M.on(name, listener)
  listeners[name] = listeners[name] or {}
  listeners[name][listener] = true
  return function()
    listeners[name][listener] = nil
  end
end

---@param name string
---@param params any
function M.emit(name, params)
  for listener in pairs(vim.tbl_extend('force', {}, listeners[name] or {})) do
    listener(params)
  end
end

---JSON's null as nil, at any depth.
---@generic T
---@param value T
---@return T
function M.without_null(value)
  if type(value) ~= 'table' then
    return value
  end
  for key, item in pairs(value) do
    if item == vim.NIL then
      value[key] = nil
    else
      M.without_null(item)
    end
  end
  return value
end

local function handler(name)
  return function(_, params)
    M.emit(name, M.without_null(params))
  end
end

for _, name in ipairs({ 'preferencesChanged', 'catalogChanged', 'picksChanged', 'sweepProgress' }) do
  vim.lsp.handlers['ploked/' .. name] = handler('ploked/' .. name)
end

return M
