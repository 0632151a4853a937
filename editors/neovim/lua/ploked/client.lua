---Requests to the server, and what it tells of by itself.
---Nothing here waits: requests made before the server is ready are sent once it is.
local events = require('ploked.events')
local server = require('ploked.server')

local M = {}

M.on = events.on
M.is_ready = server.is_ready

---@class ploked.Error
---@field code? integer
---@field message string
---@field data? ploked.ErrorData

---@alias ploked.Reply fun(err: ploked.Error|nil, result: any)

local queue = {} ---@type fun()[] what to send once the server is ready
local pending = {} ---@type table<ploked.Reply, true> those not called yet

---@param method string
---@param params table
---@param answer ploked.Reply
---@return integer|nil id of the request
local function send(method, params, answer)
  local client, sent, request = server.client(), false, nil
  if client and vim.fn.has('nvim-0.11') == 1 then
    sent, request = client:request(method, params, answer)
  elseif client then
    sent, request = client.request(method, params, answer)
  end
  if not sent then
    answer({ message = 'the server is not running. :checkhealth ploked says why.' })
  end
  return sent and request or nil
end

---@param request integer
local function cancel(request)
  local client = server.client()
  if client and vim.fn.has('nvim-0.11') == 1 then
    client:cancel_request(request)
  elseif client then
    client.cancel_request(request)
  end
end

---Make a reply that is called once, however often it is answered.
---@param reply ploked.Reply
---@return ploked.Reply
local function once(reply)
  local function answer(err, result)
    if pending[answer] then
      pending[answer] = nil
      reply(events.without_null(err), events.without_null(result))
    end
  end
  pending[answer] = true
  return answer
end

---Send a request; starts the server where it does not run. `reply` is called exactly once, later; never once it has
---been cancelled.
---@param method string without `ploked/`
---@param params table
---@param reply ploked.Reply
---@return fun() cancel
function M.request(method, params, reply)
  local started, why = server.start()
  local answer, request = once(reply), nil
  local function go()
    request = pending[answer] and send('ploked/' .. method, next(params) and params or vim.empty_dict(), answer)
  end
  if not started then
    vim.schedule(function()
      answer({ message = why })
    end)
  elseif server.is_ready() then
    go()
  else
    table.insert(queue, go)
  end
  return function()
    if pending[answer] then
      pending[answer] = nil
      return request and cancel(request)
    end
  end
end

events.on('ready', function()
  local waiting = queue
  queue = {}
  for _, go in ipairs(waiting) do
    go()
  end
end)

events.on('lost', function()
  queue = {}
  for answer in pairs(vim.tbl_extend('force', {}, pending)) do
    answer({ message = 'the server ended before it answered.' })
  end
end)

return M
