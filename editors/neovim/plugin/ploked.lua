-- Cheap on purpose: one command, the <Plug> maps and one autocommand. Everything else is loaded when it is first used.
if vim.g.loaded_ploked then
  return
end
vim.g.loaded_ploked = 1

vim.api.nvim_create_user_command('Ploked', function(args)
  require('ploked.command').run(args.fargs)
end, {
  nargs = '*',
  desc = 'Language models: search, endpoints, plan, diff, sweep, refresh, status',
  complete = function(lead, line)
    return require('ploked.command').complete(lead, line)
  end,
})

for _, name in ipairs({ 'search', 'endpoints', 'plan', 'diff', 'sweep', 'refresh', 'status' }) do
  vim.keymap.set('n', '<Plug>(ploked-' .. name .. ')', function()
    require('ploked.command').run({ name })
  end, { desc = 'ploked: ' .. name })
end

vim.api.nvim_create_autocmd('FileType', {
  group = vim.api.nvim_create_augroup('ploked', {}),
  pattern = 'toml',
  desc = 'ploked: attach the server to TOML buffers',
  callback = function(event)
    require('ploked.server').attach(event.buf)
  end,
})
