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
local function send(method, params, answer)
  local client, sent = server.client(), false
  if client and vim.fn.has('nvim-0.11') == 1 then
    sent = client:request(method, params, answer)
  elseif client then
    sent = client.request(method, params, answer)
  end
  if not sent then
    answer({ message = 'the server is not running. :checkhealth ploked says why.' })
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

---Send a request; starts the server where it does not run. `reply` is called exactly once, later.
---@param method string without `ploked/`
---@param params table
---@param reply ploked.Reply
function M.request(method, params, reply)
  local started, why = server.start()
  local answer = once(reply)
  local function go()
    send('ploked/' .. method, next(params) and params or vim.empty_dict(), answer)
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
